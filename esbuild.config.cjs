/**
 * What the SDK brings along for places other than a Lambda, and what stands in its place. Region, credentials and
 * endpoints still come from the environment through the SDK's own code.
 */
const UNREACHABLE = [
  {
    // Lambda hands credentials over in the environment; single sign-on, profiles, processes, containers and
    // instance metadata are looked at only after that.
    module: /^@aws-sdk\/credential-provider-node$/,
    contents: "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';",
  },
  {
    // There is no ~/.aws in a Lambda: two failing file reads for each setting that the environment does not hold.
    module: /\/loadSharedConfigFiles$/,
    contents: `
      export const CONFIG_PREFIX_SEPARATOR = '.';
      export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });`,
  },
  {
    // Only asked where neither AWS_REGION nor AWS_EXECUTION_ENV is set; Lambda sets both.
    module: /\/getInstanceMetadataRegion$/,
    contents: 'export const getInstanceMetadataRegion = async () => undefined;',
  },
  {
    // No operation of DynamoDB asks it for an endpoint; with it goes a package of caches.
    module: /^@aws-sdk\/middleware-endpoint-discovery$/,
    contents: `
      export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = {
        environmentVariableSelector: () => undefined,
        configFileSelector: () => undefined,
        default: undefined,
      };
      export const resolveEndpointDiscoveryConfig = (input) => input;`,
  },
  {
    // No operation that is used here streams events.
    module: /^@smithy\/core\/event-streams$/,
    contents: 'export {};',
  },
];

/** @type {import('esbuild').Plugin} */
const withoutUnreachable = {
  name: 'without-unreachable',
  setup(build) {
    for (const { module: filter, contents } of UNREACHABLE) {
      build.onResolve({ filter }, ({ path, resolveDir }) => ({
        ...{ path, namespace: 'unreachable' },
        pluginData: { contents, resolveDir },
      }));
    }
    build.onLoad({ filter: /.*/, namespace: 'unreachable' }, ({ pluginData }) => pluginData);
  },
};

/**
 * How the handlers are bundled: one file each, for the Node version that Lambda runs.
 * `serverless.yml` packages with it, and `local/` and the tests build the same bundles with it.
 *
 * Each choice is one that `npm run bench` shows in the cold start; docs/performance.md has the figures.
 */
module.exports = () => ({
  bundle: true,
  // Not ESM: importing `node:http` from there also loads Node's `fetch`, 10 ms that nothing here uses.
  format: 'cjs',
  supported: { 'dynamic-import': false },
  platform: 'node',
  target: 'node24',
  // The SDK's ES modules, of which esbuild leaves out what is not used; the CommonJS ones come whole.
  mainFields: ['module', 'main'],
  // Names stay as they are: a stack in the log can be read, and no code is needed to restore them.
  minifySyntax: true,
  minifyWhitespace: true,
  outputFileExtension: '.cjs',
  exclude: [],
  external: [],
  plugins: [withoutUnreachable],
});
