import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { runDoctor } from './run.ts';

/** Runs the doctor against a Secrets Manager that gives one answer. */
async function askWith(status: number, body: object): Promise<{ code: number | null; out: string }> {
  const server = http.createServer((request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const env = {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ AWS_REGION: 'cn-north-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
  };
  try {
    return await runDoctor(['--secret-id', 'merchant'], { env });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const refused = (name: string, message = '') => askWith(400, { __type: name, message });

describe('Secrets Manager', () => {
  test.each([
    [
      'UnrecognizedClientException',
      'The security token is invalid.',
      'does not take the AWS credentials here',
    ],
    ['InvalidSignatureException', 'Mismatch.', 'does not take the AWS credentials here'],
    ['ExpiredTokenException', 'The security token is expired.', 'they have expired'],
    ['InvalidRequestException', 'It was marked for deletion.', 'did not answer: It was marked for deletion.'],
    ['InvalidRequestException', 'Something else.', 'did not answer: Something else.'],
  ])('is heard when it answers %s: %s', async (name, message, words) => {
    const { code, out } = await refused(name, message);
    expect(code).toBe(1);
    expect(out).toContain(words);
    expect(out).not.toContain('security token');
  });

  test('is heard when the secret is binary', async () => {
    const { code, out } = await askWith(200, { Name: 'merchant', SecretBinary: 'e30=' });
    expect(code).toBe(1);
    expect(out).toContain('✗ Secrets Manager  The secret is binary; it must be text (JSON).');
  });
});
