import { generateKeyPairSync } from 'node:crypto';
import { type ColdStart, measureColdStarts } from './cold.ts';
import { startSecrets } from './peers.ts';
import type { Check } from './report.ts';
import type { Stage } from './stage.ts';

/** As many apps as fit where each has a key of 2048 bits. */
const COUNT = 30;

/** How much longer a cold start may take with them than with one, in milliseconds. */
const MOST_MS = 15;

/** The secrets that cold starts are measured with, in turn: the app that is asked for is the last of several. */
const SECRETS = ['one', 'several', 'no deals'] as const;

/**
 * Cold starts of query and notify with one app in the secret and with several, in turn. Of these only one key is parsed at
 * init; without deals a notification may be of any, and each key before its own is parsed and tried.
 */
export async function measureApps(
  stage: Stage,
  rounds: number,
  say: (line: string) => void,
): Promise<Check[]> {
  const others = Array.from({ length: COUNT - 1 }, (_, index) => otherApp(index));
  const { dealId: _none, ...own } = stage.app;
  const several = [{ apps: [...others, stage.app] }, { apps: [...others.map(withoutDeal), own] }];
  const peers = [stage.secrets, ...(await Promise.all(several.map(startSecrets)))];
  for (const peer of [...peers, stage.queue]) peer.latencyMs = 20;
  stage.baidu.latencyMs = 30;
  const names: readonly string[] = SECRETS;
  const checks: Check[] = [];
  say(`\n| cold start, first answer, ms | 1 app | ${COUNT} apps | ${COUNT} without deals |`);
  say('|---|---:|---:|---:|');
  for (const [name, event] of [
    ['query', stage.query],
    ['notify', stage.notification()],
  ] as const) {
    const start: Stage['start'] = (secret) => {
      const url = peers[names.indexOf(secret)]?.url ?? '';
      return stage.start(name, { AWS_ENDPOINT_URL_SECRETS_MANAGER: url });
    };
    const cold = await measureColdStarts({ ...stage, start }, { bundles: SECRETS, event, rounds });
    const row = SECRETS.map((secret: (typeof SECRETS)[number]): ColdStart => cold[secret]);
    say(`| ${name} | ${row.map(({ totalMs }) => totalMs.toFixed(0)).join(' | ')} |`);
    const value = cold.several.totalMs - cold.one.totalMs;
    checks.push({ what: `${name} cold, ${COUNT} apps beside one`, value, unit: 'ms', limit: MOST_MS });
  }
  await Promise.all(peers.slice(1).map((peer) => peer.close()));
  return checks;
}

function otherApp(index: number): Record<string, unknown> {
  const [merchant, platform] = [2048, 1024].map((modulusLength) =>
    generateKeyPairSync('rsa', { modulusLength }),
  );
  const number = 20_000 + index;
  return {
    ...{ appId: String(number), appKey: `MM${number}`, dealId: String(number) },
    apiTokens: [`a-token-of-the-benchmarks-for-app-${number}`],
    privateKey: merchant?.privateKey.export({ format: 'pem', type: 'pkcs8' }),
    platformPublicKey: platform?.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  };
}

function withoutDeal({ dealId: _none, ...app }: Record<string, unknown>): Record<string, unknown> {
  return app;
}
