const { readFile, rename, writeFile } = require('node:fs/promises');
const { basename, dirname, resolve } = require('node:path');
const { compileFunction } = require('node:vm');

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
    // SHA-256 in JavaScript, for a Node without it: what signs and verifies here would end there, too.
    module: /^\.\/Sha256Js$/,
    contents: 'export const Sha256Js = undefined;',
  },
  {
    // The number of an invocation comes from `node:crypto` itself: the web's crypto is loaded with its first function.
    module: /^\.\/uuid\/v4$/,
    contents: "import { randomUUID } from 'node:crypto'; export const bindV4 = () => () => randomUUID();",
  },
  {
    // Who asks, for AWS's own logs: which SDK, which Node, which Lambda. The SDK's text has the system's name, too, for which
    // Node loads a module, and which features were used, looked up for each request.
    module: /\/util-user-agent-node\/defaultUserAgent$/,
    contents: `
      export const createDefaultUserAgentProvider = ({ clientVersion }) => {
        const { AWS_EXECUTION_ENV } = process.env;
        const sdk = 'aws-sdk-js/' + clientVersion + ' md/nodejs#' + process.versions.node;
        return () => (AWS_EXECUTION_ENV ? sdk + ' exec-env/' + AWS_EXECUTION_ENV : sdk);
      };
      export const crtAvailability = {};
      export const defaultUserAgent = createDefaultUserAgentProvider;`,
  },
  {
    module: /\/user-agent-middleware$/,
    contents: `
      export const getUserAgentMiddlewareOptions = { name: 'getUserAgentMiddleware', step: 'build', override: true };
      export const userAgentMiddleware = ({ defaultUserAgentProvider }) => (next) => (args) => {
        args.request.headers['user-agent'] = defaultUserAgentProvider();
        return next(args);
      };
      export const getUserAgentPlugin = (config) => ({
        applyToStack: (stack) => stack.add(userAgentMiddleware(config), getUserAgentMiddlewareOptions),
      });`,
  },
  {
    // No operation that is used here streams events.
    module: /^@smithy\/core\/event-streams$/,
    contents: 'export {};',
  },
];

/**
 * Of its manifest a client tells its version to AWS, and nothing else to anyone.
 *
 * @type {import('esbuild').Plugin}
 */
const versionAlone = {
  name: 'version-alone',
  setup(build) {
    build.onLoad({ filter: /\/@aws-sdk\/client-[^/]+\/package\.json$/ }, ({ path }) => ({
      ...{ contents: JSON.stringify({ version: require(path).version }), loader: 'json' },
    }));
  },
};

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
 * What stands in for something belongs to the bundle, and to no text in it.
 *
 * @type {import('esbuild').Plugin}
 */
const unreachableOutside = {
  name: 'unreachable-outside',
  setup(build) {
    for (const { module: filter } of UNREACHABLE) {
      build.onResolve({ filter }, ({ path }) => ({ path, external: true }));
    }
  },
};

/**
 * Short names for what is local to a function of a package, which V8 has to read at each cold start. A stack can still be
 * read: a package's classes, methods and functions of a module keep their names, and in handlers/ and lib/ all does.
 *
 * @type {import('esbuild').Plugin}
 */
const shortLocalNames = {
  name: 'short-local-names',
  setup({ esbuild, onLoad, initialOptions: { target } }) {
    const shorten = async (path) =>
      (await esbuild.transform(await readFile(path, 'utf8'), { minifyIdentifiers: true, target })).code;
    onLoad({ filter: /\/node_modules\/.*\.js$/ }, async ({ path }) => {
      return { contents: await shortened(path, () => shorten(path)), loader: 'js' };
    });
  },
};

/** What a bundle begins with, and each part of it that is a text: `define` names a clock. */
const BANNER = '"use strict";const __nodeClock={now:()=>process.uptime()*1e3};';

// esbuild is a program in Go, which spends a third of its time on collecting a few megabytes unless it hears that there is room.
process.env.GOGC ??= '400';

/** What was done once, until a build starts anew. */
const kept = [];

/** Does something once for each key: packaging builds each function by itself, of much the same files. */
function once({ forget = true } = {}) {
  const done = new Map();
  if (forget) kept.push(done);
  return (key, make) => {
    if (!done.has(key)) done.set(key, make());
    return done.get(key);
  };
}
// Packages stay as they are.
const shortened = once({ forget: false });
const parted = once();
const written = once();

