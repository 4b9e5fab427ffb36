import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What the endpoint does in place of answering: one of the service's own errors, or nothing for ever. */
export type SecretsFault =
  | {
      error:
        | 'ThrottlingException'
        | 'AccessDeniedException'
        | 'InternalServiceError'
        | 'ResourceNotFoundException';
    }
  | { hang: true };

/** A local endpoint that speaks the wire protocol of AWS Secrets Manager (JSON 1.1) to the real SDK. */
export interface LocalSecretsManager {
  /** For `AWS_ENDPOINT_URL_SECRETS_MANAGER`. */
  readonly url: string;
  /** Stores a secret's current text under a name or ARN. */
  put(secretId: string, text: string): void;
  /** Makes every request fail until `undefined` is set. */
  fail(fault: SecretsFault | undefined): void;
  /** How many requests have arrived. */
  requests(): number;
  close(): Promise<void>;
}

const STATUS: Readonly<Record<string, number>> = { InternalServiceError: 500 };

/** Starts the endpoint on a free port of 127.0.0.1. `GetSecretValue` is the one action that it knows. */
export async function startSecretsManager(): Promise<LocalSecretsManager> {
  const secrets = new Map<string, { text: string; versionId: string }>();
  let fault: SecretsFault | undefined;
  let requests = 0;

  const server = http.createServer(async (request, response) => {
    requests++;
    const body = await text(request).catch(() => undefined);
    if (body === undefined || (fault && 'hang' in fault)) return;
    const answer = fault ? failure(fault.error, 'As was asked for.') : getSecretValue(request, body, secrets);
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    put: (secretId, secretText) => {
      secrets.set(secretId, { text: secretText, versionId: randomUUID() });
    },
    fail: (next) => {
      fault = next;
    },
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface WireAnswer {
  status: number;
  body: unknown;
}

function getSecretValue(
  request: http.IncomingMessage,
  body: string,
  secrets: ReadonlyMap<string, { text: string; versionId: string }>,
): WireAnswer {
  if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=')) {
    return failure('MissingAuthenticationTokenException', 'The request is not signed.');
  }
  if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') {
    return failure('UnknownOperationException', 'Only GetSecretValue is known here.');
  }
  const { SecretId } = JSON.parse(body) as { SecretId?: string };
  const secret = SecretId === undefined ? undefined : secrets.get(SecretId);
  if (!secret)
    return failure('ResourceNotFoundException', 'Secrets Manager can’t find the specified secret.');
  return {
    status: 200,
    body: {
      ARN: `arn:aws-cn:secretsmanager:cn-north-1:000000000000:secret:${SecretId}-AbCdEf`,
      Name: SecretId,
      SecretString: secret.text,
      VersionId: secret.versionId,
      VersionStages: ['AWSCURRENT'],
      CreatedDate: Date.now() / 1000,
    },
  };
}

function failure(type: string, message: string): WireAnswer {
  return { status: STATUS[type] ?? 400, body: { __type: type, message } };
}
