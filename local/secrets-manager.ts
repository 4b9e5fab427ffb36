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
  /** Stores a new version of a secret under a name or ARN; the version before it stays, as the previous one. */
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
  const secrets = new Map<string, StoredSecret>();
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
      const current = { text: secretText, versionId: randomUUID() };
      secrets.set(secretId, { AWSCURRENT: current, AWSPREVIOUS: secrets.get(secretId)?.AWSCURRENT });
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

interface Version {
  text: string;
  versionId: string;
}

/** The versions of a secret by their staging labels. */
interface StoredSecret {
  AWSCURRENT: Version;
  AWSPREVIOUS: Version | undefined;
}

interface WireAnswer {
  status: number;
  body: unknown;
}

function getSecretValue(
  request: http.IncomingMessage,
  body: string,
  secrets: ReadonlyMap<string, StoredSecret>,
): WireAnswer {
  if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=')) {
    return failure('MissingAuthenticationTokenException', 'The request is not signed.');
  }
  if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') {
    return failure('UnknownOperationException', 'Only GetSecretValue is known here.');
  }
  const { SecretId = '', VersionStage = 'AWSCURRENT' } = JSON.parse(body) as Record<string, string>;
  const versions = new Map(Object.entries(secrets.get(SecretId) ?? {}));
  const version = versions.get(VersionStage);
  if (!version) {
    const what = versions.size === 0 ? 'secret' : `secret value for staging label: ${VersionStage}`;
    return failure('ResourceNotFoundException', `Secrets Manager can’t find the specified ${what}.`);
  }
  return {
    status: 200,
    body: {
      ARN: `arn:aws-cn:secretsmanager:cn-north-1:000000000000:secret:${SecretId}-AbCdEf`,
      Name: SecretId,
      SecretString: version.text,
      VersionId: version.versionId,
      VersionStages: [VersionStage],
      CreatedDate: Date.now() / 1000,
    },
  };
}

function failure(type: string, message: string): WireAnswer {
  return { status: STATUS[type] ?? 400, body: { __type: type, message } };
}
