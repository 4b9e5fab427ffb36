import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** What was made, and a hash of what it was made of. */
interface Kept<T> {
  readonly of: string;
  readonly result: T;
}

/**
 * What takes long to make, kept for the next process in a file: made anew where one of its sources has changed, and
 * where the file is missing or damaged. Where nothing can be written it is made each time.
 *
 * @param file where the last result is
 * @param sources the files that it depends on, all of them
 * @param make a result that JSON can hold
 */
export async function keptResult<T>(
  file: string,
  sources: readonly string[],
  make: () => Promise<T>,
): Promise<T> {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(`${path.basename(source)}\0`).update(await readFile(source));
  const of = hash.digest('hex');
  const kept = await read<T>(file);
  if (kept?.of === of) return kept.result;
  const result = await make();
  await write(file, { of, result }).catch(() => {});
  return result;
}

async function read<T>(file: string): Promise<Kept<T> | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whoever reads it meanwhile finds the one before. */
async function write(file: string, kept: Kept<unknown>): Promise<void> {
  const part = `${file}.${process.pid}`;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(part, JSON.stringify(kept));
  await rename(part, file);
}
