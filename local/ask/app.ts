import type { App } from '../../lib/baidu/client.ts';
import { digitsOf, isRecord, parseJson } from '../../lib/baidu/json.ts';
import { parseMerchantSecret } from '../../lib/merchant/secret.ts';
import { UsageError } from '../command/command.ts';
import { bad, type Finding } from '../doctor/finding.ts';
import { diagnoseSecret } from '../doctor/secret.ts';

/** The app that asks, and what the second generation asks for where the secret has it. */
export interface AskingApp {
  readonly app: App;
  readonly smartAppKey: string | undefined;
  readonly smartAppSecret: string | undefined;
}

/** What only the deployed service needs: before a deployment it may still be missing. */
const NOT_NEEDED: readonly string[] = ['platformPublicKey', 'apiTokens', 'dealId'];

/**
 * Reads the app that asks out of a secret, and what is to be mended in what asking takes.
 *
 * @param options.appId chooses among several apps
 * @param options.samples whether values that documentation prints will do: the sandbox has them
 * @throws UsageError where the secret holds several apps and none of them is named, or not this one
 */
export function readApp(
  text: string,
  { appId, samples }: { appId: string | undefined; samples: boolean },
): AskingApp | { readonly faults: readonly Finding[] } {
  const secret = parseJson(text);
  const chosen = isRecord(secret) && 'apps' in secret ? choose(secret['apps'], appId) : { text, secret };
  if ('faults' in chosen) return chosen;
  const fields = isRecord(chosen.secret) ? chosen.secret : {};
  const app = usable(chosen.text);
  const faults = diagnoseSecret(chosen.text, { withoutPlatformKey: true }).findings.filter(
    ({ level, subject }) => level === 'bad' && !NOT_NEEDED.includes(subject),
  );
  if (!app || (faults.length > 0 && !samples)) return { faults };
  if (appId !== undefined && app.appId !== appId) throw notHere(appId, [app.appId]);
  return {
    app,
    smartAppKey: textOf(fields['smartAppKey']),
    smartAppSecret: textOf(fields['smartAppSecret']),
  };
}

function choose(
  apps: unknown,
  appId: string | undefined,
): { text: string; secret: unknown } | { faults: Finding[] } {
  if (!Array.isArray(apps) || apps.length === 0 || !apps.every(isRecord)) {
    const text = { en: 'must be a list of apps, one at least.', zh: '必须是应用的列表，至少一个。' };
    return { faults: [bad('apps', text)] };
  }
  const ids = apps.map((each) => digitsOf(each['appId']) ?? '?');
  const index = appId === undefined && apps.length === 1 ? 0 : ids.indexOf(appId ?? '');
  const secret = apps[index];
  if (secret !== undefined) return { text: JSON.stringify(secret), secret };
  if (appId !== undefined) throw notHere(appId, ids);
  throw new UsageError({
    en: `The secret holds several apps: name one with --app (${ids.join(', ')}).`,
    zh: `secret 中有多个应用：请用 --app 指定一个（${ids.join('、')}）。`,
  });
}

function notHere(appId: string, ids: readonly string[]): UsageError {
  return new UsageError({
    en: `The secret holds no app ${appId}, but ${ids.join(', ')}.`,
    zh: `secret 中没有应用 ${appId}，只有 ${ids.join('、')}。`,
  });
}

function usable(text: string): App | undefined {
  try {
    return parseMerchantSecret(text).find(undefined);
  } catch {
    // The doctor says it in words.
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
