import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import { everyParameter, packageTemplate, type Template } from '../template/package.ts';

/** Where the users are, and where everybody's template works. */
const REGIONS = ['cn-north-1', 'cn-northwest-1', 'ap-east-1', 'us-east-1'];

/** A `DependsOn` that a reference makes needless: osls writes them. */
const NEEDLESS_DEPENDENCY = 'W3005';

/** What is said of each file, by its name. */
let found: Map<string, string[]>;

/**
 * Looked into with the conditions evaluated: cfn-lint reads branches that are never taken, too, where the empty values
 * stand that decide so. All at once, since its start takes longest.
 */
beforeAll(async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'lint-'));
  const [plain, every] = await Promise.all([
    packageTemplate(),
    packageTemplate({ stage: 'prod', params: everyParameter }),
  ]);
  const templates = { plain: plain.template, every: every.template, broken: broken(plain.template) };
  const files = Object.entries(templates).map(([name, template]) => ({
    file: path.join(folder, `${name}.json`),
    text: JSON.stringify(template),
  }));
  await Promise.all(files.map(({ file, text }) => writeFile(file, text)));
  const args = ['--format', 'parseable', '--ignore-checks', NEEDLESS_DEPENDENCY, '--regions', ...REGIONS];
  const output = await new Promise<string>((resolve) => {
    const program = path.join(inject('tools').python, 'cfn-lint');
    execFile(program, [...args, '--template', ...files.map(({ file }) => file)], (_failed, out, error) =>
      resolve(out + error),
    );
  });
  await rm(folder, { recursive: true });
  found = Map.groupBy(
    output.split('\n').filter((line) => line !== ''),
    (line) => path.basename(line.split(':')[0] ?? '', '.json'),
  );
});

/** The same with a value that does not fit, and with a resource that China does not have. */
function broken(template: Template): Template {
  const copy = structuredClone(template);
  const queue = copy.Resources['PaymentQueue'];
  if (queue) queue.Properties['MessageRetentionPeriod'] = 59;
  copy.Resources['Chat'] = { Type: 'AWS::Chatbot::SlackChannelConfiguration', Properties: {} };
  return copy;
}

test('cfn-lint finds what is wrong with a broken template', () => {
  const said = found.get('broken')?.join('\n');
  expect(said).toMatch(/E3034.*59/);
  expect(said).toMatch(/E3006.*cn-north-1/);
});

test('cfn-lint finds nothing in the template, whatever its parameters, in any region of its users', () => {
  expect([...found.keys()]).toEqual(['broken']);
});
