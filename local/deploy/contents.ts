import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { bundleOptions, byFunction, type FunctionName } from './bundles.ts';

/** A part of a bundle: a package with its version, or a folder of this repository. */
export interface BundlePart {
  readonly name: string;
  /** Where it lies, relative to the root. */
  readonly folder: string;
  /** `undefined` for a folder of this repository. */
  readonly version: string | undefined;
  /** Its share of the bundle, in bytes. */
  readonly bytes: number;
}

const root = path.resolve(import.meta.dirname, '../..');
const PACKAGE = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/** What each function's bundle is made of, the largest part first. */
export async function bundleContents(): Promise<Record<FunctionName, readonly BundlePart[]>> {
  const { metafile } = await build({ ...bundleOptions('.'), metafile: true, write: false });
  return byFunction((name) => partsOf(metafile.outputs[`${name}.cjs`]?.inputs ?? {}));
}

function partsOf(inputs: Metafile['outputs'][string]['inputs']): readonly BundlePart[] {
  const sizes = new Map<string, number>();
  for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
    // What esbuild.config.cjs puts in the place of something.
    if (file.startsWith('unreachable:')) continue;
    const part = PACKAGE.exec(file)?.[1] ?? file.split('/')[0] ?? file;
    sizes.set(part, (sizes.get(part) ?? 0) + bytesInOutput);
  }
  const parts = [...sizes].map(([part, bytes]) => describe(part, bytes));
  return parts.sort((a, b) => b.bytes - a.bytes);
}

function describe(part: string, bytes: number): BundlePart {
  if (!part.includes('node_modules/')) return { name: part, folder: part, version: undefined, bytes };
  const manifest = JSON.parse(readFileSync(path.join(root, part, 'package.json'), 'utf8'));
  return { name: manifest.name, folder: part, version: manifest.version, bytes };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, parts] of Object.entries(await bundleContents())) {
    process.stdout.write(
      `${name}: ${parts.reduce((sum, { bytes }) => sum + bytes, 0)} bytes before zipping\n`,
    );
    for (const part of parts) {
      const title = `${part.name} ${part.version ?? ''}`.padEnd(52);
      process.stdout.write(`  ${title} ${String(part.bytes).padStart(8)}\n`);
    }
  }
}
