import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

/*
 * A sandbox of its own for one invocation: loads the bundle named on the command line, hands it the event that comes
 * by standard input, and prints what it returns. Whoever started it may kill it at any moment.
 */
const [bundle = '', timeoutMs = '3000'] = process.argv.slice(2);
const event: unknown = JSON.parse(await text(process.stdin));
const deadline = Date.now() + Number(timeoutMs);
const context = { awsRequestId: 'sandbox', getRemainingTimeInMillis: () => deadline - Date.now() };
const result: unknown = await createRequire(import.meta.url)(bundle).handler(event, context);
process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0));
