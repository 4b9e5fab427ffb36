import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FUNCTIONS } from '../../local/deploy/bundles.ts';
import { says } from '../support/baidu.ts';
import { type AwsEndpoint, startEndpoint } from '../support/endpoint.ts';
import type { World } from '../support/world.ts';
import { startWorld } from '../support/worlds.ts';

let world: World;
let secretsManager: AwsEndpoint;
beforeAll(async () => {
  world = await startWorld();
  secretsManager = await startEndpoint(() => says('{"SecretString":"{}"}'));
});
afterAll(async () => {
  await Promise.all([world.close(), secretsManager.close()]);
});

test.each(FUNCTIONS)(
  '%s tells AWS, whose log has it, which SDK, which Node and which Lambda ask',
  async (name) => {
    const env = {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    };
    const before = secretsManager.calls.length;
    const sandbox = world.sandbox(name, env, 20_000);
    await vi.waitFor(() => expect(secretsManager.calls.length).toBeGreaterThan(before), 20_000);
    await sandbox.end();
    expect(secretsManager.calls[before]?.headers['user-agent']).toMatch(
      /^aws-sdk-js\/3\.\d+\.\d+ md\/nodejs#24\.\d+\.\d+ exec-env\/AWS_Lambda_nodejs24\.x$/,
    );
  },
);
