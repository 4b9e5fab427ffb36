import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';

/** What a function returned, or the name and the message of the error with which it failed. */
export interface Invoked {
  // biome-ignore lint/suspicious/noExplicitAny: it is only shown.
  readonly result: Record<string, any> | undefined;
  readonly error: string | undefined;
  readonly message: string;
}

/** Invokes a deployed function and waits for what comes of it. */
export async function invoke(lambda: LambdaClient, name: string, event: object): Promise<Invoked> {
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }),
  );
  const result = JSON.parse(Payload?.transformToString() || 'null');
  if (!FunctionError) return { result, error: undefined, message: '' };
  const { errorType = FunctionError, errorMessage = 'no answer' } = result ?? {};
  return { result: undefined, error: errorType, message: errorMessage };
}
