import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

const CHROMIUM = '/usr/bin/chromium';
const PICTURES = join(import.meta.dirname, '../../artifacts/screenshots');

/** A window of 1280 by 900, English, light. */
export const DESKTOP: BrowserContextOptions = {
  viewport: { width: 1280, height: 900 },
  locale: 'en-GB',
  colorScheme: 'light',
};

/** A phone, Chinese, light. */
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
  locale: 'zh-CN',
  colorScheme: 'light',
};

/** Starts Debian's Chromium with an empty profile. */
export async function startBrowser(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`The browser tests need Debian's Chromium at ${CHROMIUM}: apt-get install chromium`);
  }
  mkdirSync(PICTURES, { recursive: true });
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
  const plain = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
  return chromium.launch({ executablePath: CHROMIUM, args: [...plain, ...quiet] });
}

/** A page of its own, with what went wrong in it. */
export interface Window {
  readonly page: Page;
  /** Errors of the console and of scripts, and requests to anywhere but the cashier. */
  readonly wrong: string[];
  /** What the browser itself may report, because the test makes it happen. */
  readonly expected: RegExp[];
}

/** Opens the cashier's page and waits until it is live. */
export async function open(browser: Browser, url: string, options: BrowserContextOptions): Promise<Window> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const wrong: string[] = [];
  const expected: RegExp[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrong.push(message.text());
  });
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(url).origin)) wrong.push(`went to ${request.url()}`);
  });
  await page.goto(url);
  await page.locator('.line-open').waitFor();
  return { page, wrong, expected };
}

/** Takes a picture of the present state. */
export async function take(page: Page, name: string, { fullPage = false } = {}): Promise<void> {
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage, animations: 'disabled' });
}

/** Takes a picture of the whole page and checks that everybody can use it (axe: WCAG 2.2 A and AA, good practice). */
export async function keep(page: Page, name: string): Promise<void> {
  await take(page, name, { fullPage: true });
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe.source);
  const result: AxeResults = await page.evaluate("axe.run({ resultTypes: ['violations'] })");
  const violations = result.violations.map(({ id, nodes }) => ({
    id,
    where: nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`),
  }));
  expect(violations, name).toEqual([]);
}
