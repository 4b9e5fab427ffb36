import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPage } from '../docs/markdown.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** The packages and modules that a room may use beside what docs/architecture.md says; any, of `local/`. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'lib/baidu': ['node:'],
  'lib/merchant': ['node:'],
  'lib/ledger': ['node:', '@aws-sdk/client-dynamodb'],
  'lib/aws': ['node:', '@aws-sdk/'],
  'lib/lambda': ['node:', '@middy/core', 'aws-lambda'],
  lib: ['node:'],
  handlers: ['@middy/core', 'aws-lambda'],
};

/** What each room may import of the others, by the table of docs/architecture.md. */
const MAY_IMPORT = new Map(
  readPage('docs/architecture.md')
    .rows.filter(([room = '']) => /^`(handlers|lib|local)\//.test(room))
    .map(([room = '', , others = '']) => [pathsIn(room)[0] ?? '', pathsIn(others)]),
);

/** The paths of a cell, without their last slash. */
function pathsIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name.replace(/\/$/, ''));
}

/** The room of a file: its folder below `lib/` or `local/`, or that folder itself. */
function roomOf(file: string): string {
  const [top = '', second = ''] = file.split('/');
  return (top === 'lib' || top === 'local') && !second.endsWith('.ts') ? `${top}/${second}` : top;
}

/** What a file imports: paths from the root, or the names of modules. */
function importsOf(file: string, text: string): string[] {
  const statements = text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'([^']+)'/g);
  return [...statements].map(([, name = '']) =>
    name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name,
  );
}

/** Whether a path is a file or a folder itself, or lies in it. */
function isIn(name: string, start: string): boolean {
  return name === start || name.startsWith(`${start}/`);
}

/** What the imports of a file break of the arrows. */
function breaches(file: string, text: string): string[] {
  const room = roomOf(file);
  const allowed = MAY_IMPORT.get(room) ?? [];
  const isOurs = (name: string) => /^(handlers|lib|local|test|examples)\//.test(name);
  const may = (name: string) =>
    isOurs(name)
      ? roomOf(name) === room || allowed.some((start) => isIn(name, start))
      : room.startsWith('local') || PACKAGES[room]?.some((start) => name.startsWith(start));
  return importsOf(file, text)
    .filter((name) => !may(name))
    .map((name) => `${file} imports ${name}`);
}

const files = globSync(['lib/**/*.ts', 'handlers/*.ts', 'local/**/*.ts'], { cwd: root });

test('no file imports against the arrows of docs/architecture.md', () => {
  expect(files.length).toBeGreaterThan(60);
  expect(files.flatMap((file) => breaches(file, readFileSync(path.join(root, file), 'utf8')))).toEqual([]);
});

test('what a room may import, it imports', () => {
  const imports = new Map(
    [...MAY_IMPORT.keys()].map((room) => [
      room,
      files
        .filter((file) => roomOf(file) === room)
        .flatMap((file) => importsOf(file, readFileSync(path.join(root, file), 'utf8'))),
    ]),
  );
  const idle = [...MAY_IMPORT].flatMap(([room, others]) =>
    others
      .filter((other) => !imports.get(room)?.some((name) => isIn(name, other)))
      .map((other) => [room, other]),
  );
  expect(idle).toEqual([]);
});

test('docs/architecture.md has a row for every room, and for no other', () => {
  expect([...MAY_IMPORT.keys()].sort()).toEqual([...new Set(files.map(roomOf))].sort());
});

describe('what is against the arrows is found', () => {
  test.each([
    ['lib/baidu/sign.ts', "import { createQueue } from '../aws/queue.ts';"],
    ['lib/baidu/sign.ts', "import type { App } from '../merchant/secret.ts';"],
    ['lib/baidu/sign.ts', "const sdk = await import('@aws-sdk/client-sqs');"],
    ['lib/confirm.ts', "import { createLog } from './lambda/log.ts';"],
    ['lib/merchant/token.ts', "export { log } from '../lambda/log.ts';"],
    ['lib/aws/queue.ts', "import { confirmOrder } from '../confirm.ts';"],
    ['handlers/query.ts', "import { createSign } from 'node:crypto';"],
    ['handlers/query.ts', "import { startStack } from '../local/stack/stack.ts';"],
    ['lib/aws/topic.ts', "import { Logger } from '@aws-lambda-powertools/logger';"],
    ['local/cashier/signature/signature.ts', "import { signParams } from '../../../lib/baidu/sign.ts';"],
    ['local/demo.ts', "import { makeWorld } from '../test/support/world.ts';"],
  ])('%s: %s', (file, text) => {
    expect(breaches(file, text)).toHaveLength(1);
  });
});
