import net from 'node:net';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { awsClientLimits } from '../../../lib/aws/limits.ts';
import { beginReading } from '../../../lib/aws/secret-fetch.ts';
import { loadSecrets, readPreviousSecrets } from '../../../lib/aws/secrets-manager.ts';
import { within } from '../../../lib/baidu/http/deadline.ts';
import { openAhead } from '../../../lib/lambda/open-ahead.ts';
import { type Behaviour, breaksOff, hangs, says } from '../../support/baidu.ts';
import { type AwsEndpoint, CREDENTIALS, startEndpoint } from '../../support/endpoint.ts';

vi.mock(import('../../../lib/aws/limits.ts'), { spy: true });
vi.mock(import('../../../lib/baidu/http/deadline.ts'), { spy: true });

const CONFIG = { secretId: 'secret', secretTtlMs: 300_000 };
const parse = (text: string) => `parsed ${text}`;

let secretsManager: AwsEndpoint;
beforeEach(async () => {
  secretsManager = await startEndpoint(() => says('{"SecretString":"one"}'));
  const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await secretsManager.close();
});

describe('loadSecrets()', () => {
  test('reads the secret before anyone asks, and serves what was made of it', async () => {
    const load = loadSecrets(CONFIG, { parse });
    await vi.waitFor(() => expect(secretsManager.calls).toHaveLength(1));
    expect(await load()).toBe('parsed one');
    expect(await load()).toBe('parsed one');
    expect(secretsManager.calls.map(({ target, body }) => [target, JSON.parse(body)])).toEqual([
      ['secretsmanager.GetSecretValue', { SecretId: 'secret' }],
    ]);
  });

  test.each([
    [{}, 1250],
    [{ timeoutMs: 700 }, 350],
  ])('gives each of three attempts half the time: %j', async (limits, attemptTimeoutMs) => {
    await loadSecrets(CONFIG, { parse, ...limits })();
    expect(awsClientLimits).toHaveBeenCalledExactlyOnceWith({ attemptTimeoutMs, maxAttempts: 3 });
  });

  test('gives an attempt half the time of the read under way, so that a dead connection costs no refresh', async () => {
    const send = vi.spyOn(SecretsManagerClient.prototype, 'send');
    const failures: string[] = [];
    const onFailure = ({ message }: Error) => failures.push(message);
    const limits = { timeoutMs: 20_000, refreshTimeoutMs: 1000 };
    const load = loadSecrets({ ...CONFIG, secretTtlMs: 0 }, { parse, onFailure, ...limits });
    await vi.waitFor(() => expect(secretsManager.calls).toHaveLength(1));
    expect(await load()).toBe('parsed one');
    secretsManager.play(hangs, says('{"SecretString":"two"}'));
    expect(await load()).toBe('parsed two');
    expect(failures).toEqual([]);
    expect(send.mock.calls.map(([, options]) => options)).toMatchObject([
      { requestTimeout: 10_000 },
      ...Array(send.mock.calls.length - 1).fill({ requestTimeout: 500 }),
    ]);
  });

  test.each(['comes about', 'never does', 'leads elsewhere'])(
    'asks for it where the connection that is opened ahead %s',
    async (what) => {
      const secretsUrl = new URL(secretsManager.url);
      if (what === 'never does') vi.spyOn(net, 'connect').mockReturnValue(new net.Socket());
      if (what === 'leads elsewhere') secretsUrl.port = '9';
      const way = openAhead(secretsUrl);
      const fetchSecret = beginReading(CONFIG.secretId, { timeoutMs: 2000, way });
      const load = loadSecrets(CONFIG, { parse, timeoutMs: 2000, fetchSecret });
      expect(await load()).toBe('parsed one');
      expect(secretsManager.calls).toHaveLength(1);
    },
  );

  test('takes the answer that was asked for already once, and asks anew for the next', async () => {
    const fetchSecret = beginReading(CONFIG.secretId);
    await vi.waitFor(() => expect(secretsManager.calls).toHaveLength(1));
    const load = loadSecrets({ ...CONFIG, secretTtlMs: 0 }, { parse, fetchSecret });
    expect(await load()).toBe('parsed one');
    expect(secretsManager.calls).toHaveLength(1);
    secretsManager.play(says('{"SecretString":"two"}'));
    expect(await load()).toBe('parsed two');
  });

  test('asks anew where what was asked for already failed before anyone wanted it', async () => {
    secretsManager.play(says('{"__type":"ResourceNotFoundException","message":"No such secret."}', 400));
    const fetchSecret = beginReading(CONFIG.secretId);
    await vi.waitFor(() => expect(secretsManager.calls).toHaveLength(1));
    await delay(50);
    const failures: [string, boolean][] = [];
    const onFailure = ({ message }: Error, passing: boolean) => failures.push([message, passing]);
    expect(await loadSecrets(CONFIG, { parse, onFailure, fetchSecret })()).toBe('parsed one');
    expect(failures).toEqual([['The secret cannot be read from Secrets Manager.', true]]);
    expect(secretsManager.calls).toHaveLength(2);
  });

  test('reads it again after its time', async () => {
    const load = loadSecrets({ ...CONFIG, secretTtlMs: 0 }, { parse });
    expect(await load()).toBe('parsed one');
    secretsManager.play(says('{"SecretString":"two"}'));
    expect(await load()).toBe('parsed two');
  });

  test('reads an answer in pieces, and asks again where one breaks off', async () => {
    const text = '说'.repeat(30_000);
    const body = Buffer.from(JSON.stringify({ SecretString: text }));
    const inPieces: Behaviour = async (_request, response) => {
      // Not at the border of a character.
      for (let at = 0; at < body.length; at += 10_001) {
        response.write(body.subarray(at, at + 10_001));
        await setImmediate();
      }
      response.end();
    };
    secretsManager.play(breaksOff, inPieces);
    expect(await loadSecrets(CONFIG, { parse })()).toBe(`parsed ${text}`);
    expect(secretsManager.calls).toHaveLength(2);
  });

  test('takes no binary secret', async () => {
    const failures: string[] = [];
    secretsManager.play(says('{"SecretBinary":"b25l"}'), says('{"SecretBinary":"b25l"}'));
    const load = loadSecrets(CONFIG, { parse, onFailure: ({ message }) => failures.push(message) });
    await expect(load()).rejects.toMatchObject({
      code: 'CONFIGURATION_UNAVAILABLE',
      message: 'The secret is binary; it must be text (JSON).',
    });
    expect(failures).toEqual(Array(2).fill('The secret is binary; it must be text (JSON).'));
  });

  test.each([
    ['for the first time', () => undefined],
    ['already', () => beginReading(CONFIG.secretId)],
  ])('gives up in the time it is given, and leaves no try under way, asked %s', async (_when, begin) => {
    const send = vi.spyOn(SecretsManagerClient.prototype, 'send');
    secretsManager.play(hangs, hangs);
    const fetchSecret = begin();
    const load = loadSecrets(CONFIG, { parse, timeoutMs: 50, ...(fetchSecret && { fetchSecret }) });
    await expect(load()).rejects.toMatchObject({ message: 'Secrets Manager did not answer in time.' });
    const signals = (send.mock.calls as unknown as [unknown, { abortSignal: AbortSignal }][]).map(
      ([, { abortSignal }]) => abortSignal.aborted,
    );
    expect(signals.length).toBeGreaterThan(0);
    expect(signals.every(Boolean)).toBe(true);
  });
});

