import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { keptResult } from './kept-result.ts';

/** A function as `serverless.yml` deploys it. */
export interface DeployedFunction {
  /** `query`, `notify` or `confirm`. */
  readonly name: string;
  readonly timeoutMs: number;
  /** The method and path of each of its HTTP routes; `{name}` stands for a parameter. */
  readonly routes: readonly { readonly method: string; readonly path: string }[];
  /** Its variables, references to resources resolved. */
  readonly environment: Readonly<Record<string, string>>;
}

/** `osls print`, as far as it is read here. */
interface PrintedService {
  provider: { environment: Record<string, unknown> };
  functions: Record<
    string,
    { timeout: number; environment: Record<string, unknown>; events: PrintedEvent[] }
  >;
}

type PrintedEvent = { httpApi?: string };

const require = createRequire(import.meta.url);
const FRAMEWORK = require.resolve('serverless/bin/serverless.js');
const FRAMEWORK_VERSION = path.resolve(FRAMEWORK, '../../package.json');
const root = path.resolve(import.meta.dirname, '../..');
const KEPT = path.join(root, 'node_modules/.cache/osls-print.json');

/** What `serverless.yml` says, before references to resources are resolved. */
export type Deployment = (resources: Readonly<Record<string, string>>) => readonly DeployedFunction[];

/** What was read before: nobody changes the file while a process runs. */
let known: Deployment | undefined;

/**
 * Reads the functions, routes and variables of `serverless.yml` as the framework resolves it.
 *
 * @param signal breaks it off
 * @returns a function that takes what a `!Ref` to a resource stands for on this machine, by the resource's logical name
 */
export async function readDeployment(signal?: AbortSignal): Promise<Deployment> {
  known ??= await printDeployment(signal);
  return known;
}

async function printDeployment(signal: AbortSignal | undefined): Promise<Deployment> {
  const resources = (await readdir(path.join(root, 'resources'))).sort().map((name) => `resources/${name}`);
  const sources = ['serverless.yml', ...resources].map((file) => path.join(root, file));
  const service = await keptResult(KEPT, [...sources, FRAMEWORK_VERSION], () => print(signal));
  return (resources) =>
    Object.entries(service.functions).map(([name, { timeout, environment, events }]) => ({
      name,
      timeoutMs: timeout * 1000,
      routes: routesOf(events),
      environment: resolve({ ...service.provider.environment, ...environment }, resources),
    }));
}

/** Takes the framework a second or two. */
async function print(signal: AbortSignal | undefined): Promise<PrintedService> {
  const { stdout } = await promisify(execFile)(process.execPath, [FRAMEWORK, 'print', '--format', 'json'], {
    cwd: root,
    ...(signal && { signal }),
  });
  return JSON.parse(stdout);
}

function routesOf(events: readonly PrintedEvent[]): DeployedFunction['routes'] {
  return events.flatMap(({ httpApi }) => {
    const [method, routePath] = httpApi?.split(' ') ?? [];
    return method && routePath ? [{ method, path: routePath }] : [];
  });
}

function resolve(
  environment: Readonly<Record<string, unknown>>,
  resources: Readonly<Record<string, string>>,
): Record<string, string> {
  const resolved: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === null) continue;
    const reference = typeof value === 'object' && 'Ref' in value ? String(value.Ref) : undefined;
    const found = reference === undefined ? String(value) : resources[reference];
    if (found === undefined) throw new Error(`${name} refers to ${reference}, which has no local stand-in.`);
    resolved[name] = found;
  }
  return resolved;
}
