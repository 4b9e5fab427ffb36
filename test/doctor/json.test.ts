import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanJson } from '../../local/doctor/json-fault.ts';
import { describeJsonFault } from '../../local/doctor/json-words.ts';
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
  ['["a-', '[,"a-', '5, 17', 'a comma with nothing before it'],
  ['{\n', '{,\n', '1, 2', 'a comma with nothing before it'],
  ['31",', '31",,', '2, 20', 'a comma with nothing before it'],
  ['"10031"', '', '2, 12', 'a value is missing before this comma'],
  ['end"]\n}', 'end"],\n}', '5, 56', 'a comma too many'],
  ['end"]', 'end",]', '5, 55', 'a comma too many'],
  ['31",', '31"', '2, 19', 'a comma is missing here'],
  ['31",', '31";', '2, 19', 'a ; where a comma belongs'],
  ['31",', '31":', '2, 19', 'a colon behind a value'],
  ['"appId":', '"appId"', '2, 10', 'a colon : is missing here'],
  ['"appId":', '"appId" =', '2, 11', 'a = where a colon : belongs'],
  ['"10031",', '', '3, 11', 'a colon behind a value'],
  ['31",', '31,', '2, 12', 'the quotes that open here are not closed on this line'],
  ['"10031"', '10031"', '2, 17', 'a closing quote without an opening one'],
  ['"appId"', '"appId', '2, 12', 'a quote is missing or too many'],
  ['"appId"', 'appId"', '2, 3', 'a name without quotes'],
  ['"appId"', 'appId', '2, 3', 'a name without quotes'],
  ['"10031"', '"100"31"', '2, 17', 'a quote is missing or too many'],
  ['"MMMx7q"', 'MMMx7q', '3, 13', 'a text without quotes'],
  ['"10031"', '010031', '2, 12', 'not a number of JSON’s'],
  ['"10031"', 'None', '2, 12', 'it has true, false and null'],
  ['"appId"', "'appId'", '2, 3', 'a single quote'],
  ['"10031"', "'10031'", '2, 12', 'a single quote'],
  ['"appId"', '“appId”', '2, 3', 'a curly quote'],
  ['"10031"', '"10031”', '2, 18', 'a curly quote'],
  ['"appId":', '"appId"：', '2, 10', 'a full-width sign'],
  ['31",', '31"，', '2, 19', 'a full-width sign'],
  ['  "appKey"', '\u00a0"appKey"', '3, 1', 'an unusual blank'],
  ['  "appKey"', '\u200b"appKey"', '3, 1', 'a character that cannot be seen'],
  ['"appId"', '// ours\n  "appId"', '2, 3', 'a comment'],
  ['31",', '31", # ours', '2, 21', 'a comment'],
  ['31",', '31" /* ours */,', '2, 20', 'a comment'],
  ['-----\\nMIIE', '-----\nMIIE', '4, 45', 'a key with real line breaks'],
  ['ADANBgkqh', '\nADANBgkqhkiG9w0BAQEFAAOCAQ8A', '4, 55', 'a key with real line breaks'],
  ['-----\\nMIIE', '-----\r\nMIIE', '4, 45', 'a key with real line breaks'],
  ['-----\\nMIIE', '-----\\ MIIE', '4, 45', 'a backslash that begins no escape'],
  ['100', '1\t00', '2, 14', 'a tab between quotes'],
  ['100', '1\u000100', '2, 14', 'a control character between quotes'],
  ['end"]', 'end"', '6, 1', 'a list [ is still open before this }'],
  ['["a-', '"a-', '5, 54', 'a ] that closes no list'],
  ['end"]\n}\n', 'end"]\n\n', '5, 56', 'it was cut, or } is missing'],
  ['-backend"]\n}\n', '', '5, 17', 'are never closed'],
  ['}\n', '}}\n', '6, 2', 'a } too many behind the end'],
  ['}\n', '},\n', '6, 2', 'a , too many behind the end'],
  ['}\n', '}\n{"appId": "10031"}\n', '7, 1', 'more text behind the end'],
  ['"10031",', '}', '2, 12', 'a value is missing before this }'],
  ['"appId": "10031"', '"appId"', '2, 10', 'a name without a value before this ,'],
  ['"appId": ', '', '2, 10', 'a name without a value before this ,'],
  ['"appId"', '{"appId"', '2, 3', 'a { where a name in quotes belongs'],
];