describe('readPreviousSecrets()', () => {
  test('reads the version before the present one, at each call and not sooner', async () => {
    const read = readPreviousSecrets(CONFIG, parse);
    expect(awsClientLimits).not.toHaveBeenCalled();
    expect(secretsManager.calls).toEqual([]);
    expect(await read(5000)).toBe('parsed one');
    secretsManager.play(says('{"SecretString":"two"}'));
    expect(await read(5000)).toBe('parsed two');
    expect(secretsManager.calls.map(({ body }) => JSON.parse(body))).toEqual(
      Array(2).fill({ SecretId: 'secret', VersionStage: 'AWSPREVIOUS' }),
    );
    expect(awsClientLimits).toHaveBeenCalledExactlyOnceWith({ attemptTimeoutMs: 500, maxAttempts: 3 });
  });

  test('throws what makes it unfit', async () => {
    const read = readPreviousSecrets(CONFIG, () => {
      throw new Error('unfit');
    });
    await expect(read(5000)).rejects.toThrow('unfit');
  });

  test('throws where there is none', async () => {
    secretsManager.play(says('{"__type":"ResourceNotFoundException","message":"No such version."}', 400));
    await expect(readPreviousSecrets(CONFIG, parse)(5000)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test.each([
    [50, 50],
    [60_000, 1000],
  ])('with %i ms left gives up after %i', async (budgetMs, limitMs) => {
    secretsManager.play(hangs, hangs, hangs);
    await expect(readPreviousSecrets(CONFIG, parse)(budgetMs)).rejects.toMatchObject({
      message: 'Secrets Manager did not answer in time.',
    });
    expect(within).toHaveBeenCalledExactlyOnceWith(limitMs, expect.any(Function), expect.any(Function));
  });
});
