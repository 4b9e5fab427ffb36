import {
  constants,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  sign,
} from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalText } from '../../lib/baidu/canonical.ts';
import { readPublicKey } from '../../lib/baidu/keys.ts';
import { signParams } from '../../lib/baidu/sign.ts';
import type { Finding } from '../../local/doctor/finding.ts';
import { diagnoseNotification } from '../../local/doctor/notification.ts';
import type { NotificationKeys } from '../../local/doctor/secret.ts';
import { notifyEvent } from '../../local/stack/events.ts';
import { anyText } from '../support/any-text.ts';
import { PLATFORM } from '../support/vectors.ts';
import { about, expectTranslated } from './words.ts';

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const merchant = generateKeyPairSync('rsa', { modulusLength: 1024 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 1024 });
const large = generateKeyPairSync('rsa', { modulusLength: 2048 });

const IDS = { appId: '10031', appKey: 'MMMx7q' };
const KEYS = {
  ...IDS,
  platformKeys: [platform.publicKey],
  merchantKey: merchant.privateKey,
  dealIds: new Set(['2500207776']),
};

/** The fields of the published notification, with something to encode in them. */
const FIELDS: Readonly<Record<string, string>> = {
  ...without(Object.fromEntries(new URLSearchParams(PLATFORM.body)), ['rsaSign']),
  returnData: '桌号=5 号',
};

