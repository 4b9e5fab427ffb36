/**
 * Runs osls once for each message, each time as its command does, in one process: most of what a run spends is spent
 * on loading packages. osls's own modules remember a run, and esbuild's the folder, and so are loaded anew for each.
 */
const path = require('node:path');

const PACKAGES = path.join(__dirname, '../../node_modules');
const ANEW = ['serverless', 'serverless-esbuild', 'esbuild'].map(
  (name) => path.join(PACKAGES, name) + path.sep,
);
const command = path.join(PACKAGES, 'serverless/bin/serverless.js');
process.setMaxListeners(0);

const said = {};
for (const name of ['stdout', 'stderr']) {
  process[name].write = (text) => {
    said[name] += text;
    return true;
  };
}

process.on('message', ({ folder, args, environment }) => {
  for (const file of Object.keys(require.cache)) {
    if (ANEW.some((folder) => file.startsWith(folder))) delete require.cache[file];
  }
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  process.chdir(folder);
  process.argv = [process.execPath, command, ...args];
  Object.assign(said, { stdout: '', stderr: '' });
  process.exitCode = 0;
  // A run is over where a process of its own would end: when nothing is left to wait for.
  process.channel.unref();
  require(command);
});

process.on('beforeExit', () => {
  if (!process.connected) return;
  process.channel.ref();
  process.send({ code: process.exitCode, ...said });
});
