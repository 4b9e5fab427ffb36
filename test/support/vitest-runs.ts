import { startVitest } from 'vitest/node';

/*
 * Runs vitest with some reporters (the first argument) as often as the second argument says, in one process: most of a
 * run in a process of its own is starting. After each it prints a marked line with the exit code.
 */
const [reporters = '', runs = ''] = process.argv.slice(2);
for (const { files, ...options } of JSON.parse(runs)) {
  process.exitCode = undefined;
  const vitest = await startVitest(files, {
    ...options,
    run: true,
    pool: 'threads',
    reporters: JSON.parse(reporters),
  });
  await vitest.close();
  process.stdout.write(`\nENDED ${process.exitCode ?? 0}\n`);
}
process.exitCode = 0;
