import { execFile } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const CLI = path.resolve(import.meta.dirname, '../../local/smoke.ts');
const NAME = 'baidu-payment-status-prod';

let stack: Stack;
let planes: ControlPlane[];

beforeAll(async () => {
  stack = await startStack();
  planes = [];
}, 60_000);

afterAll(async () => {
  await Promise.all(planes.map((plane) => plane.close()));
  await stack.close();
});

type Handler = (event: unknown) => Promise<unknown>;

/** The local functions as Lambda's API reaches them. */
const functionsOf = ({ functions }: Stack): Record<string, Handler> =>
  Object.fromEntries(
    Object.entries(functions).map(([name, { invoke }]) => [
      name,
      async (event: unknown) => {
        const { result, error } = await invoke(event);
        if (error) throw Object.assign(new Error(error.message), { name: error.name });
        return result;
      },
    ]),
  );

/** Runs the command against a stage; its exit code and what it printed. */
async function smoke({
  functions = functionsOf(stack),
  outputs = outputsOf(stack) as Record<string, string>,
} = {}) {
  const named = Object.fromEntries(
    Object.entries(functions).map(([name, handler]) => [`${NAME}-${name}`, handler]),
  );
  const plane = await startControlPlane(named, { name: NAME, outputs });
  planes.push(plane);
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL_LAMBDA: plane.url,
    AWS_ENDPOINT_URL_CLOUDFORMATION: plane.url,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  };
  const options = ['--stage', 'prod', '--region', 'cn-north-1'];
  return new Promise<{ code: number; output: string }>((resolve) => {
    execFile(process.execPath, [CLI, ...options], { env }, (error, stdout) => {
      resolve({ code: Number(error?.code ?? 0), output: stdout });
    });
  });
}

const outputsOf = ({ webhookUrl, gateway }: Stack) => ({
  WebhookUrl: webhookUrl,
  QueryUrl: `${gateway.url}/orders/{orderId}/payment-status`,
});

test('npm run smoke finds a good stage good', async () => {
  const { code, output } = await smoke();
  expect(output).toMatch(/ok\s+query signs: 2048 bits, public key MII/);
  expect(output).toMatch(/ok\s+notify verifies: \d+ bits, public key MI/);
  expect(output).toMatch(/ok\s+confirm signs: 2048 bits/);
  expect(output).toMatch(/ok\s+the webhook refuses what is forged: HTTP 403/);
  expect(output).toMatch(/ok\s+the query refuses who has no token: HTTP 401/);
  expect(code).toBe(0);
}, 60_000);

test('npm run smoke says what is wrong, check by check', async () => {
  const open = { ...outputsOf(stack), WebhookUrl: `${stack.gateway.url}/elsewhere`, QueryUrl: '' };
  const failing = async () => {
    throw Object.assign(new Error('The secret’s appId is missing.'), { name: 'CONFIGURATION_UNAVAILABLE' });
  };
  const { code, output } = await smoke({
    functions: { ...functionsOf(stack), query: failing },
    outputs: open,
  });
  expect(output).toContain('query failed: CONFIGURATION_UNAVAILABLE: The secret’s appId is missing.');
  expect(output).toMatch(/WRONG the webhook refuses what is forged: HTTP 404/);
  expect(output).toMatch(/WRONG the query refuses who has no token: the stack has no output QueryUrl/);
  expect(output).toMatch(/ok\s+confirm signs/);
  expect(code).toBe(1);
}, 60_000);
