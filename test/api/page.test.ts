import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { PUBLISHED_ERRNOS } from '../../lib/baidu/errnos.ts';
import { ERROR_CODES } from '../../lib/lambda/error-codes.ts';
import { queryEvent } from '../../local/stack/events.ts';
import { type Description, OF_CONFIRM, readDescription, schemaFinder } from './description.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PAGES = [
  'docs/api.md',
  'events/README.md',
  'examples/baidu-cloud-function/README.md',
  'examples/order-subscriber/README.md',
  'examples/queue-reader/README.md',
  'CONTRIBUTING.md',
];
const read = (page: string) => readFileSync(path.join(ROOT, page), 'utf8');
const api = read('docs/api.md');
const blocks = (language: string) =>
  [...api.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('docs/api.md', () => {
  let description: Description;
  let schemaAt: ReturnType<typeof schemaFinder>;

  beforeAll(async () => {
    description = await readDescription();
    schemaAt = schemaFinder(description);
  });

  test('shows answers that the description knows', () => {
    const [status, problem, ...others] = blocks('json').map((text) => JSON.parse(text));
    expect(schemaAt('components', 'schemas', 'OrderStatus')(status)).toBe(true);
    expect(schemaAt('components', 'schemas', 'BaiduProblem')(problem)).toBe(true);
    const message = others.find(({ eventType }) => eventType);
    expect(Object.keys(message)).toEqual([
      ...['eventType', 'appId', 'orderId', 'siteId', 'tpOrderId', 'sequence', 'changed'],
      ...['payment', 'refund', 'verification', 'notification', 'observedAt'],
    ]);
  });

  test('names every code with its status, and no other', () => {
    const rows = api.match(/^\|.*\|$/gm) ?? [];
    for (const [code, { status }] of Object.entries(ERROR_CODES)) {
      const named = rows.some(
        (row) => row.includes(String(status)) && new RegExp(`[\`":]${code}[\`:]`).test(row),
      );
      expect(named || OF_CONFIRM.includes(code), `${status} ${code}`).toBe(true);
    }
  });

  test('explains errnos that Baidu publishes, and no other', () => {
    const rows = [...api.matchAll(/^\| ([\d, ]+) \|/gm)].map(([, cell = '']) => cell.trim());
    const errnos = rows
      .filter((cell) => !/^[45]\d\d$/.test(cell))
      .flatMap((cell) => cell.split(', ').map(Number));
    expect(errnos.length).toBeGreaterThan(10);
    for (const errno of errnos) expect([...PUBLISHED_ERRNOS]).toContain(errno);
  });

  test('asks with curl for what the route takes', () => {
    const curl = blocks('sh').find((text) => text.startsWith('curl ')) ?? '';
    const url = /"\$SERVICE_URL(.+?)"/.exec(curl)?.[1];
    const event = queryEvent();
    expect(url).toBe(`${event['rawPath']}?${event['rawQueryString']}`);
    expect(curl).toContain('"Authorization: Bearer $TOKEN"');
  });

  test('gives payloads and messages that are JSON', () => {
    const payloads = [...api.matchAll(/(?:^echo|--message|--message-body) '(.+?)'/gm)];
    expect(payloads).toHaveLength(4);
    for (const [, text = ''] of payloads) expect(JSON.parse(text)).toEqual(expect.any(Object));
  });
});

describe.each(PAGES)('%s', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);

  test('links to what is there', () => {
    for (const link of links.filter((target) => !target.startsWith('https://'))) {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? page : path.join(path.dirname(page), file);
      expect(existsSync(path.join(ROOT, target)), link).toBe(true);
      if (anchor) expect(anchorsOf(target)).toContain(anchor);
    }
  });

  test('names scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json'));
    for (const [, script = ''] of read(page).matchAll(/npm run ([a-z:]+)/g)) {
      expect(Object.keys(scripts)).toContain(script);
    }
  });
});
