import { diagnoseApps, diagnoseNotificationOf } from './apps.ts';
import { bad, type Finding, isGood, warning } from './finding.ts';
import { readInput } from './input.ts';
import type { Section } from './report.ts';
import { SANDBOX } from './samples.ts';
import { nothingUsable, type SecretDiagnosis } from './secret.ts';

/** What is to be examined. */
export interface Request {
  /** A file with the secret, `-` for standard input; where there is none, a name or ARN in AWS Secrets Manager. */
  readonly file: string | undefined;
  readonly secretId: string | undefined;
  /** A file with a notification, `-` for standard input. */
  readonly notification: string | undefined;
  readonly withoutPlatformKey: boolean;
}

/** Reads what is asked for and examines it, a section for each app of the secret and one for the notification. */
export async function examine(request: Request): Promise<Section[]> {
  const { file = '-', secretId, notification, withoutPlatformKey } = request;
  const secret = secretId ?? file;
  // The SDK is loaded where it is needed: that takes as long as all else here.
  const fromAws = (id: string) => import('./secrets-manager.ts').then((it) => it.fetchSecret(id));
  const read = secretId === undefined ? await readInput(file) : await fromAws(secretId);
  const isRead = 'text' in read;
  const apps = isRead
    ? diagnoseApps(read.text, { withoutPlatformKey })
    : [nothingUsable(bad(secretId === undefined ? subjectOf(file) : 'Secrets Manager', read.fault))];
  const told = isRead && notification !== undefined ? await examineNotification(notification, apps) : [];
  const sections = apps.map((app) => ({
    title: {
      en: `Secret: ${secret}${app.place && `, ${app.place}`}`,
      zh: `secret：${secret}${app.place && `，${app.place}`}`,
    },
    findings: isSandbox(app, told)
      ? [SANDBOX_SECRET, ...app.findings.filter(({ subject }) => !(subject in SANDBOX))]
      : app.findings,
  }));
  const title = { en: `Notification: ${notification}`, zh: `通知：${notification}` };
  return told.length === 0 ? sections : [...sections, { title, findings: told }];
}

async function examineNotification(file: string, apps: readonly SecretDiagnosis[]): Promise<Finding[]> {
  const read = await readInput(file);
  return 'text' in read ? diagnoseNotificationOf(read.text, apps) : [bad(subjectOf(file), read.fault)];
}

const subjectOf = (file: string) => (file === '-' ? 'stdin' : 'file');

/** Whether a secret with the sandbox's default ids has a platform key of its own that has signed the notification. */
function isSandbox(app: SecretDiagnosis, notification: readonly Finding[]): boolean {
  const { appId, appKey, dealIds, findings } = app;
  const isDefault = appId === SANDBOX.appId && appKey === SANDBOX.appKey && dealIds?.has(SANDBOX.dealId);
  return isDefault === true && isGood(findings, 'platformPublicKey') && isGood(notification, 'rsaSign');
}

const SANDBOX_SECRET = warning('sandbox', {
  en: 'appId, appKey and dealId are those of the local cashier (npm start, npm run cashier), and so is the notification: a secret for the sandbox, not for Baidu.',
  zh: 'appId、appKey、dealId 和这条通知都来自本地收银台（npm start、npm run cashier）：这是沙盒的 secret，不能用于百度。',
});
