/** What a value of an AWS operation is, as the SDK's own model says. */
export type Shape =
  | { readonly kind: 'string' | 'number' | 'boolean' | 'timestamp' | 'blob' | 'document' }
  | { readonly kind: 'list' | 'map'; readonly of: () => Shape }
  | Structure;

/** A structure: its members by name, and the names of those that have to be there. */
export interface Structure {
  readonly kind: 'structure';
  readonly members: ReadonlyMap<string, () => Shape>;
  readonly required: readonly string[];
}

/** An operation of an AWS service, with the SDK's client to send it by. */
export interface Operation {
  readonly input: Structure;
  /** The variable with the address of a stand-in for the service, if there is one. */
  readonly endpointVariable: string;
  send(input: object, client: object): Promise<Record<string, unknown>>;
}

type Module = Readonly<Record<string, unknown>>;

/** The services of which the pages print commands, by their names on the command line. */
const SERVICES: Readonly<Record<string, { load: () => Promise<Module>; client: string; variable: string }>> =
  {
    cloudformation: {
      load: () => import('@aws-sdk/client-cloudformation'),
      ...{ client: 'CloudFormationClient', variable: 'CLOUDFORMATION' },
    },
    cloudwatch: {
      load: () => import('@aws-sdk/client-cloudwatch'),
      ...{ client: 'CloudWatchClient', variable: 'CLOUDWATCH' },
    },
    dynamodb: {
      load: () => import('@aws-sdk/client-dynamodb'),
      ...{ client: 'DynamoDBClient', variable: 'DYNAMODB' },
    },
    lambda: {
      load: () => import('@aws-sdk/client-lambda'),
      ...{ client: 'LambdaClient', variable: 'LAMBDA' },
    },
    logs: {
      load: () => import('@aws-sdk/client-cloudwatch-logs'),
      ...{ client: 'CloudWatchLogsClient', variable: 'CLOUDWATCH_LOGS' },
    },
    secretsmanager: {
      load: () => import('@aws-sdk/client-secrets-manager'),
      ...{ client: 'SecretsManagerClient', variable: 'SECRETS_MANAGER' },
    },
    sns: { load: () => import('@aws-sdk/client-sns'), client: 'SNSClient', variable: 'SNS' },
    sqs: { load: () => import('@aws-sdk/client-sqs'), client: 'SQSClient', variable: 'SQS' },
  };

/** Finds an operation by its two names on the command line; `undefined` where AWS has none such. */
export async function findOperation(service: string, operation: string): Promise<Operation | undefined> {
  const known = SERVICES[service];
  if (!known) return undefined;
  const module = await known.load();
  const name = Object.keys(module).find((key) => key.toLowerCase() === `${folded(operation)}command`);
  if (name === undefined) return undefined;
  const input = shapeOf(schemaOf(module[name.replace(/Command$/, '$')], 4));
  if (input.kind !== 'structure') throw new Error(`${name} has an input that is no structure.`);
  return {
    ...{ input, endpointVariable: `AWS_ENDPOINT_URL_${known.variable}` },
    send: (value, options) => {
      const client = construct(module[known.client], options) as Client;
      return client.send(construct(module[name], value)).finally(() => client.destroy());
    },
  };
}

/** A name without case and hyphens: `--queue-url` is `QueueUrl`. */
export function folded(name: string): string {
  return name.replaceAll('-', '').toLowerCase();
}

interface Client {
  send(command: object): Promise<Record<string, unknown>>;
  destroy(): void;
}

function construct(type: unknown, argument: object): object {
  return Reflect.construct(type as new (argument: object) => object, [argument]);
}

/** The numbers that stand for simple values in the SDK's schemas. */
const SIMPLE = new Map([
  [0, 'string'],
  [1, 'number'],
  [2, 'boolean'],
  [4, 'timestamp'],
  [5, 'timestamp'],
  [6, 'timestamp'],
  [7, 'timestamp'],
  [15, 'document'],
  [17, 'number'],
  [19, 'number'],
  [21, 'blob'],
  [42, 'blob'],
] as const);
/** What is added to the number of a value for a list and for a map of it. */
const LIST_OF = 64;
const MAP_OF = 128;

/**
 * Reads one of the schemas that each client of the SDK exports for each operation: a number for a simple value, or an
 * array of kind, namespace, name, traits and content; either may stand in a function, and before traits of its own.
 */
function shapeOf(schema: unknown): Shape {
  if (typeof schema === 'function') return shapeOf(schema());
  if (schema === 'unit') return { kind: 'structure', members: new Map(), required: [] };
  if (typeof schema === 'number') return simple(schema);
  if (!Array.isArray(schema)) throw new Error(`This schema is not known: ${String(schema)}`);
  if (typeof schema[1] !== 'string') return shapeOf(schema[0]);
  const [kind, , , , content, more, required = 0] = schema;
  if (kind === 0) return shapeOf(content);
  if (kind === 1) return { kind: 'list', of: () => shapeOf(content) };
  if (kind === 2) return { kind: 'map', of: () => shapeOf(more) };
  const names: string[] = content;
  return {
    kind: 'structure',
    members: new Map(names.map((name, index) => [name, () => shapeOf(more[index])])),
    required: names.slice(0, required),
  };
}

function simple(code: number): Shape {
  if (code >= MAP_OF) return { kind: 'map', of: () => simple(code - MAP_OF) };
  if (code >= LIST_OF) return { kind: 'list', of: () => simple(code - LIST_OF) };
  const kind = SIMPLE.get(code as 0);
  if (!kind) throw new Error(`The schema of a value is not known: ${code}`);
  return { kind };
}

function schemaOf(operation: unknown, index: number): unknown {
  if (!Array.isArray(operation)) throw new Error('The SDK exports no schema for this operation.');
  return operation[index];
}
