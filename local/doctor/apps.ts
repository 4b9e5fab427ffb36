import { ServiceError } from '../../lib/baidu/errors.ts';
import { digitsOf, isRecord, parseJson } from '../../lib/baidu/json.ts';
import { parseNotificationSecret, parseQuerySecret } from '../../lib/merchant/secret.ts';
import { bad, type Finding, good, plain } from './finding.ts';
import { diagnoseNotification } from './notification.ts';
import { diagnoseSecret, type SecretDiagnosis } from './secret.ts';
import { faultText } from './translation.ts';

/** One app of a secret, with what was found in it. */
export interface AppDiagnosis extends SecretDiagnosis {
  /** Its place in the secret: nothing where the secret is one app, else `apps[1], appId 10027`. */
  readonly place: string;
}

/** More than this, in bytes, AWS Secrets Manager does not take. */
const MOST_BYTES = 65_536;

const PARSERS = [parseQuerySecret, parseNotificationSecret];

/**
 * Examines each app of a secret by the service's own rules, and what one has that only another may have.
 *
 * @param options as `diagnoseSecret` takes them
 */
export function diagnoseApps(
  text: string,
  options: Parameters<typeof diagnoseSecret>[1] = {},
): readonly AppDiagnosis[] {
  const secret = parseJson(text);
  if (!isRecord(secret) || !Object.hasOwn(secret, 'apps')) {
    return [{ place: '', ...diagnoseSecret(text, options) }];
  }
  const { apps } = secret;
  const fault = shapeFault(text);
  if (!Array.isArray(apps) || fault) return [{ ...NOTHING, place: '', findings: fault ? [fault] : [] }];
  const size = Buffer.byteLength(text);
  return apps.map((app: unknown, index) => {
    const diagnosis = diagnoseSecret(JSON.stringify(app), options);
    const appId = isRecord(app) ? digitsOf(app['appId']) : undefined;
    const findings = [...diagnosis.findings, ...clashes(text, `apps[${index}].`, app)];
    if (index === 0 && size > MOST_BYTES) findings.unshift(tooLarge(size));
    return {
      ...diagnosis,
      findings,
      place: `apps[${index}]${appId === undefined ? '' : `, appId ${appId}`}`,
    };
  });
}

/** The same as `diagnoseNotification`, by the app that takes the notification; where none does, by all keys there are. */
export function diagnoseNotificationOf(text: string, apps: readonly AppDiagnosis[]): Finding[] {
  const [first = NOTHING, ...more] = apps;
  if (more.length === 0) return diagnoseNotification(text, first);
  const tried = apps.map((app) => ({ app, findings: diagnoseNotification(text, app) }));
  const isGood = (findings: readonly Finding[], subject: string) =>
    findings.some((each) => each.subject === subject && each.level === 'good');
  const signed = tried.filter(({ findings }) => isGood(findings, 'rsaSign'));
  const taker = signed.find(({ app, findings }) => !app.dealIds || isGood(findings, 'dealId')) ?? signed[0];
  if (taker) return [good('app', plain(taker.app.place)), ...taker.findings];
  const platformKeys = apps.flatMap((app) => app.platformKeys);
  return diagnoseNotification(text, { merchantKey: first.merchantKey, platformKeys, dealIds: undefined });
}

const NOTHING = { findings: [], merchantKey: undefined, platformKeys: [], dealIds: undefined, place: '' };

/** What is wrong with a secret of several apps as a whole. */
function shapeFault(text: string): Finding | undefined {
  try {
    parseQuerySecret(text);
  } catch (error) {
    const isOfAll = error instanceof ServiceError && error.message.startsWith('The secret’s apps must');
    return isOfAll ? bad('apps', faultText(error)) : undefined;
  }
  return undefined;
}

/** What an app has that another one has, too: what is said of it beside the others, and not of it alone. */
function clashes(text: string, place: string, app: unknown): Finding[] {
  const found = PARSERS.flatMap((parse) => {
    const among = faultsOf(() => parse(text).broken.map(({ error }) => error));
    const alone = faultsOf(() => parse(JSON.stringify({ apps: [app] })).broken.map(({ error }) => error));
    const inPlace = alone.map((message) => message.replace('apps[0].', place));
    return among.filter((message) => message.includes(`’s ${place}`) && !inPlace.includes(message));
  });
  return [...new Set(found)].map((message) => {
    const field = /^The secret’s apps\[\d+\]\.(\S+)/.exec(message)?.[1] ?? 'app';
    return bad(field, faultText(new ServiceError('CONFIGURATION_UNAVAILABLE', message)));
  });
}

function faultsOf(read: () => readonly ServiceError[]): string[] {
  try {
    return read().map(({ message }) => message);
  } catch (error) {
    return error instanceof ServiceError ? [error.message] : [];
  }
}

function tooLarge(size: number): Finding {
  return bad('apps', {
    en: `has ${size} bytes; AWS Secrets Manager takes ${MOST_BYTES}. Deploy the service twice, each with some of the apps.`,
    zh: `共 ${size} 字节，AWS Secrets Manager 最多 ${MOST_BYTES} 字节。请部署两份服务，各放一部分应用。`,
  });
}
