/**
 * How the handlers are bundled: one file each, for the Node version that Lambda runs.
 * `serverless.yml` packages with it, and `local/` and the tests build the same bundles with it.
 */
module.exports = () => ({
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  minify: true,
  keepNames: true,
  outputFileExtension: '.cjs',
  exclude: [],
  external: [],
});
