import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from '../cashier/http/loopback.ts';

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

interface Version {
  text: string;
  versionId: string;
}

/** Secrets by their names, with the versions of each by their staging labels. */
type Secrets = Map<string, ReadonlyMap<string, Version>>;

/**
 * Starts the endpoint on a free port of 127.0.0.1. It knows three actions: `GetSecretValue`, which the service needs,
 * and `CreateSecret` and `PutSecretValue`, with which an operator makes and changes a secret.
 */
export async function startSecretsManager(): Promise<LocalSecretsManager> {
  const secrets: Secrets = new Map();
  let fault: SecretsFault | undefined;
  let requests = 0;

  const server = http.createServer(async (request, response) => {
    requests++;
    const body = await text(request).catch(() => undefined);
    if (body === undefined || (fault && 'hang' in fault)) return;
    const answer = fault ? failure(fault.error, 'As was asked for.') : answerTo(request, body, secrets);
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answer.body));
  });
  const { url, close } = await listenOnLoopback(server);

  return {
    url,
    put: (secretId, secretText) => {
      stored(secretId, secretText, secrets);
    },
    fail: (next) => {
      fault = next;
    },
    requests: () => requests,
    close,
  };
}

interface WireAnswer {
  status: number;
  body: unknown;
}

function answerTo(request: http.IncomingMessage, body: string, secrets: Secrets): WireAnswer {
  if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=')) {
    return failure('MissingAuthenticationTokenException', 'The request is not signed.');
  }
  const input = JSON.parse(body) as Partial<Record<string, string>>;
  const { SecretId = input['Name'] ?? '', SecretString = '', VersionStage = 'AWSCURRENT' } = input;
  const known = secrets.get(SecretId);
  switch (request.headers['x-amz-target']) {
    case 'secretsmanager.GetSecretValue': {
      const version = known?.get(VersionStage);
      if (version) return described(SecretId, version, VersionStage);
      return notFound(known ? `secret value for staging label: ${VersionStage}` : 'secret');
    }
    case 'secretsmanager.PutSecretValue':
      return known ? stored(SecretId, SecretString, secrets) : notFound('secret');
    case 'secretsmanager.CreateSecret':
      if (!known) return stored(SecretId, SecretString, secrets);
      return failure('ResourceExistsException', 'The operation failed because the secret already exists.');
    default:
      return failure('UnknownOperationException', 'This action is not known here.');
  }
}

function described(name: string, { text, versionId }: Version, stage: string): WireAnswer {
  const value = { SecretString: text, VersionStages: [stage], CreatedDate: Date.now() / 1000 };
  return { status: 200, body: { ...identity(name, versionId), ...value } };
}

/** Puts a new version in force; the one before stays, as the previous one. */
function stored(name: string, text: string, secrets: Secrets): WireAnswer {
  const version = { text, versionId: randomUUID() };
  const before = secrets.get(name)?.get('AWSCURRENT');
  secrets.set(
    name,
    new Map([['AWSCURRENT', version], ...(before ? [['AWSPREVIOUS', before] as const] : [])]),
  );
  return { status: 200, body: identity(name, version.versionId) };
}

function identity(name: string, versionId: string) {
  const ARN = `arn:aws-cn:secretsmanager:cn-north-1:000000000000:secret:${name}-AbCdEf`;
  return { ARN, Name: name, VersionId: versionId };
}

function notFound(what: string): WireAnswer {
  return failure('ResourceNotFoundException', `Secrets Manager can’t find the specified ${what}.`);
}

function failure(type: string, message: string): WireAnswer {
  return { status: STATUS[type] ?? 400, body: { __type: type, message } };
}