/**
 * What is a text in the bundle, compiled and evaluated at the first call of one of its functions, and what nothing else uses
 * and goes with it: the client of DynamoDB, which no cold start of query or notify needs. A dynamic import would not do:
 * esbuild then wraps whatever it shares with the rest, the core of the SDK, and leaves nothing of that out.
 */
const LATE = /\/lib\/aws\/dynamodb\.ts$/;
const WITH_IT =
  /\/lib\/aws\/merchant-orders\.ts$|\/lib\/ledger\/store\.ts$|\/node_modules\/@aws-sdk\/(client-dynamodb|dynamodb-codec)\//;

/** @type {import('esbuild').Plugin} */
const evaluatedLate = {
  name: 'evaluated-late',
  setup(build) {
    const textOf = texts(build);
    build.onLoad({ filter: LATE }, async ({ path }) => {
      const text = await textOf(path, { plugins: [only(WITH_IT)] });
      const calls = text.names.map(
        (name) => `export const ${name} = (...args) => (made ??= evaluateLate()).${name}(...args);`,
      );
      return { contents: `${text.module('evaluateLate')} let made; ${calls.join('\n')}`, loader: 'js' };
    });
  },
};

const HANDLER = /\/handlers\/[^/]+\.ts$/;

/**
 * What a handler imports for its effects alone, and what belongs to that, is evaluated at once: it asks for the secret. All
 * the rest, the handler with it, is a text that is compiled and evaluated while the secret is on its way.
 *
 * @type {import('esbuild').Plugin}
 */
const restLater = {
  name: 'rest-later',
  setup(build) {
    const textOf = texts(build);
    build.onStart(() => {
      for (const done of kept) done.clear();
    });
    build.onLoad({ filter: HANDLER }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const first = source.match(/^import '.*';$/gm)?.join('\n');
      if (!first) return undefined;
      const external = await parted(`${dirname(path)} ${first}`, () => partsOf(build, first, dirname(path)));
      const text = await textOf(path, { external, plugins: [evaluatedLate] });
      const contents = `
        ${first}
        import { secretAsked } from '../lib/lambda/begin-secrets.ts';
        ${text.module('evaluateRest')}
        const rest = secretAsked.then(evaluateRest);
        // Told by each call of the handler.
        rest.catch(() => {});
        export const handler = async (event, context) => (await rest).handler(event, context);`;
      return { contents, loader: 'js' };
    });
  },
};

/** What a build of a part of a bundle has in common with the whole. */
const common = ({ initialOptions: { mainFields, platform, target, define, supported, absWorkingDir } }) => ({
  ...{ mainFields, platform, target, define, supported, minifySyntax: true, minifyWhitespace: true },
  ...{ bundle: true, format: 'esm', write: false, metafile: true, absWorkingDir },
});

/** The path of what a build's metafile names. */
const pathOf = ({ initialOptions: { absWorkingDir = '' } }, name) => resolve(absWorkingDir, name);

/** The files of which something is part of what some imports bring along. */
async function partsOf(build, contents, resolveDir) {
  const { metafile } = await build.esbuild.build({
    ...common(build),
    stdin: { contents, resolveDir },
    plugins: [versionAlone, withoutUnreachable],
  });
  const [{ inputs }] = Object.values(metafile.outputs);
  const parts = Object.keys(inputs).filter((name) => inputs[name].bytesInOutput > 0);
  return parts.map((name) => pathOf(build, name));
}

/**
 * Makes a module, with what of its imports is part of it, a text. Whoever asks what the bundle is made of hears of each part.
 *
 * @returns a function of its path, and of what says which of the files that it imports, and they in turn, are no part of it
 */
