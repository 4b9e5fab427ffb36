import { asServiceError, type ServiceError } from '../../lib/baidu/errors.ts';
import { digitsOf, isRecord, listOf, parseJson } from '../../lib/baidu/json.ts';
import { parseNotificationSecret, parseQuerySecret } from '../../lib/merchant/secret.ts';
import { bad, type Finding, good, isGood, plain } from './finding.ts';
import { diagnoseNotification } from './notification.ts';
import { diagnoseSecret, nothingUsable, type SecretDiagnosis } from './secret.ts';
import { faultText } from './translation.ts';

/** More than this, in bytes, AWS Secrets Manager does not take. */
const MOST_BYTES = 65_536;

/**
 * Examines each app of a secret by the service's own rules, and what one has that only another may have.
 *
 * @param options as `diagnoseSecret` takes them
 */
export function diagnoseApps(text: string, options?: { withoutPlatformKey: boolean }): SecretDiagnosis[] {
  const secret = parseJson(text);
  if (!isRecord(secret) || !Object.hasOwn(secret, 'apps')) return [diagnoseSecret(text, options)];
  const faults = faultsOf(text);
  const shape = faults.find(({ message }) => message.startsWith('The secret’s apps must'));
  if (shape) return [nothingUsable(bad('apps', faultText(shape)))];
  const size = Buffer.byteLength(text);
  return listOf(secret['apps']).map((app, index) => {
    const diagnosis = diagnoseSecret(JSON.stringify(app), options);
    const place = `apps[${index}]`;
    const appId = isRecord(app) ? digitsOf(app['appId']) : undefined;
    return {
      ...diagnosis,
      findings: [
        ...(index === 0 && size > MOST_BYTES ? [tooLarge(size)] : []),
        ...diagnosis.findings,
        ...clashes(faults, place),
      ],
      place: appId === undefined ? place : `${place}, appId ${appId}`,
    };
  });
}

/** The same as `diagnoseNotification`, by the app that takes the notification; where none does, by all keys there are. */
export function diagnoseNotificationOf(text: string, apps: readonly SecretDiagnosis[]): Finding[] {
  const [first = nothingUsable(), ...more] = apps;
  if (more.length === 0) return diagnoseNotification(text, first);
  const tried = apps.map((app) => ({ app, findings: diagnoseNotification(text, app) }));
  const signed = tried.filter(({ findings }) => isGood(findings, 'rsaSign'));
  const taker = signed.find(({ app, findings }) => !app.dealIds || isGood(findings, 'dealId')) ?? signed[0];
  if (taker) return [good('app', plain(taker.app.place)), ...taker.findings];
  const platformKeys = apps.flatMap((app) => app.platformKeys);
  return diagnoseNotification(text, { ...nothingUsable(), merchantKey: first.merchantKey, platformKeys });
}

/** What the service says of a secret as a whole, once each. */
function faultsOf(text: string): ServiceError[] {
  const faults = [parseQuerySecret, parseNotificationSecret].flatMap((parse) => {
    try {
      return parse(text).broken.map(({ error }) => error);
    } catch (error) {
      return [asServiceError(error)];
    }
  });
  return [...new Map(faults.map((fault) => [fault.message, fault])).values()];
}

/** What an app has that another one has, too. */
function clashes(faults: readonly ServiceError[], place: string): Finding[] {
  return faults.flatMap((fault) => {
    const [, app, field = ''] =
      /^The secret’s (apps\[\d+\])\.(\S+) .* of apps\[\d+\], too/.exec(fault.message) ?? [];
    return app === place ? [bad(field, faultText(fault))] : [];
  });
}

function tooLarge(size: number): Finding {
  return bad('apps', {
    en: `has ${size} bytes; AWS Secrets Manager takes ${MOST_BYTES}. Deploy the service twice, each with some of the apps.`,
    zh: `共 ${size} 字节，AWS Secrets Manager 最多 ${MOST_BYTES} 字节。请部署两份服务，各放一部分应用。`,
  });
}
