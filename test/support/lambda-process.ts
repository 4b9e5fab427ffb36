import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * A sandbox of its own: loads the bundle named on the command line, hands it each event that comes as a line of
 * standard input, one after the other, and prints what came of it, a marked line each. For the line `MEMORY` it tells
 * what it holds when all that nobody needs is collected. Whoever started it may stop or kill it at any moment.
 */
const [bundle = '', timeoutMs = '3000'] = process.argv.slice(2);
const { handler } = createRequire(import.meta.url)(bundle);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'MEMORY') {
    // Not by a flag of the process: with other flags Node finds nothing of what it has compiled before.
    setFlagsFromString('--expose-gc');
    runInNewContext('gc')();
    process.stdout.write(`OUTCOME ${JSON.stringify({ result: process.memoryUsage() })}\n`);
    continue;
  }
  const deadline = Date.now() + Number(timeoutMs);
  const context = { awsRequestId: 'sandbox', getRemainingTimeInMillis: () => deadline - Date.now() };
  const outcome = await handler(JSON.parse(line), context).then(
    (result: unknown) => ({ result }),
    // What Lambda's runtime client tells the caller of an error, and what it logs of one.
    (error: Error) => ({ error: { ...error, name: error.name, message: error.message, stack: error.stack } }),
  );
  process.stdout.write(`OUTCOME ${JSON.stringify(outcome)}\n`);
}
process.exit(0);
