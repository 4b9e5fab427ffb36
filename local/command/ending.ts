/** Who has started this process; read at once, since it may be gone before the command says how to end. */
const PARENT = process.ppid;

/** How often it is looked whether the parent is still there, in milliseconds. */
const LOOK_MS = 500;

/** So long after the first a signal is a second one, in milliseconds: a Ctrl-C comes from the terminal and from npm. */
const AGAIN_MS = 500;

/**
 * Ends a command that runs on: at a signal, or, under npm, when npm's shell is gone. npm hands a signal to that shell, which
 * ends and tells nobody. A second signal ends the process at once.
 *
 * @param end called once
 */
export function whenEnded(end: () => void): void {
  let since: number | undefined;
  const ended = () => {
    const now = performance.now();
    if (since !== undefined && now - since > AGAIN_MS) process.exit(1);
    if (since === undefined) end();
    since ??= now;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ended);
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const look = setInterval(() => {
    if (process.ppid === PARENT) return;
    clearInterval(look);
    if (since === undefined) ended();
  }, LOOK_MS);
  look.unref();
}
