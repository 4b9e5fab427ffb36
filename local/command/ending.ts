/** Who has started this process; read at once, since it may be gone before the command says how to end. */
const PARENT = process.ppid;

/** How often it is looked whether npm's shell is still there, in milliseconds. */
const LOOK_MS = 500;

/**
 * Ends a command that runs on: at a signal, or, under npm, when npm's shell is gone. npm hands a signal to that shell, which
 * ends and tells nobody. A second signal ends the process at once.
 *
 * @param end called once
 */
export function whenEnded(end: () => void): void {
  let isEnding = false;
  const ended = () => {
    if (isEnding) process.exit(1);
    isEnding = true;
    end();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ended);
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const look = setInterval(() => {
    if (process.ppid === PARENT) return;
    clearInterval(look);
    if (!isEnding) ended();
  }, LOOK_MS);
  look.unref();
}
