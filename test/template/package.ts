import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startAgain } from '../support/again.ts';
import { COMPILED } from '../support/compiled.ts';
import { evaluateConditions } from './conditions.ts';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Properties = { [key: string]: Json };

/** A resource of a CloudFormation template. */
export interface Resource {
  Type: string;
  Properties: Properties;
  Condition?: Json;
  DependsOn?: string | string[];
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

/** A CloudFormation template. */
export interface Template {
  Resources: Record<string, Resource>;
  Outputs: Record<string, { Value: Json; Description?: string }>;
  Conditions?: Properties;
  Mappings?: Properties;
}

/** What `osls package` wrote. */
export interface Packaged {
  /** Byte for byte, with all its conditions. */
  text: string;
  /** As CloudFormation sees it once the conditions are evaluated. */
  template: Template;
  /** Names of the files beside the template. */
  files: string[];
}

export interface PackageOptions {
  stage?: string;
  params?: Record<string, string>;
  /** What runs osls: a process of its own by default. */
  run?: typeof osls;
}

/** The root of the project. */
export const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const OSLS = join(root, 'node_modules', 'serverless', 'bin', 'serverless.js');

/** Each parameter of `serverless.yml`, with another value than its default. */
export const everyParameter = {
  secretId: 'arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:merchant/baidu-AbCdEf',
  secretKeyArn: 'arn:aws-cn:kms:cn-north-1:123456789012:key/00000000-0000-0000-0000-00000000000a',
  secretTtlSeconds: '60',
  baiduQueryUrl: 'https://proxy.example/queryorderdetail',
  baiduOpenapiUrl: 'https://proxy.example:8443',
  baiduStatusApi: 'findByTpOrderId',
  baiduAttemptTimeoutMs: '1000',
  baiduMaxAttempts: '2',
  ordersTable: 'merchant-orders',
  ledgerDays: '30',
  confirmConcurrency: '20',
  confirmReservedConcurrency: '30',
  notifyReservedConcurrency: '200',
  queryRateLimit: '11',
  queryBurstLimit: '12',
  webhookRateLimit: '13',
  webhookBurstLimit: '14',
  topicKeyArn: 'arn:aws-cn:kms:cn-north-1:123456789012:key/00000000-0000-0000-0000-00000000000b',
  alarmTopicArn: 'arn:aws-cn:sns:cn-north-1:123456789012:operators',
  silenceAlarmHours: '6',
  logRetentionDays: '30',
  logLevel: 'DEBUG',
} as const;

/**
 * Packages the service with osls, in a folder of its own and with empty handlers: the template does not
 * depend on what they do. There are no credentials in the environment.
 *
 * @param options.stage the stage, `dev` as in serverless.yml by default
 * @param options.params values for parameters, as on the command line
 * @returns the template, as text and evaluated
 */
export async function packageTemplate({
  stage = 'dev',
  params = {},
  run = osls,
}: PackageOptions = {}): Promise<Packaged> {
  const folder = await copyService();
  try {
    const flags = Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${value}`]);
    await run(folder, ['package', '--stage', stage, ...flags]);
    const output = join(folder, '.serverless');
    const text = await readFile(join(output, 'cloudformation-template-update-stack.json'), 'utf8');
    return { text, template: evaluateConditions(JSON.parse(text)), files: await readdir(output) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes a folder that osls can package, with empty handlers, from a project's; the caller removes it. */
export async function copyService(project = root): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'template-'));
  for (const name of ['serverless.yml', 'resources']) {
    await cp(join(project, name), join(folder, name), { recursive: true });
  }
  for (const name of ['esbuild.config.cjs', 'package.json', 'local', 'node_modules']) {
    await symlink(join(project, name), join(folder, name));
  }
  await mkdir(join(folder, 'handlers'));
  for (const name of ['query', 'notify', 'confirm']) {
    await writeFile(join(folder, 'handlers', `${name}.ts`), 'export const handler = async () => {};\n');
  }
  return folder;
}

/** Runs osls in a folder, without credentials; rejects, with what it printed, where it does not end well. */
export async function osls(
  folder: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [OSLS, ...args], { cwd: folder, env: { ...bare(folder), ...environment } });
}

/** Starts one process that runs osls as often as it is asked to, one after another, with the same outcome as `osls`. */
export function startOsls(): { readonly osls: typeof osls; end(): Promise<void> } {
  const again = startAgain(join(import.meta.dirname, 'osls-again.ts'));
  return {
    osls: async (folder, args, environment = {}) => {
      const all = { ...bare(folder), ...environment };
      const { code, ...said } = await again.run({ program: OSLS, args, environment: all, folder, stdin: '' });
      if (code === 0) return said;
      throw Object.assign(new Error(`osls ended with ${code}:\n${said.stdout}${said.stderr}`), said);
    },
    end: again.end,
  };
}

/** The environment of an osls that knows nothing of this machine. */
const bare = (folder: string) => ({
  PATH: process.env['PATH'] ?? '',
  HOME: join(folder, 'home'),
  CI: '1',
  ...COMPILED,
});

/** The resource with this logical id; a test fails where there is none. */
export function resource(template: Template, id: string): Resource {
  const found = template.Resources[id];
  if (found === undefined) throw new Error(`The template has no ${id}`);
  return found;
}

/** Logical ids of the resources of a type, e.g. `AWS::SQS::Queue`. */
export function idsOfType(template: Template, type: string): string[] {
  return Object.keys(template.Resources).filter((id) => resource(template, id).Type === type);
}

/** What stands for a name in the text of an `Fn::Sub`, e.g. of `AWS::Region`. */
export const placeholder = (name: string): string => `\${${name}}`;
