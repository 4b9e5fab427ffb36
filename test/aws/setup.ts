import type { TestProject } from 'vitest/node';
import { startEngine } from './engine.ts';
import { openToolbox, type Toolbox } from './toolbox.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the tools lie. */
    tools: Omit<Toolbox, 'python'> & { readonly python: string };
    /** A DynamoDB that is not dynalite. */
    dynamodbUrl: string;
  }
}

/** Has the tools at hand, and puts the local stack's tables onto another DynamoDB for every test that follows. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const tools = await openToolbox((line) => console.log(line));
  const dynamodb = await startEngine(tools.dynoxide, (port) => ['--port', String(port)]);
  process.env['LOCAL_DYNAMODB_URL'] = dynamodb.url;
  project.provide('tools', { ...tools, python: tools.python('') });
  project.provide('dynamodbUrl', dynamodb.url);
  return dynamodb.close;
}
