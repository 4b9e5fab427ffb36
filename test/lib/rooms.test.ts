import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** What each room may import beside itself: other rooms, packages, and whether the modules of Node. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'lib/baidu': ['node:'],
  'lib/merchant': ['node:', 'lib/baidu'],
  'lib/ledger': ['node:', 'lib/baidu', '@aws-sdk/client-dynamodb'],
  'lib/aws': ['node:', 'lib/baidu', 'lib/merchant', 'lib/ledger', '@aws-sdk/', '@aws-lambda-powertools/'],
  'lib/lambda': ['node:', 'lib/', '@middy/core', 'aws-lambda'],
  lib: ['node:', 'lib/'],
  handlers: ['lib/', '@middy/core', 'aws-lambda'],
};

/** The room of a file: its folder, of `local/` all of it. */
function roomOf(file: string): string {
  const [top = '', second = ''] = file.split('/');
  return top === 'lib' && !second.endsWith('.ts') ? `lib/${second}` : top;
}

/** What a file imports: paths from the root, or the names of modules. */
function importsOf(file: string, text: string): string[] {
  const statements = text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'([^']+)'/g);
  return [...statements].map(([, name = '']) =>
    name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name,
  );
}

/** What the imports of a file break of the arrows. */
function breaches(file: string, text: string): string[] {
  const room = roomOf(file);
  const allowed = MAY_IMPORT[room] ?? [];
  const may = (name: string) =>
    room === 'local'
      ? !/^(test|examples)\//.test(name)
      : roomOf(name) === room || allowed.some((start) => name.startsWith(start));
  return importsOf(file, text)
    .filter((name) => !may(name))
    .map((name) => `${file} imports ${name}`);
}

const files = globSync(['lib/**/*.ts', 'handlers/*.ts', 'local/**/*.ts'], { cwd: root });

test('no file imports against the arrows of docs/architecture.md', () => {
  expect(files.length).toBeGreaterThan(60);
  expect(files.flatMap((file) => breaches(file, readFileSync(path.join(root, file), 'utf8')))).toEqual([]);
});

test('every room of lib/ has its arrows', () => {
  const rooms = new Set(files.map(roomOf));
  expect([...rooms].filter((room) => room !== 'local' && !(room in MAY_IMPORT))).toEqual([]);
});

describe('what is against the arrows is found', () => {
  test.each([
    ['lib/baidu/sign.ts', "import { createQueue } from '../aws/queue.ts';"],
    ['lib/baidu/sign.ts', "import type { App } from '../merchant/secret.ts';"],
    ['lib/baidu/sign.ts', "const sdk = await import('@aws-sdk/client-sqs');"],
    ['lib/merchant/token.ts', "export { log } from '../lambda/log.ts';"],
    ['lib/aws/queue.ts', "import { confirmOrder } from '../confirm.ts';"],
    ['handlers/query.ts', "import { createSign } from 'node:crypto';"],
    ['handlers/query.ts', "import { startStack } from '../local/stack/stack.ts';"],
    ['local/demo.ts', "import { makeWorld } from '../test/support/world.ts';"],
  ])('%s: %s', (file, text) => {
    expect(breaches(file, text)).toHaveLength(1);
  });
});