function without(fields: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

const post = (fields: Record<string, string>, rsaSign: string) =>
  new URLSearchParams({ ...fields, rsaSign }).toString();
const signText = (text: string, key: KeyObject = platform.privateKey, hash = 'RSA-SHA1') =>
  sign(hash, Buffer.from(text), key).toString('base64');
const diagnose = (text: string, keys: NotificationKeys = KEYS) => diagnoseNotification(text, keys);
const genuine = post(FIELDS, signParams(FIELDS, platform.privateKey));

/** All the words about the signature, in English. */
function signatureWords(findings: readonly Finding[]): string {
  const { detail = [] } = about(findings, 'rsaSign');
  return detail.map((line) => (typeof line === 'string' ? line : line.en)).join('\n');
}

describe('diagnoseNotification', () => {
  test('finds the notification good that Baidu’s platform signed in 2018', () => {
    const findings = diagnose(PLATFORM.body, { ...KEYS, platformKeys: [readPublicKey(PLATFORM.publicKey)] });
    expect(findings.map(({ subject, level }) => [subject, level])).toEqual([
      ['form', 'good'],
      ['rsaSign', 'good'],
      ['dealId', 'good'],
    ]);
  });

  test.each([
    ['with a line break behind it', `${genuine}\n`],
    ['in a URL', `https://example.com/pay?${genuine}`],
    ['in an event, base64', JSON.stringify(notifyEvent(genuine))],
    ['in an event, plain', JSON.stringify(notifyEvent(genuine, { isBase64Encoded: false }))],
    ['in an event’s query string', JSON.stringify({ rawQueryString: genuine })],
    ['as an object of its fields', JSON.stringify(Object.fromEntries(new URLSearchParams(genuine)))],
    ['with blanks for plus signs', genuine.replaceAll('%2B', '+')],
  ])('takes a form %s', (_name, text) => {
    expect(about(diagnose(text), 'rsaSign').level).toBe('good');
  });

  test('shows the text that was checked, and no signature', () => {
    const forged = post(FIELDS, signParams(FIELDS, stranger.privateKey));
    for (const text of [genuine, forged]) {
      const shown = JSON.stringify(diagnose(text));
      expect(shown).toContain(JSON.stringify(canonicalText(FIELDS)).slice(1, -1));
      const { rsaSign = '' } = Object.fromEntries(new URLSearchParams(text));
      expect(shown).not.toContain(rsaSign.slice(0, 20));
    }
  });

  const encoded = Object.fromEntries(
    Object.entries(FIELDS).map(([name, value]) => [name, encodeURIComponent(value)]),
  );
  const asSent = Object.entries(FIELDS).map((pair) => pair.join('='));

  test.each([
    [
      'dropped empties',
      signText(canonicalText(without(FIELDS, ['promoDetail']))),
      'Empty fields were left out',
    ],
    ['SHA-256', signText(canonicalText(FIELDS), platform.privateKey, 'RSA-SHA256'), 'with SHA-256'],
    ['MD5', signText(canonicalText(FIELDS), platform.privateKey, 'RSA-MD5'), 'with MD5'],
    ['the merchant’s key', signText(canonicalText(FIELDS), merchant.privateKey), 'Your own key signed it'],
    [
      'values only',
      signText(
        Object.keys(FIELDS)
          .sort()
          .map((name) => FIELDS[name])
          .join(''),
      ),
      'Only the values',
    ],
    ['another text', signText('something else'), 'another text was signed'],
    ['another key', signText(canonicalText(FIELDS), stranger.privateKey), 'Another key signed it, none that'],
    ['a larger key', signText(canonicalText(FIELDS), large.privateKey), '2048 bits, the platform key 1024'],
    ['no base64', 'x'.repeat(173), 'is not base64'],
  ])('says that it was signed with %s', (_name, rsaSign, words) => {
    const findings = diagnose(post(FIELDS, rsaSign));
    expect(about(findings, 'rsaSign').level).toBe('bad');
    expect(signatureWords(findings)).toContain(words);
  });

  const right = () => signText(canonicalText(FIELDS));
  const bare = (hash: string) =>
    privateEncrypt(
      { key: platform.privateKey, padding: constants.RSA_PKCS1_PADDING },
      createHash(hash).update(canonicalText(FIELDS)).digest(),
    ).toString('base64');
  const pss = (text: string, hash = 'sha1') =>
    sign(hash, Buffer.from(text), {
      key: platform.privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
    }).toString('base64');

  /** How the signature was made or written, what is said, and what must not be. */
  test.each([
    [
      'hex',
      Buffer.from(right(), 'base64').toString('hex'),
      ['is hex; base64 belongs there'],
      ['Another key'],
    ],
    [
      'hex in base64',
      btoa(Buffer.from(right(), 'base64').toString('hex')),
      ['encoded twice', 'is hex'],
      ['bits'],
    ],
    ['base64 twice', btoa(right()), ['was encoded twice'], ['bits', 'is hex']],
    ['line breaks', right().replace(/.{64}/g, '$&\n'), ['has line breaks'], ['not base64']],
    ['URL-encoding twice', encodeURIComponent(right()), ['URL-encoded twice'], ['not base64']],
    ['base64url', Buffer.from(right(), 'base64').toString('base64url'), ['is base64url'], ['not base64']],
    [
      'RSA-PSS',
      pss(canonicalText(FIELDS)),
      ['RSA-PSS in the place of PKCS#1 v1.5'],
      ['Another key', 'SHA-256'],
    ],
    [
      'RSA-PSS, SHA-256',
      pss(canonicalText(FIELDS), 'sha256'),
      ['RSA-PSS', 'signed with SHA-256'],
      ['Another key'],
    ],
    [
      'RSA-PSS over another text',
      pss(canonicalText(without(FIELDS, ['promoDetail']))),
      ['RSA-PSS', 'Empty fields were left out'],
      ['Another key'],
    ],
    [
      'no DER prefix',
      bare('sha1'),
      ['the DER prefix of PKCS#1 v1.5'],
      ['Another key', 'another text', 'MD5'],
    ],
    ['no DER prefix, MD5', bare('md5'), ['the DER prefix', 'signed with MD5'], ['another text']],
    ['padding missing', right().replace(/=+$/, ''), [], ['is']],
  ] as const)('says what is wrong with a signature by the right key: %s', (name, rsaSign, said, unsaid) => {
    expect(rsaSign).not.toMatch(name === 'base64url' ? /[+/]/ : /^$/);
    const findings = diagnose(post(FIELDS, rsaSign));
    expectTranslated(findings);
    const { level, detail } = about(findings, 'rsaSign');
    expect(level).toBe(said.length === 0 ? 'good' : 'bad');
    const words = detail.slice(0, -2).map((line) => (typeof line === 'string' ? line : line.en));
    for (const part of said) expect(words.join('\n')).toContain(part);
    for (const part of unsaid) expect(words.join('\n')).not.toContain(part);
    expect(words).toHaveLength(said.length);
  });

  test.each([
    ['a field left out', canonicalText(without(FIELDS, ['payTime'])), 'The field payTime is not in the text'],
    [
      'a field that was added',
      canonicalText(without(FIELDS, ['returnData'])),
      'The field returnData is not in the text',
    ],
    [
      'the order’s own four fields',
      `appKey=MMMx7q&dealId=2500207776&totalAmount=1&tpOrderId=${FIELDS['tpOrderId']}`,
      'The fields of an order were signed (appKey, dealId, tpOrderId, totalAmount)',
    ],
    [
      'a query’s four fields',
      `appId=10031&appKey=MMMx7q&orderId=${FIELDS['orderId']}&siteId=${FIELDS['userId']}`,
      'The fields of a query were signed (appId, appKey, orderId, siteId)',
    ],
    ['the whole text encoded', encodeURIComponent(canonicalText(FIELDS)), 'The whole text was URL-encoded'],
    ['another order of the names', [...asSent].reverse().join('&'), 'were not ordered by name'],
  ])('names the text that was signed: %s', (_name, text, words) => {
    const findings = diagnose(post(FIELDS, signText(text)));
    expectTranslated(findings);
    expect(about(findings, 'rsaSign').level).toBe('bad');
    expect(signatureWords(findings)).toContain(words);
  });

  const DRINK = '少糖(热)! 加*冰~';

  /** What each language makes of the drink. */
  test.each([
    ['Go QueryEscape', '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21+%E5%8A%A0%2A%E5%86%B0~'],
    ['Python quote_plus', '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21+%E5%8A%A0%2A%E5%86%B0~'],
    ['Java URLEncoder', '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21+%E5%8A%A0*%E5%86%B0%7E'],
    ['JavaScript URLSearchParams', '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21+%E5%8A%A0*%E5%86%B0%7E'],
    ['PHP urlencode', '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21+%E5%8A%A0%2A%E5%86%B0%7E'],
    ['PHP rawurlencode', '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21%20%E5%8A%A0%2A%E5%86%B0~'],
    ['Python quote', '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21%20%E5%8A%A0%2A%E5%86%B0~'],
    ['JavaScript encodeURIComponent', '%E5%B0%91%E7%B3%96(%E7%83%AD)!%20%E5%8A%A0*%E5%86%B0~'],
    ['.NET EscapeDataString', '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21%20%E5%8A%A0%2A%E5%86%B0~'],
    ['.NET WebUtility', '%E5%B0%91%E7%B3%96(%E7%83%AD)!+%E5%8A%A0*%E5%86%B0%7E'],
    ['.NET HttpUtility', '%e5%b0%91%e7%b3%96(%e7%83%ad)!+%e5%8a%a0*%e5%86%b0%7e'],
    ['only what is not ASCII', '%E5%B0%91%E7%B3%96(%E7%83%AD)! %E5%8A%A0*%E5%86%B0~'],
  ])('says that values were encoded as by %s, which the service takes', (name, written) => {
    const fields = { ...FIELDS, returnData: DRINK };
    const findings = diagnose(post(fields, signText(canonicalText({ ...fields, returnData: written }))));
    expectTranslated(findings);
    const words = signatureWords(findings);
    expect(words).toMatch(/^The values were URL-encoded before they were signed \(/);
    expect(/\((.*?)\)\. Baidu/.exec(words)?.[1]?.split(', ')).toContain(name);
    expect(words).toContain('the service takes it where that changes nothing but promoDetail and returnData');
  });

  test('says that names were ordered without regard to case', () => {
    const fields = { ...FIELDS, hbmoneyNote: '', payMoneyType: '1', paymoneyBack: '2' };
    const text = Object.entries(fields)
      .sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
      .map((pair) => pair.join('='))
      .join('&');
    expect(text).not.toBe(canonicalText(fields));
    expect(signatureWords(diagnose(post(fields, signText(text))))).toContain('without regard to case');
  });

  test('says that the fields were not ordered', () => {
    const reversed = Object.fromEntries(Object.entries(FIELDS).reverse());
    const words = signatureWords(diagnose(post(reversed, signText([...asSent].reverse().join('&')))));
    expect(words).toContain('were not ordered by name');
  });

  test('says that its values were signed URL-encoded, which is no fault', () => {
    const findings = diagnose(post(FIELDS, signText(canonicalText(encoded))));
    expect(about(findings, 'rsaSign').level).toBe('good');
    expect(JSON.stringify(findings)).toContain('The values were URL-encoded before they were signed');
  });

  test('says two mistakes at once', () => {
    const rsaSign = signText(canonicalText(encoded), merchant.privateKey, 'RSA-SHA256');
    const words = signatureWords(diagnose(post(FIELDS, rsaSign)));
    for (const part of ['Your own key', 'SHA-256', 'URL-encoded']) expect(words).toContain(part);
  });

  test.each([['promoDetail'], ['promoDetail', 'returnData'], ['giftCardMoney', 'returnData']])(
    'names the empty fields that were lost: %s %s',
    (...lost) => {
      const full = { ...FIELDS, ...Object.fromEntries(lost.map((name) => [name, ''])) };
      const findings = diagnose(post(without(full, lost), signParams(full, platform.privateKey)));
      expect(signatureWords(findings)).toContain('missing here');
      for (const name of lost) {
        expect(signatureWords(findings)).toContain(name);
        expect(about(findings, name)).toMatchObject({ level: 'bad', text: { zh: `缺少字段 ${name}。` } });
      }
    },
  );

  test('names every field that is malformed, not only the first', () => {
    const fields = {
      ...without(FIELDS, ['count']),
      ...{ userId: '0', status: '3', odd: 'a&b', sign: 'x' },
    };
    const findings = diagnose(post(fields, signParams(fields, platform.privateKey)));
    const bad = findings.filter(({ level }) => level === 'bad');
    const wrong = bad.map(({ text }) => text.en);
    expect(bad.map(({ detail }) => detail.length)).toEqual([1, 0, 1, 1, 0]);
    expect(wrong).toEqual([
      'The field userId is malformed.',
      'The field count is missing.',
      'The field status is malformed.',
      'The field odd is malformed.',
      'The field sign is covered by no signature.',
    ]);
  });

  test('says that the dealId is another’s, and that an order is not paid', () => {
    const fields = { ...FIELDS, dealId: '7', status: '-1' };
    const findings = diagnose(post(fields, signParams(fields, platform.privateKey)));
    expect(about(findings, 'dealId').level).toBe('bad');
    expect(about(findings, 'status')).toMatchObject({
      level: 'note',
      text: { en: expect.stringMatching(/^-1: /) },
    });
    expect(about(findings, 'rsaSign').level).toBe('good');
  });

  test.each([
    ['', '这不是表单：内容是空的。'],
    ['nonsense', '这不是表单：其中有一段没有 “=”。'],
    ['a=1&a=2', '表单中字段 a 出现了两次。'],
    ['a=%E0%A4', '表单中有残缺的或不是 UTF-8 的转义（%）。'],
    ['%20=1', '表单中有一个字段名不是字母和数字。'],
    [`a=${'x'.repeat(65 * 1024)}`, '表单超过 64 KB。'],
    [Array.from({ length: 101 }, (_, index) => `a${index}=`).join('&'), '表单超过 100 个字段。'],
    ['{"body":"!","isBase64Encoded":true}', '标明是 base64，内容却不是。'],
    ['{"body":"/w==","isBase64Encoded":true}', '表单不是 UTF-8 编码。'],
  ])('says in Chinese why a text is no form', (text, zh) => {
    expect(diagnose(text)).toMatchObject([{ level: 'bad', subject: 'form', text: { zh } }]);
  });

  test.each([
    ['{"privateKey": "x", "appId": "1"}', 'This is the secret, not a notification'],
    ['{"Records": []}', 'neither a body nor a query string'],
    ['{"orderId": "1", "siteId": "2", "notification": {}}', 'neither a body nor a query string'],
    ['{"orderId": "1"}', 'neither a body nor a query string'],
    ['-----BEGIN PRIVATE KEY-----', 'no “=”'],
    ['POST /pay HTTP/1.1\nHost: x\n\na=1&rsaSign=x', 'a field whose name is not letters and digits'],
    ['[1]', 'neither a body nor a query string'],
    [
      '{"body": "a=1",}',
      'It is not JSON, at line 1, column 16: a comma too many, or something is missing here.',
    ],
  ])('says what %s is in place of a notification', (text, words) => {
    const findings = diagnose(text);
    expectTranslated(findings);
    expect(findings).toMatchObject([{ level: 'bad', subject: 'form' }]);
    expect(findings[0]?.text.en).toContain(words);
    const expected = expect.stringMatching(/^A notification is the form as Baidu posts it/);
    if (!words.includes('not JSON')) expect(findings[0]?.detail).toMatchObject([{ en: expected }]);
  });

  test('does not tell what a notification is where there is one', () => {
    for (const text of [`${genuine}&count=1\n`, JSON.stringify(notifyEvent(`${genuine}&count=1`))]) {
      expect(diagnose(text)).toMatchObject([{ level: 'bad', subject: 'form', detail: [] }]);
    }
  });

  test('says that there is no platform key, or no signature', () => {
    expect(about(diagnose(genuine, { ...KEYS, platformKeys: [] }), 'rsaSign').level).toBe('bad');
    const unsigned = new URLSearchParams(FIELDS).toString();
    expect(about(diagnose(unsigned), 'rsaSign').text.en).toBe('The field rsaSign is missing.');
  });

  test('finds words for any signature and any text', () => {
    const odd = fc.string({
      unit: fc.constantFrom('%', '-', '_', '\n', '+', '=', 'A', '2', 'f', 'é', '\ud800'),
    });
    fc.assert(
      fc.property(fc.oneof(odd, anyText(), fc.base64String({ minLength: 170 })), (text) => {
        const formed = text.toWellFormed();
        expectTranslated(diagnose(post({ ...FIELDS, returnData: formed }, formed)));
        expectTranslated(diagnose(text));
      }),
      { numRuns: 200 },
    );
  });

  test('does without the merchant’s key', () => {
    const forged = post(FIELDS, signParams(FIELDS, merchant.privateKey));
    const words = signatureWords(diagnose(forged, { ...KEYS, merchantKey: undefined }));
    expect(words).toContain('Another key signed it');
  });

  test.each([
    ['tpOrderId', 'a b', 'Allowed: 1 to 128 visible ASCII characters, no blank, no & and no =.'],
    ['userId', '0', 'Allowed: the digits of a number from 1 to 9223372036854775807'],
    ['payMoney', '-1', 'Allowed: a whole number of fen'],
    ['count', '01', 'Allowed: digits, no zero in front.'],
    ['status', '3', 'Allowed: 2 (paid), 1 (unpaid), -1 (cancelled).'],
    ['returnData', 'a&promoMoney=1', 'Allowed: any text without “&promoMoney=”.'],
    ['newField', 'a&b', 'Allowed: any text without &.'],
  ])('says what %s may be', (name, value, words) => {
    const fields = { ...FIELDS, [name]: value };
    const findings = diagnose(post(fields, signParams(fields, platform.privateKey)));
    expectTranslated(findings);
    expect(about(findings, name)).toMatchObject({ level: 'bad', text: { zh: `字段 ${name} 的格式不对。` } });
    expect(about(findings, name).detail).toMatchObject([{ en: expect.stringContaining(words) }]);
  });

  describe.each([
    ['a refund notification', { refundStatus: '1' }, '/baidu/refund-notify', '退款回调地址'],
    ['a refund audit', { applyRefundMoney: '100' }, '/baidu/refund-audit', '退款审核地址'],
  ])('of %s', (name, own, address, field) => {
    const fields = { orderId: '1', userId: '2', tpOrderId: '3', refundBatchId: '4', ...own };
    const form = post(fields, signParams(fields, platform.privateKey));
    const levels = (findings: readonly Finding[]) => findings.map(({ subject, level }) => [subject, level]);

    test('at its own address finds it good', () => {
      for (const text of [
        JSON.stringify(notifyEvent(form, { path: address })),
        `https://x.cn${address}?${form}`,
      ]) {
        const findings = diagnose(text);
        expectTranslated(findings);
        expect(levels(findings)).toEqual([
          ['address', 'good'],
          ['form', 'good'],
          ['rsaSign', 'good'],
        ]);
      }
    });

    test('at another says where it belongs', () => {
      const others = ['/baidu/payment-notify', '/baidu/refund-notify', '/baidu/refund-audit'];
      for (const path of others.filter((other) => other !== address)) {
        const findings = diagnose(JSON.stringify(notifyEvent(form, { path })));
        expectTranslated(findings);
        expect(levels(findings)[0]).toEqual(['address', 'bad']);
        expect(findings[0]?.text.en).toContain(`This is ${name} (`);
        expect(findings[0]?.text.en).toContain(`it came to the wrong address, ${path}.`);
        expect(findings[0]?.text.en).toContain(`Give ${address} as ${field}`);
      }
    });

    test('by itself says where it belongs, too', () => {
      for (const text of [form, `https://shop.cn/notify?${form}`]) {
        const [finding, ...rest] = diagnose(text);
        expect(finding).toMatchObject({ level: 'note', subject: 'address' });
        expect(finding?.text.en).toContain(`it belongs to ${address}, which is ${field} in Baidu’s console.`);
        expect(levels(rest)).toEqual([
          ['form', 'good'],
          ['rsaSign', 'good'],
        ]);
      }
    });

    test('says what is wrong with it', () => {
      const wrong = { ...fields, refundBatchId: 'a-b' };
      const findings = diagnose(post(wrong, signParams(wrong, merchant.privateKey)));
      expectTranslated(findings);
      expect(about(findings, 'refundBatchId').detail).toMatchObject([
        { en: 'Allowed: 1 to 64 digits or letters.' },
      ]);
      expect(signatureWords(findings)).toContain('Your own key signed it');
      const missing = diagnose(post(without(fields, ['orderId']), signParams(fields, platform.privateKey)));
      expect(about(missing, 'orderId').text.en).toBe('The field orderId is missing.');
    });
  });

  test('of a payment at the address of refunds says where it belongs', () => {
    const [finding] = diagnose(JSON.stringify(notifyEvent(genuine, { path: '/baidu/refund-notify' })));
    expect(finding).toMatchObject({ level: 'bad', subject: 'address' });
    expect(finding?.text.en).toContain('Give /baidu/payment-notify as 支付回调地址');
  });

  const decoded = [...new URLSearchParams(genuine)];

  test.each([
    ['as it came', genuine.replaceAll('&', '\n')],
    ['with each & left', genuine.replaceAll('&', '&\r\n')],
    ['decoded', decoded.map((pair) => pair.join('=')).join('\n')],
    ['decoded, with colons', decoded.map((pair) => pair.join(': ')).join('\n\n')],
  ])('reads a notification that was saved one field on a line, %s', (_name, text) => {
    const findings = diagnose(text);
    expect(findings.map(({ subject, level }) => [subject, level])).toEqual([
      ['form', 'good'],
      ['rsaSign', 'good'],
      ['dealId', 'good'],
    ]);
  });

  test('refuses a field that stands there twice, on lines as well', () => {
    expect(diagnose(`${genuine.replaceAll('&', '\n')}\ncount=1`)).toMatchObject([
      { level: 'bad', text: { en: 'The form has the field count twice.' } },
    ]);
  });
});