describe('broken JSON', () => {
  test.each(BROKEN)('%j made %j is found at %s: %s', (from, to, place, words) => {
    expect(GOOD.split(from)).toHaveLength(2);
    const [line, column] = place.split(', ');
    const found = said(GOOD.replace(from, to));
    expect(found).toMatch(new RegExp(`^The secret is not JSON, at line ${line}, column ${column}[,:]`));
    expect(found).toContain(words);
  });

  test.each(['\r\n', '\r'])('counts lines that end in %j', (lineEnd) => {
    expect(said(GOOD.replace('31",', '31"').replaceAll('\n', lineEnd))).toContain('line 2, column 19');
  });

  test('names the field that is near, and no name that is not a field', () => {
    expect(said(GOOD.replace('x7q",', 'x7q"'))).toContain('line 3, column 21, near appKey: ');
    expect(said('{"MMMx7q": "10031" "a-token"}')).toContain('line 1, column 19: ');
  });

  test.each([
    ['', 'The secret is empty.'],
    [' \n', 'The secret is empty.'],
    [`\ufeff${GOOD}`, 'byte order mark'],
    [JSON.stringify(GOOD), 'encoded twice'],
    ['[]', 'not an object'],
    ['nonsense', 'The secret is not JSON.\nThe secret is a JSON object with appId'],
    ['-----BEGIN PRIVATE KEY-----\nMIIEvQIB', 'a key by itself'],
    ['MIIEvQIBADANBgkqhkiG9w0BAQEFAAOCAQ8A', 'a key by itself'],
    ['count=1&tpOrderId=2&rsaSign=3', 'a payment notification, not the secret'],
    ['https://example.com/pay?count=1&rsaSign=3', 'a payment notification, not the secret'],
    ['appId=10031\nappKey=MMMx7q', 'lines of name=value'],
    ['appId: 10031\nappKey: MMMx7q', 'it is YAML'],
    ['"appId": "10031"', 'the braces { } around it are missing'],
    ['// ours\n{}', 'begins with a comment'],
    [`'${GOOD}'`, 'stands in quotes'],
    ['<html>', 'a web page or XML'],
  ])('says what %j is', (text, words) => {
    expect(said(text)).toContain(words);
  });

  test('takes what JSON.parse takes, and refuses what it refuses', () => {
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
      ' ',
      '\n',
    ];
    const broken = fc
      .tuple(fc.json(), fc.nat(), fc.nat(3), fc.constantFrom('', '\u0000', '\u007f', '\u2028', ...pieces))
      .map(([text, at, length, piece]) => {
        const start = at % (text.length + 1);
        return text.slice(0, start) + piece + text.slice(start + length);
      });
    const mixed = fc.array(fc.constantFrom(...pieces)).map((parts) => parts.join(''));
    let refused = 0;
    fc.assert(
      fc.property(fc.oneof(broken, mixed), (text) => {
        const { fault } = scanJson(text);
        expect(fault === undefined).toBe(parses(text));
        if (!fault) return;
        refused++;
        const place = /^at line (\d+), column (\d+)/
          .exec(describeJsonFault(text, fault).en)
          ?.slice(1)
          .map(Number);
        const [line = 0, column = 0] = place ?? [];
        const lines = text.split(/\r\n|\r|\n/);
        expect(line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  test.each([
    ...[
      '0',
      '-0',
      '10',
      '-1.50',
      '1e9',
      '1E-9',
      '1.5e+09',
      'true',
      'null',
      ' [ ] ',
      '"\\u00e9\\n\u007f\u2028"',
      '{"":{}}',
    ],
    ...[
      '00',
      '-',
      '+1',
      '.5',
      '1.',
      '1e',
      '1e+',
      '0x1',
      'True',
      'nul',
      '"\\x"',
      '"\\u00g0"',
      '[1 2]',
      '{"a" 1}',
      '',
    ],
  ])('takes %j only if JSON.parse does', (text) => {
    expect(scanJson(text).fault === undefined).toBe(parses(text));
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
