import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ServiceError } from '../../../lib/baidu/errors.ts';
import { ERROR_CODES, isOfStrangers, statusOf } from '../../../lib/lambda/error-codes.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** Every code that is given to an error, by the file that gives it. */
function thrownCodes(): Map<string, string> {
  const files = globSync(['lib/**/*.ts', 'handlers/*.ts'], { cwd: root });
  const found = files.flatMap((file) => {
    const text = readFileSync(path.join(root, file), 'utf8');
    const codes = text.matchAll(/(?:Error|super)\(\s*'([A-Z]+_[A-Z_]+|UNAUTHORIZED)'/g);
    return [...codes].map(([, code = '']) => [code, file] as const);
  });
  return new Map(found);
}

test('every code that is thrown has its entry, and every entry is thrown', () => {
  expect([...thrownCodes().keys()].sort()).toEqual(Object.keys(ERROR_CODES).sort());
});

test('isOfStrangers() is true of what needs neither a key nor a fault of ours', () => {
  const codes = Object.keys(ERROR_CODES).filter((code) => isOfStrangers(new ServiceError(code, '')));
  expect(codes).toEqual(['INVALID_NOTIFICATION', 'INVALID_SIGNATURE', 'NOTIFICATION_TOO_LARGE']);
  expect(isOfStrangers(new ServiceError('toString', ''))).toBe(false);
});

test('statusOf() is the entry’s, and 500 for a code without one', () => {
  expect(statusOf(new ServiceError('BAIDU_TIMEOUT', 'late'))).toBe(504);
  expect(statusOf(new ServiceError('toString', 'no code of ours'))).toBe(500);
});
