import { describe, expect, test } from 'vitest';
import { diagnoseApps, diagnoseNotificationOf } from '../../local/doctor/apps.ts';
import { PAID, signedForm } from '../support/notification.ts';
import { makeApp } from '../support/two-apps.ts';
import { about, expectTranslated } from './words.ts';

const [A, B] = [makeApp(1), makeApp(2)] as const;
const diagnose = (...apps: object[]) => diagnoseApps(JSON.stringify({ apps }));
const SMART = { smartAppKey: 'k'.repeat(32), smartAppSecret: 's'.repeat(32) };

/** What is to be mended, an app a list. */
const faults = (apps: ReturnType<typeof diagnoseApps>) =>
  apps.map(({ findings }) =>
    findings.filter(({ level }) => level === 'bad').map(({ subject, text }) => `${subject} ${text.en}`),
  );

describe('diagnoseApps()', () => {
  test('examines each app, and says which it is', () => {
    const found = diagnose(A.secret({ dealId: 1 }), B.secret({ appKey: '' }));
    expect(found.map(({ place }) => place)).toEqual(['apps[0], appId 10001', 'apps[1], appId 10002']);
    expect(faults(found)).toEqual([[], ['appKey must be a string that is not empty.']]);
  });

  test('examines a secret of one app as ever', () => {
    expect(diagnoseApps(JSON.stringify(A.secret()))).toMatchObject([{ place: '', appId: '10001' }]);
    expect(faults(diagnoseApps('nonsense'))).toEqual([[expect.stringContaining('The secret is not JSON')]]);
  });

  test.each<[object, string]>([
    [{ apps: [] }, 'apps must be a list of apps, one at least.'],
    [{ apps: 'x' }, 'apps must be a list of apps, one at least.'],
    [{ apps: [A.secret()], appId: 1 }, 'apps must stand alone: nothing may be beside it.'],
  ])('says what is wrong with a list of apps: %#', (secret, fault) => {
    const found = diagnoseApps(JSON.stringify(secret));
    expect(faults(found)).toEqual([[fault]]);
    for (const { findings } of found) expectTranslated(findings);
  });

  test.each<[string, object, object, string]>([
    ['appId', { appId: 7 }, { appId: '7' }, 'appId is the appId of apps[0], too.'],
    ['token', {}, { apiTokens: [B.token, A.token] }, 'apiTokens[1] is a token of apps[0], too.'],
    [
      'platform key',
      { dealId: 7 },
      { platformPublicKey: A.secret()['platformPublicKey'] },
      'platformPublicKey is that of apps[0], too: each of the two must name its dealId.',
    ],
    [
      'deal',
      { dealId: [6, 7] },
      { dealId: 7, platformPublicKey: A.secret()['platformPublicKey'] },
      'dealId[0] is a deal of apps[0], too, as is a platformPublicKey.',
    ],
  ])('finds what two apps have in common: %s', (_name, first, second, fault) => {
    const found = diagnose(A.secret({ ...first }), B.secret({ ...second }), makeApp(3).secret());
    expect(faults(found)).toEqual([[], [fault], []]);
    for (const { findings } of found) expectTranslated(findings);
  });

  test('says that a secret is too large for AWS', () => {
    const [found] = diagnose(
      A.secret({ dealId: Array.from({ length: 9000 }, (_, index) => index + 1_000_000) }),
    );
    expect(about(found?.findings ?? [], 'apps').text.en).toMatch(
      /^has \d{5} bytes; AWS Secrets Manager takes 65536/,
    );
  });

  test('says of which app a notification is, and by which the service would take it', () => {
    const apps = diagnose(A.secret(), B.secret({ dealId: PAID['dealId'] }));
    const findings = diagnoseNotificationOf(signedForm(PAID, B.platform.privateKey), apps);
    expect(about(findings, 'app')).toMatchObject({ level: 'good', text: { en: 'apps[1], appId 10002' } });
    expect(about(findings, 'rsaSign').level).toBe('good');
    const forged = diagnoseNotificationOf(signedForm(PAID, makeApp(3).platform.privateKey), apps);
    expect(about(forged, 'rsaSign').level).toBe('bad');
  });

  test('finds the app by the deal where both have one platform key', () => {
    const shared = { platformPublicKey: A.secret()['platformPublicKey'] };
    const apps = diagnose(
      A.secret({ ...shared, dealId: 1 }),
      B.secret({ ...shared, dealId: PAID['dealId'] }),
    );
    const findings = diagnoseNotificationOf(signedForm(PAID, A.platform.privateKey), apps);
    expect(about(findings, 'app').text.en).toBe('apps[1], appId 10002');
    const other = diagnoseNotificationOf(signedForm({ ...PAID, dealId: '3' }, A.platform.privateKey), apps);
    expect(about(other, 'dealId').level).toBe('bad');
  });
});

describe('the mini-program’s own pair', () => {
  const [of] = [(changes: object) => diagnose(A.secret({ ...SMART, ...changes }))[0]?.findings ?? []];

  test('is good where both are there, and is not repeated', () => {
    const findings = of({});
    expect(['smartAppKey', 'smartAppSecret'].map((name) => about(findings, name).level)).toEqual([
      'good',
      'good',
    ]);
    expect(JSON.stringify(findings)).not.toContain(SMART.smartAppSecret);
  });

  test.each<[object, string, string]>([
    [{ smartAppSecret: undefined }, 'smartAppSecret', 'is missing, as smartAppKey is there'],
    [{ smartAppKey: null }, 'smartAppKey', 'is missing, as smartAppSecret is there'],
    [{ smartAppKey: '' }, 'smartAppKey', 'must be a string that is not empty'],
    [{ smartAppKey: 'MM10001' }, 'smartAppKey', 'is the payment appKey'],
    [{ smartAppKey: 'MMM4oc' }, 'smartAppKey', 'is the payment appKey'],
    [{ smartAppSecret: SMART.smartAppKey }, 'smartAppSecret', 'is the same as smartAppKey'],
    [{ smartAppSecret: 'a b' }, 'smartAppSecret', 'a blank'],
    [{ smartAppSecret: 7 }, 'smartAppSecret', 'must be a string'],
    [{ smartAppSecret: '<App Secret>' }, 'smartAppSecret', 'is a placeholder'],
  ])('%j', (changes, subject, words) => {
    const findings = of(changes);
    expect(about(findings, subject)).toMatchObject({ level: 'bad' });
    expect(about(findings, subject).text.en).toContain(words);
    expectTranslated(findings);
  });
});