function texts(build) {
  const partsIn = new Map();
  build.onEnd(({ metafile }) => {
    const errors = [];
    for (const { inputs } of Object.values(metafile?.outputs ?? {})) {
      for (const [name, { bytesInOutput }] of Object.entries(inputs)) {
        const parts = Object.entries(partsIn.get(pathOf(build, name)) ?? {});
        const whole = parts.reduce((sum, [, part]) => sum + part.bytesInOutput, 0);
        for (const [part, { bytesInOutput: bytes }] of parts) {
          // There would be two of each class, and two of what it remembers.
          if (part !== name && bytes > 0 && inputs[part]?.bytesInOutput > 0) {
            errors.push({
              text: `${part} is needed by a file of which only a part is needed at once: make that two files.`,
            });
          }
          inputs[part] = { bytesInOutput: Math.round((bytes / whole) * bytesInOutput) };
        }
      }
    }
    return { errors };
  });
  return async (path, { external = [], plugins }) => {
    const write = () =>
      build.esbuild.build({
        ...{ ...common(build), external },
        // Beside the module, from where the text's imports are looked for.
        ...{ entryPoints: [path], outfile: `${path}.js` },
        plugins: [versionAlone, unreachableOutside, shortLocalNames, ...plugins],
      });
    const { outputFiles, metafile } = await written(path, write);
    partsIn.set(path, Object.values(metafile.outputs)[0].inputs);
    return asText(outputFiles[0].text, basename(path, '.ts'));
  };
}

/** @returns {import('esbuild').Plugin} */
const only = (parts) => ({
  name: 'only-parts',
  setup(build) {
    build.onResolve({ filter: /.*/ }, async ({ path, kind, resolveDir, importer, pluginData }) => {
      if (kind === 'entry-point' || pluginData === 'asked') return undefined;
      const found = await build.resolve(path, { kind, resolveDir, importer, pluginData: 'asked' });
      return parts.test(found.path) ? found : { path: found.path, external: true };
    });
  },
});

/**
 * A module that holds another as a text and hands what that imports.
 *
 * @param code as esbuild prints an ES module without white space, its exports last
 * @param name what a stack names it by
 */
function asText(code, name) {
  const statement = /\bimport(?:(?:\*as [\w$]+| [\w$]+) from|(?: [\w$]+,)?\{[^}]*\}from)?"[^"]*";/g;
  const imports = code.match(statement).join('');
  const [body, exported] = code.replaceAll(statement, '').split(/export\{([^}]*)\};\s*$/);
  const names = exported.split(',');
  const imported = imports.match(/[\w$]+(?=[,}]|\s*from)/g);
  const text = `${BANNER}${body}return{${names}}`;
  // What does not compile fails here, not at its first call.
  compileFunction(text, imported);
  // Of a name that no module has: one text may be part of another.
  const compile = `compileFunction_${name}`;
  const module = (evaluate) => `
    import { compileFunction as ${compile} } from 'node:vm';
    ${imports}
    const ${evaluate} = () =>
      ${compile}(${JSON.stringify(text)}, ${JSON.stringify(imported)}, { filename: '${name}.js' })(${imported});`;
  return { names, module };
}

/**
 * A short file in the bundle's place, and the bundle beside it. Lambda's runtime imports a function, and Node reads a file
 * that is imported through, for the names that it exports, before it is compiled.
 *
 * @type {import('esbuild').Plugin}
 */
const shortEntry = {
  name: 'short-entry',
  setup({ onEnd, initialOptions }) {
    const { write = true, absWorkingDir = process.cwd() } = initialOptions;
    if (!write) return;
    initialOptions.metafile = true;
    onEnd(async ({ metafile }) => {
      for (const [output, { entryPoint }] of Object.entries(metafile?.outputs ?? {})) {
        if (!entryPoint) continue;
        const entry = resolve(absWorkingDir, output);
        const bundle = entry.replace(/\.cjs$/, '.bundle.cjs');
        await rename(entry, bundle);
        await writeFile(entry, `exports.handler=require("./${basename(bundle)}").handler;\n`);
      }
    });
  },
};

/**
 * How the handlers are bundled: each by itself, for the Node version that Lambda runs.
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
  // No `minifyIdentifiers`, which takes the names from stacks, and no `keepNames`, which takes code to restore them.
  minifySyntax: true,
  minifyWhitespace: true,
  // Whether a body is a stream of the web's is asked on the way of each request: Node loads these streams to say no.
  // The web's clock, too, is loaded when it is first looked at: Node's own is the same one, in seconds. A name that nobody
  // gives: esbuild would take another variable of that name for it.
  define: { ReadableStream: 'undefined', performance: '__nodeClock' },
  banner: { js: BANNER },
  outputFileExtension: '.cjs',
  exclude: [],
  external: [],
  plugins: [versionAlone, withoutUnreachable, shortLocalNames, restLater, shortEntry],
});
