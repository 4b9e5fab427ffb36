import { describe, expect, test } from 'vitest';
import { read } from '../docs/markdown.ts';

type Versions = Readonly<Record<string, string>>;
const versionsOf = (file: string): Versions => {
  const { dependencies, devDependencies } = JSON.parse(read(file)) as Record<string, Versions | undefined>;
  return { ...dependencies, ...devDependencies };
};

describe.each([
  ['own-server', ['express']],
  ['queue-reader', ['@aws-sdk/client-sqs']],
  [
    'order-subscriber',
    [
      ...['@aws-sdk/client-dynamodb', '@aws-sdk/lib-dynamodb'],
      ...['@types/aws-lambda', 'serverless', 'serverless-esbuild'],
    ],
  ],
])('examples/%s, when it is copied,', (example, names) => {
  const own = versionsOf(`examples/${example}/package.json`);

  test('installs what it needs, in the versions that are tested here', () => {
    expect(Object.keys(own)).toEqual(names);
    expect(versionsOf('package.json')).toMatchObject(own);
  });
});

test('the order subscriber says of each package with a script of its own whether it may run', () => {
  const { allowScripts } = JSON.parse(read('examples/order-subscriber/package.json'));
  const root = JSON.parse(read('package.json')).allowScripts;
  expect(root).toMatchObject(allowScripts);
  expect(scriptsBehind('examples/order-subscriber/package.json')).toEqual(Object.keys(allowScripts));
});

interface Locked {
  readonly dependencies?: Versions;
  readonly optionalDependencies?: Versions;
  readonly hasInstallScript?: boolean;
}

/** The packages with a script at installation that a package brings along, by this repository's lock file. */
function scriptsBehind(file: string): string[] {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
  const seen = new Set<string>();
  const visit = (name: string, from: string): void => {
    const place = placeOf(packages, name, from);
    if (place === undefined || seen.has(place)) return;
    seen.add(place);
    const { dependencies, optionalDependencies } = packages[place] ?? {};
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) visit(next, place);
  };
  for (const name of Object.keys(versionsOf(file))) visit(name, '');
  const scripted = [...seen].filter((place) => packages[place]?.hasInstallScript);
  return [...new Set(scripted.map((place) => place.split('node_modules/').at(-1) ?? ''))].sort();
}

/** Where Node finds a package that another one asks for. */
function placeOf(packages: Record<string, Locked>, name: string, from: string): string | undefined {
  for (let folder = from; ; folder = folder.replace(/(^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) {
    const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (packages[place]) return place;
    if (folder === '') return undefined;
  }
}
