import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { NO_FAULTS } from '../../local/cashier/faults.ts';
import { type Stack, type StackOptions, startStack } from '../../local/stack/stack.ts';
import { DESKTOP, open, startBrowser, type Window } from './browser.ts';

/** A browser for the tests of a file; what goes wrong in a window fails the test that opened it. */
export function useBrowser(): (url: string, options?: BrowserContextOptions) => Promise<Window> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  const opened: Window[] = [];
  afterEach(async () => {
    for (const { page, wrong, expected } of opened.splice(0)) {
      await page.context().close();
      expect(wrong.filter((text) => !expected.some((pattern) => pattern.test(text)))).toEqual([]);
    }
  });
  return async (url, options = DESKTOP) => {
    const window = await open(browser, url, options);
    opened.push(window);
    return window;
  };
}

/** What takes minutes or seconds and takes less here: what failed comes again, Baidu repeats, a query is given up. */
const HURRIED: StackOptions = {
  retrySeconds: 1,
  cashier: { repeatIntervalMs: 2000 },
  environment: { BAIDU_ATTEMPT_TIMEOUT_MS: '500' },
};

/** The whole service for the tests of a file, and a browser; every test finds the switches off. */
export function useDesk() {
  const openWindow = useBrowser();
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack(HURRIED);
  });
  afterAll(() => stack.close());
  afterEach(() => {
    stack.cashier.setFaults(NO_FAULTS);
  });
  return {
    stack: () => stack,
    start: async (options?: BrowserContextOptions) => (await openWindow(stack.cashier.url, options)).page,
  };
}

/** Creates an order by the form, in English, and pays it. */
export async function createAndPay(page: Page, title: string): Promise<void> {
  await create(page, title);
  await page.getByRole('button', { name: /^Pay/ }).click();
}

/** Creates an order by the form, in English. */
export async function create(page: Page, title: string): Promise<void> {
  await page.getByLabel('Title').fill(title);
  await page.getByRole('button', { name: 'Create order' }).click();
  await page.getByRole('heading', { name: title }).waitFor();
}

/** The steps on the time line that hold each of the texts. */
export function steps(page: Page, ...texts: (string | RegExp)[]): Locator {
  return texts.reduce((found, hasText) => found.filter({ hasText }), page.locator('.hop'));
}

/** Opens the raw content of the first such step and returns the piece of that name. */
export async function rawOf(step: Locator, name: string): Promise<string> {
  const piece = step.first().getByLabel(name, { exact: true });
  if (!(await piece.isVisible())) await step.first().getByText('Raw content').click();
  return (await piece.textContent()) ?? '';
}
