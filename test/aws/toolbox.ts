import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** What other people made of AWS, and the tools that hold something against it: never installed by `npm ci`. */
export interface Toolbox {
  /** A DynamoDB over SQLite, in Rust. */
  readonly dynoxide: string;
  /** The class path of an SQS in Scala. */
  readonly elasticmq: string;
  /** A program of the Python packages: `aws`, `moto_server`, `cfn-lint`, `schemathesis`. */
  python(program: string): string;
}

/** The crate's dependencies are pinned by a lock file of its own. */
const DYNOXIDE = ['dynoxide-rs', '--version', '3.2.0', '--locked', '--no-default-features'];
const FEATURES = 'native-sqlite,http-server,cli';

const run = promisify(execFile);

/** Installs what is not there yet into the user's cache folder, in one to three minutes. */
export async function openToolbox(say: (line: string) => void): Promise<Toolbox> {
  requireTools();
  const [python, elasticmq, dynoxide] = await Promise.all([
    installed('python', listed('requirements.txt'), installPython, say),
    installed('elasticmq', listed('pom.xml', 'jars.sha256'), installElasticmq, say),
    installed('dynoxide', DYNOXIDE.join(' '), installDynoxide, say),
  ]);
  return {
    dynoxide: path.join(dynoxide, 'bin', 'dynoxide'),
    elasticmq: path.join(elasticmq, 'jars', '*'),
    python: (program) => path.join(python, 'bin', program),
  };
}

/** Installs into a folder that is named by what is listed, so that a change of the list is an installation of its own. */
async function installed(
  name: string,
  list: string,
  install: (folder: string) => Promise<void>,
  say: (line: string) => void,
): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache');
  const version = sha256(Buffer.from(list)).slice(0, 12);
  const folder = path.join(cache, 'baidu-payment-status-engines', `${name}-${version}`);
  const done = path.join(folder, 'installed');
  if (existsSync(done)) return folder;
  say(`Installing ${name} into ${folder} …`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await install(folder);
  writeFileSync(done, '');
  return folder;
}

/** Versions and checksums, as the files beside this one list them. */
function listed(...names: string[]): string {
  return names.map((name) => readFileSync(path.join(import.meta.dirname, name), 'utf8')).join('');
}

/** pip checks the installer, which checks the rest, in a quarter of pip's time. */
async function installPython(folder: string): Promise<void> {
  const list = path.join(import.meta.dirname, 'requirements.txt');
  const installer = path.join(folder, 'installer.txt');
  const blocks = readFileSync(list, 'utf8').split(/^(?=\S)/m);
  writeFileSync(installer, blocks.find((block) => block.startsWith('uv==')) ?? '');
  const bin = path.join(folder, 'bin');
  await run('python3', ['-m', 'venv', folder]);
  await run(path.join(bin, 'pip'), ['install', '-q', '--require-hashes', '-r', installer]);
  const python = ['--python', path.join(bin, 'python')];
  await run(path.join(bin, 'uv'), ['pip', 'install', '-q', ...python, '--require-hashes', '-r', list]);
}

/** Maven compares with the checksum beside each file, which says nothing of who put both there: so do we, with ours. */
async function installElasticmq(folder: string): Promise<void> {
  cpSync(path.join(import.meta.dirname, 'pom.xml'), path.join(folder, 'pom.xml'));
  const jars = path.join(folder, 'jars');
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${jars}`];
  await run('mvn', ['-q', '-B', '--strict-checksums', ...goal], { cwd: folder });
  const sums = readdirSync(jars)
    .sort()
    .map((jar) => `${sha256(readFileSync(path.join(jars, jar)))}  ${jar}\n`);
  if (sums.join('') !== readFileSync(path.join(import.meta.dirname, 'jars.sha256'), 'utf8')) {
    throw new Error('The jars of ElasticMQ are not those of test/aws/jars.sha256.');
  }
}

async function installDynoxide(folder: string): Promise<void> {
  // Compiled in a fourth of the time without optimisation, and fast enough.
  const options = ['--features', FEATURES, '--debug', '--root', folder, '--target-dir', `${folder}/target`];
  const env = { ...process.env, CARGO_PROFILE_DEV_DEBUG: '0' };
  await run('cargo', ['install', '-q', ...DYNOXIDE, ...options], { env });
  rmSync(path.join(folder, 'target'), { recursive: true });
}

/** A tool, what it is asked for its version, the least that will do, and where Debian has it. */
const TOOLS: [name: string, args: string[], least: [number, number], from: string][] = [
  ['java', ['--version'], [17, 0], 'apt-get install default-jre-headless'],
  ['mvn', ['--version'], [3, 6], 'apt-get install maven'],
  ['python3', ['--version'], [3, 11], 'apt-get install python3'],
  ['cargo', ['--version'], [1, 88], 'rustup'],
  // What the pages' commands call.
  ['curl', ['--version'], [7, 76], 'apt-get install curl'],
  ['jq', ['--version'], [1, 6], 'apt-get install jq'],
  ['openssl', ['version'], [1, 1], 'apt-get install openssl'],
];

function requireTools(): void {
  const missing = TOOLS.flatMap(([name, args, least, from]) => {
    const [major, minor] = least;
    const found = /(\d+)\.(\d+)/.exec(outputOf(name, args));
    const isNew =
      found && (Number(found[1]) > major || (Number(found[1]) === major && Number(found[2]) >= minor));
    return isNew
      ? []
      : [`${name} ${major}.${minor} or newer (${from}), ${found ? `not ${found[0]}` : 'none here'}`];
  });
  if (!/ok/.test(outputOf('python3', ['-c', 'import ensurepip, venv; print("ok")']))) {
    missing.push('Python’s venv (apt-get install python3-venv)');
  }
  if (missing.length > 0) throw new Error(`npm run test:aws needs more than npm:\n  ${missing.join('\n  ')}`);
}

function outputOf(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
