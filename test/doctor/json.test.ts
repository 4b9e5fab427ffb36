import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonFault } from '../../local/doctor/json.ts';
import { diagnoseSecret } from '../../local/doctor/secret.ts';
import { expectTranslated, wordsOf } from './words.ts';

const GOOD = `{
  "appId": "10031",
  "appKey": "MMMx7q",
  "privateKey": "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0B\\n-----END PRIVATE KEY-----\\n",
  "apiTokens": ["a-token-of-the-mini-programs-backend"]
}
`;

/** What must never be shown. */
const HIDDEN = ['10031', 'MMMx7q', 'MIIEvQIB', 'a-token'];

/** The one thing that the doctor says of a text that is not JSON. */
function said(text: string): string {
  const { findings } = diagnoseSecret(text);
  expect(findings).toMatchObject([{ level: 'bad', subject: 'JSON' }]);
  expectTranslated(findings);
  const words = findings.map((finding) => wordsOf(finding)).join('\n');
  for (const hidden of HIDDEN) expect(words).not.toContain(hidden);
  return words;
}

/** A change of the good text, and line, column and words that it leads to. */
const BROKEN: readonly (readonly [from: string, to: string, place: string, words: string])[] = [
  ['["a-', '[,"a-', '5, 17', 'something is missing here'],
  ['{\n', '{,\n', '1, 2', 'a comma too many'],
  ['31",', '31",,', '2, 20', 'a comma too many'],
  ['"10031"', '', '2, 12', 'something is missing here'],
  ['end"]\n}', 'end"],\n}', '6, 1', 'a comma too many'],
  ['end"]', 'end",]', '5, 56', 'a comma too many'],
  ['31",', '31"', '3, 3', 'comma, quote or bracket is missing before this'],
  ['31",', '31";', '2, 19', 'a text without quotes'],
  ['"appId":', '"appId"', '2, 11', 'a colon, comma, quote or bracket is missing before this'],
  ['31",', '31,', '2, 12', 'the quotes that open here are not closed'],
  ['"10031"', '10031"', '2, 17', 'the quotes that open here are not closed'],
  ['"appId"', 'appId', '2, 3', 'a text without quotes'],
  ['"MMMx7q"', 'MMMx7q', '3, 13', 'a text without quotes'],
  ['"10031"', '"100"31"', '2, 17', 'quote or bracket is missing before this'],
  ['"10031"', '010031', '2, 13', 'is missing before this'],
  ['"10031"', 'None', '2, 12', 'a text without quotes'],
  ['"appId"', "'appId'", '2, 3', 'only looks like one of JSON’s'],
  ['"appId"', '“appId”', '2, 3', 'only looks like one of JSON’s'],
  ['"appId":', '"appId"：', '2, 10', 'only looks like one of JSON’s'],
  ['31",', '31"，', '2, 19', 'only looks like one of JSON’s'],
  ['  "appKey"', '\u00a0"appKey"', '3, 1', 'a blank that cannot be seen'],
  ['  "appKey"', '\u200b"appKey"', '3, 1', 'a blank that cannot be seen'],
  ['"appId"', '// ours\n  "appId"', '2, 3', 'a comment'],
  ['31",', '31" /* ours */,', '2, 20', 'a comment'],
  ['-----\\nMIIE', '-----\nMIIE', '4, 17', 'a key with real line breaks'],
  ['ADANBgkqh', '\nADANBgkqhkiG9w0BAQEFAAOCAQ8A', '4, 17', 'a key with real line breaks'],
  ['-----\\nMIIE', '-----\r\nMIIE', '4, 17', 'a key with real line breaks'],
  ['-----\\nMIIE', '-----\\ MIIE', '4, 17', 'a backslash is written \\\\'],
  ['100', '1\t00', '2, 12', 'a control character in this text'],
  ['100', '1\\u00g0', '2, 12', 'a backslash is written \\\\'],
  ['end"]', 'end"', '6, 1', 'bracket is missing before this'],
  ['end"]\n}\n', 'end"]\n\n', '7, 1', 'the text ends too early'],
  ['-backend"]\n}\n', '', '5, 17', 'are not closed'],
  ['}\n', '}}\n', '6, 2', 'more text behind the end'],
  ['}\n', '}\n{"appId": "10031"}\n', '7, 1', 'more text behind the end'],
  ['"appId"', '{"appId"', '2, 3', 'something is missing here'],
];

describe('broken JSON', () => {
  test.each(BROKEN)('%j made %j is found at %s: %s', (from, to, place, words) => {
    expect(GOOD.split(from)).toHaveLength(2);
    const [line, column] = place.split(', ');
    const found = said(GOOD.replace(from, to));
    expect(found).toMatch(new RegExp(`^The secret is not JSON, at line ${line}, column ${column}:`));
    expect(found).toContain(words);
  });

  test.each(['\r\n', '\r'])('counts lines that end in %j', (lineEnd) => {
    expect(said(GOOD.replace('31",', '31"').replaceAll('\n', lineEnd))).toContain('line 3, column 3');
  });

  test.each([
    ['', 'The secret is empty.'],
    [' \n', 'The secret is empty.'],
    [`\ufeff${GOOD}`, 'byte order mark'],
    [JSON.stringify(GOOD), 'encoded twice'],
    ['[]', 'not an object'],
    ['nonsense', 'The secret is not JSON: it does not begin with {.\nThe secret is a JSON object with appId'],
    ['-----BEGIN PRIVATE KEY-----\nMIIEvQIB', 'a key or certificate'],
    ['MIIEvQIBADANBgkqhkiG9w0BAQEFAAOCAQ8A', 'a key or certificate'],
    ['count=1&tpOrderId=2&rsaSign=3', 'not the secret, but a payment notification'],
    ['https://example.com/pay?count=1&rsaSign=3', 'not the secret, but a payment notification'],
    ['appId=10031\nappKey=MMMx7q', 'does not begin with {'],
    ['appId: 10031\nappKey: MMMx7q', 'does not begin with {'],
    ['// ours\n{}', 'does not begin with {'],
    [`'${GOOD}'`, 'does not begin with {'],
  ])('says what %j is', (text, words) => {
    expect(said(text)).toContain(words);
  });

  test('has a place wherever JSON.parse refuses', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      '\\u00e',
      "'",
      'a',
      '-1',
      '0',
      '.5',
      'e9',
      'null',
    ];
    const odd = fc.constantFrom('', '\u0000', '\u007f', '\u2028', '\u00a0', '\ufeff', ' ', '\n', ...pieces);
    const broken = fc.tuple(fc.json(), fc.nat(), fc.nat(3), odd).map(([text, at, length, piece]) => {
      const start = at % (text.length + 1);
      return text.slice(0, start) + piece + text.slice(start + length);
    });
    const mixed = fc.array(fc.constantFrom(...pieces)).map((parts) => parts.join(''));
    let refused = 0;
    fc.assert(
      fc.property(fc.oneof(broken, mixed), (text) => {
        if (parses(text)) {
          expect(jsonFault(text).en).toBe('somewhere');
          return;
        }
        refused++;
        const place = /^at line (\d+), column (\d+): /.exec(jsonFault(text).en)?.slice(1).map(Number);
        const [line = 0, column = 0] = place ?? [];
        const lines = text.split(/\r\n|\r|\n/);
        expect(line).toBeGreaterThan(0);
        expect(line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  test('repeats nothing of a secret that is cut anywhere', () => {
    for (let length = 1; length < GOOD.length - 1; length++) said(GOOD.slice(0, length));
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
