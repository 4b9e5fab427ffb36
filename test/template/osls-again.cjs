/**
 * Runs osls once for each message, each time as its command does, in one process: most of what a run spends is spent
 * on loading packages. osls's own modules remember a run, and so are loaded anew for each.
 */
const path = require('node:path');

const OSLS = path.join(__dirname, '../../node_modules/serverless');
const command = path.join(OSLS, 'bin/serverless.js');
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
    if (file.startsWith(OSLS + path.sep)) delete require.cache[file];
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
