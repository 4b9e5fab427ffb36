import http from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from '../../local/cashier/http/loopback.ts';

/** What of AWS a deployed stage is checked through: invoking functions, and the outputs of stacks. */
export interface ControlPlane {
  /** For `AWS_ENDPOINT_URL_LAMBDA` and `AWS_ENDPOINT_URL_CLOUDFORMATION`. */
  readonly url: string;
  close(): Promise<void>;
}

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

/** A stack that can be described, or what CloudFormation says instead. */
type StackOrError =
  | { name: string; outputs: Readonly<Record<string, string>> }
  | { code: string; message: string };

/**
 * Starts an endpoint that speaks as much of the two protocols as the real SDK needs, on a free port of 127.0.0.1.
 *
 * @see AWS Lambda API reference, Invoke; AWS CloudFormation API reference, DescribeStacks
 */
export async function startControlPlane(
  functions: Readonly<Record<string, Handler>>,
  ...stacks: readonly StackOrError[]
): Promise<ControlPlane> {
  const server = http.createServer(async (request, response) => {
    const body = await text(request);
    const name = /^\/2015-03-31\/functions\/([^/]+)\/invocations/.exec(request.url ?? '')?.[1];
    if (name !== undefined) return invoke(response, functions[name], body);
    describe(response, new URLSearchParams(body).get('StackName') ?? '', stacks);
  });
  return await listenOnLoopback(server);
}

async function invoke(
  response: http.ServerResponse,
  handler: Handler | undefined,
  body: string,
): Promise<void> {
  if (!handler) {
    response.writeHead(404, { 'x-amzn-errortype': 'ResourceNotFoundException' });
    response.end(JSON.stringify({ Message: 'Function not found' }));
    return;
  }
  try {
    const result = await handler(JSON.parse(body), { awsRequestId: 'invoked' });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(result));
  } catch (error) {
    const { name, message } = error as Error;
    response.writeHead(200, { 'x-amz-function-error': 'Unhandled' });
    response.end(JSON.stringify({ errorType: name, errorMessage: message }));
  }
}

function describe(response: http.ServerResponse, name: string, stacks: readonly StackOrError[]): void {
  const unknown = { code: 'ValidationError', message: `Stack with id ${name} does not exist` };
  const found = stacks.find((stack) => 'code' in stack || stack.name === name) ?? unknown;
  const failed = 'code' in found;
  response.writeHead(failed ? 400 : 200, { 'content-type': 'text/xml' });
  response.end(failed ? refusal(found) : description(found));
}

function refusal({ code, message }: { code: string; message: string }): string {
  return `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
}

function description({ name, outputs }: { name: string; outputs: Readonly<Record<string, string>> }): string {
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  return `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>${name}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
}
