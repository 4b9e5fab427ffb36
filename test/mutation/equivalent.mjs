import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/**
 * Code whose mutants no test can tell from the original, one by one: what it is, inside what, and why. `part` and
 * `within` are the code as it stands there; without `within` the part is exempt wherever it stands.
 */
const EQUIVALENT = [
  { part: "'utf8'", reason: 'UTF-8 is what Node takes where no encoding is named.' },
  {
    part: '/=+$/',
    within: "canonical.replace(/=+$/, '')",
    reason: 'Node writes at most two =, and only at the end.',
  },
  {
    part: '/^127(\\.\\d{1,3}){3}$/',
    reason: 'A URL whose host ends in four numbers and holds more is none.',
  },
  {
    part: 'text !== undefined',
    within: "text !== undefined && ['DEBUG', 'INFO', 'WARN', 'ERROR', 'SILENT'].includes(text)",
    reason: 'For the type only: undefined is not in the list.',
  },
  { part: "''", within: "env['_X_AMZN_TRACE_ID'] ?? ''", reason: 'Any text without “Root=” will do.' },
  {
    part: "''",
    within: "values[0] ?? ''",
    reason: 'Any text that begins otherwise than with “Bearer” will do.',
  },
  {
    part: "''",
    within: "error.stack ?? ''",
    reason: 'Any text without a line that begins with “at” will do.',
  },
  {
    part: "''",
    within: "Item['totalMoney']?.N ?? Item['totalMoney']?.S ?? ''",
    reason: 'Any text but digits will do.',
  },
  {
    part: 'delaySeconds !== undefined',
    within: 'delaySeconds !== undefined && {\n  DelaySeconds: delaySeconds\n}',
    reason: 'For the type only: the SDK leaves out what is undefined.',
  },
  {
    part: "''",
    within: "rsaSign?.replaceAll(' ', '+') ?? ''",
    reason: 'Any text that is not base64 will do.',
  },
  {
    part: "{\n  orderId = '',\n  userId = '',\n  tpOrderId = '',\n  status = '',\n  totalMoney = '',\n  dealId = ''\n}",
    reason: 'For the type only: checkNotification has seen that the fields are there.',
  },
  {
    part: "'\\n'",
    within: "text.replace(/\\\\+[rn]/g, '\\n')",
    reason: 'Line breaks are taken out further down, where there are any.',
  },
  { part: '[]', within: 'PEM.exec(trimmed) ?? []', reason: 'The first element is not looked at.' },
  { part: '/\\s+/g', reason: 'What is not taken out together is taken out one by one.' },
  { part: "''", within: "names.join('')", reason: 'Any separator without a surrogate will do.' },
  { part: 'context?.source', reason: 'For the type only: Node 24 always hands the context over.' },
  {
    part: '{\n  return undefined;\n}',
    within: 'catch {\n  return undefined;\n}',
    reason: 'A function that ends without a return returns undefined.',
  },
  {
    part: "typeof value === 'string'",
    within: "typeof value === 'string' && !/^-?\\d{1,16}$/.test(value)",
    reason: 'What is no string is an integer, which the expression fits, or is refused on the next line.',
  },
  {
    part: "{\n  orderId: '1',\n  promoDetail: ''\n}",
    reason: 'A sample to be signed: any will do.',
  },
  { part: "'sample'", within: "Buffer.from('sample')", reason: 'A sample to be signed: any will do.' },
  {
    part: '{\n  return false;\n}',
    within: 'catch {\n  return false;\n}',
    reason: 'Undefined is as good as false to who asks whether the key is whole.',
  },
  {
    part: '[]',
    within: 'sockets ?? []',
    reason: 'For the type only: an agent keeps no name without sockets.',
  },
];

/** The nodes that are exempt, and why; found on entering what they stand in, before anything in it is mutated. */
const exempt = new WeakMap();

/** Exempts from mutation what stands in the list above. */
export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'equivalent', {
    shouldIgnore: (path) => {
      const code = codeOf(path);
      for (const { part, within, reason } of EQUIVALENT) {
        if (within === undefined && part === code) return reason;
        if (within !== code) continue;
        const inner = Object.keys(path.node).flatMap((key) => path.get(key));
        for (const child of inner) if (codeOf(child) === part) exempt.set(child.node, reason);
      }
      return exempt.get(path.node);
    },
  }),
];

/** The code of a node; a piece of a template has none of its own. */
function codeOf(path) {
  return path.node?.type && path.node.type !== 'TemplateElement' ? path.toString() : '';
}
