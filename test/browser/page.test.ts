import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cashier, startCashier } from '../../local/cashier/index.ts';
import { DESKTOP, keep, open, PHONE, startBrowser, type Window } from './browser.ts';
import { type Behaviour, query, startService } from './service.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const opened: { cashier: Cashier; window: Window }[] = [];
afterEach(async () => {
  for (const { cashier, window } of opened.splice(0)) {
    await window.page.context().close();
    await cashier.close();
    const { wrong, expected } = window;
    expect(wrong.filter((text) => !expected.some((pattern) => pattern.test(text)))).toEqual([]);
  }
});

/** Opens the page of a cashier with a service behind it. */
async function start(options = DESKTOP, behaviour: Behaviour = {}) {
  const cashier = await startService(behaviour);
  const window = await open(browser, cashier.url, options);
  opened.push({ cashier, window });
  return { cashier, page: window.page, window };
}

describe('on a desk, in English', () => {
  test('an order is created, paid, verified and refunded, and each step is shown', async () => {
    const { page } = await start();
    await keep(page, 'desk-1-empty');
    await page.getByLabel('Amount').fill('1299.50');
    await page.getByLabel('Title').fill('Ergonomic chair');
    await page.getByText('More fields').click();
    await page.getByLabel('returnData').fill('seat=7&<b>bold</b>');
    await keep(page, 'desk-2-form');
    await page.getByRole('button', { name: 'Create order' }).click();
    await page.getByRole('heading', { name: 'Ergonomic chair' }).waitFor();
    await keep(page, 'desk-3-created');
    await page.getByRole('radio', { name: 'Alipay' }).check();
    await page.getByRole('button', { name: 'Pay ¥1,299.50' }).click();
    await page.getByText('Status published').waitFor();
    await page.locator('.headline').getByText('Settled').waitFor();
    await keep(page, 'desk-4-paid');
    await page.locator('.hop', { hasText: 'The money settles' }).getByText('Raw content').click();
    const form = page.getByLabel('Form as sent', { exact: true });
    expect(await form.textContent()).toContain('&returnData=seat%3D7%26%3Cb%3Ebold%3C%2Fb%3E');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy: Answer' }).first().click();
    await page.getByText('Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain('"isConsumed":2');
    await keep(page, 'desk-5-raw');
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.locator('.headline').getByText('Verified').waitFor();
    for (const state of ['In progress', 'Failed', 'Done']) {
      await page.getByRole('button', { name: state }).click();
      await page.getByRole('button', { name: state, pressed: true }).waitFor();
    }
    await page.locator('.headline').getByText('Refunded').waitFor();
    await keep(page, 'desk-6-refunded');
  });

  test('an order is cancelled, and announced only when that is switched on', async () => {
    const { page } = await start();
    await page.getByRole('button', { name: 'Create order' }).click();
    await page.getByRole('switch', { name: 'Cancelled orders announced' }).check();
    await page.getByRole('button', { name: 'Cancel order' }).click();
    await page.locator('.headline').getByText('Cancelled').waitFor();
    await page.locator('.hop', { hasText: 'Notification' }).waitFor();
    await keep(page, 'desk-7-cancelled');
  });

  test('an amount that is none is refused where it stands', async () => {
    const { page } = await start();
    await page.getByLabel('Amount').fill('9,999');
    await page.getByRole('button', { name: 'Create order' }).click();
    await page.getByText('An amount in yuan, such as 9.90').waitFor();
    expect(await page.getByLabel('Amount').evaluate((input) => input.matches(':focus'))).toBe(true);
    await page.getByLabel('Amount').fill('0.01');
    await page.getByLabel('Your order id').fill(' ');
    await page.getByRole('button', { name: 'Create order' }).click();
    await page.getByText('Your order id is missing').waitFor();
    await keep(page, 'desk-8-form-refused');
    expect(await page.locator('.entry').count()).toBe(0);
  });

  test('everything can be done with the keyboard', async () => {
    const { page } = await start();
    await page.getByLabel('Amount').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Latte, large' }).waitFor();
    // The title has the focus now; the channels come next.
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await page.getByRole('radio', { name: 'Duxiaoman' }).isChecked()).toBe(true);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Status published').waitFor();
    expect(await page.locator('#order-title').evaluate((title) => title.matches(':focus'))).toBe(true);
    await page.getByRole('switch', { name: 'Signature forged' }).focus();
    await page.keyboard.press('Space');
    await page.getByText('1 on', { exact: true }).waitFor();
    await keep(page, 'desk-9-keyboard');
  });

  test('what the user wrote is text, never markup', async () => {
    const { page, cashier } = await start();
    const evil = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
    const order = cashier.createOrder({ tpOrderId: evil, title: evil, returnData: evil, totalMoney: 1 });
    cashier.record(order.orderId, { kind: 'other', note: evil, raw: [{ name: evil, text: evil }] });
    await page.locator('.entry').click();
    await page.getByRole('heading', { name: '<img' }).waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.title()).toBe('Cashier sandbox');
  });
});

describe('what goes wrong is shown', () => {
  test.each([
    ['Signature forged', 'Baidu will call again: errno is 10000, not 0'],
    ['Field altered', 'Baidu will call again: errno is 10000, not 0'],
  ])('%s', async (name, note) => {
    const { page } = await start();
    await page.getByRole('switch', { name }).check();
    await page.getByRole('button', { name: 'Create order' }).click();
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.getByText(note).waitFor();
    await page.locator('.headline').getByText('Calls again').waitFor();
    await page.getByText('Next call in').waitFor();
    await keep(page, `wrong-${name.toLowerCase().replace(' ', '-')}`);
    await page.getByRole('button', { name: 'Everything back to normal' }).click();
    await page.getByRole('button', { name: 'Notify again' }).click();
    await page.locator('.headline').getByText('Settled').waitFor();
  });

  test('sent twice', async () => {
    const { page } = await start();
    await page.getByRole('switch', { name: 'Sent twice' }).check();
    await page.getByRole('button', { name: 'Create order' }).click();
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.getByText('#2').waitFor();
    await page.getByText('Status published').nth(1).waitFor();
    await keep(page, 'wrong-sent-twice');
  });

  test.each([
    ['Slow', 'Answered: paid'],
    ['Down', 'The connection was broken off'],
    ['Over QPS', 'errno 5010003: over the QPS limit'],
  ])('Baidu is %s', async (name, note) => {
    const { page } = await start();
    await page.getByRole('radio', { name }).check();
    await page.getByRole('button', { name: 'Create order' }).click();
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.getByText(note).first().waitFor();
    await keep(page, `wrong-baidu-${name.toLowerCase().replace(' ', '-')}`);
  });

  test('an unknown status', async () => {
    const { page } = await start();
    await page.getByRole('switch', { name: 'Unknown status' }).check();
    await page.getByRole('button', { name: 'Create order' }).click();
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.getByText('payment 7 风控审核中').waitFor();
    await keep(page, 'wrong-unknown-status');
  });

  test('an answer that refunds, and one that never comes', async () => {
    const error = '{"errno":0,"data":{"isConsumed":2,"isErrorOrder":1}}';
    const { page } = await start(DESKTOP, { answer: () => error });
    await page.getByRole('button', { name: 'Create order' }).click();
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.locator('.headline').getByText('Refunded by Baidu').waitFor();
    await keep(page, 'wrong-refunded-by-baidu');
    const late = await start(DESKTOP, { takesMs: 2100 });
    await late.page.getByRole('button', { name: 'Create order' }).click();
    await late.page.getByRole('button', { name: /^Pay/ }).click();
    await late.page.getByText('Waiting for the answer').waitFor();
    await keep(late.page, 'wrong-waiting');
    await late.page.getByText('Baidu will call again: no answer in time').waitFor();
    await keep(late.page, 'wrong-late');
  });

  test('a query that breaks a rule, with the text that was expected', async () => {
    const { page, cashier } = await start();
    const order = cashier.createOrder({ tpOrderId: 'T-1', title: 'Tea', totalMoney: 1200 });
    await query(cashier, order.orderId, order.userId, { siteId: '1' });
    await query(cashier, '5', '6');
    await page.locator('.entry', { hasText: 'Tea' }).click();
    await page.getByText('the right key signed another text').waitFor();
    await page.getByText('Raw content').click();
    const expected = page.getByLabel('Text expected to be signed', { exact: true });
    expect(await expected.textContent()).toBe(
      `appId=10026&appKey=MMM4oc&orderId=${order.orderId}&siteId=${order.userId}`,
    );
    await keep(page, 'wrong-query');
    await page.getByText('Requests without an order').click();
    await page.getByText('errno 10002: there is no order 5').waitFor();
    await keep(page, 'wrong-stray-query');
  });

  test('the cashier has ended, and comes back', async () => {
    const { page, cashier, window } = await start();
    cashier.createOrder({ tpOrderId: 'T-1', title: 'Tea', totalMoney: 1200 });
    await page.locator('.entry').click();
    window.expected.push(/ERR_/);
    await cashier.close();
    await page.getByText('Connection lost').waitFor();
    await keep(page, 'wrong-connection-lost');
    const again = await startCashier({ port: cashier.port });
    await page.locator('.line-open').waitFor();
    await page.getByText('No orders yet.').waitFor();
    await again.close();
  });
});

describe('alone, before anything is connected', () => {
  test('says what is missing and takes it', async () => {
    const cashier = await startCashier();
    const window = await open(browser, cashier.url, DESKTOP);
    opened.push({ cashier, window });
    const { page } = window;
    await page.getByText('Notifications go nowhere without it.').waitFor();
    await keep(page, 'alone-1-unconnected');
    await page.getByLabel('Notify URL').fill('http://127.0.0.1:9/notify');
    await page.getByLabel('Notify URL').press('Enter');
    await page.getByText('Notifications go nowhere without it.').waitFor({ state: 'detached' });
    window.expected.push(/status of 400/);
    await page.getByLabel('Merchant’s public key').fill('not a key');
    await page.getByRole('button', { name: 'Save' }).last().click();
    await page.getByRole('alert').getByText('not an RSA public key').waitFor();
    await keep(page, 'alone-2-refused');
    await page.getByLabel('Merchant’s public key').fill(cashier.platformPublicKey);
    await page.getByRole('button', { name: 'Save' }).last().click();
    await page.getByText('Queries cannot be verified without it.').waitFor({ state: 'detached' });
    expect(cashier.connection()).toMatchObject({ notifyUrl: 'http://127.0.0.1:9/notify' });
  });
});

describe('in other looks', () => {
  test.each(['light', 'dark'] as const)('a phone, in Chinese, %s', async (colorScheme) => {
    const { page } = await start({ ...PHONE, colorScheme });
    await keep(page, `phone-${colorScheme}-1-empty`);
    await page.getByRole('button', { name: '创建订单' }).tap();
    await page.getByRole('heading', { name: '大杯拿铁' }).waitFor();
    await keep(page, `phone-${colorScheme}-2-created`);
    await page.getByRole('radio', { name: '度小满' }).check();
    await page.getByRole('button', { name: /^支付/ }).tap();
    await page.getByText('状态已发布').waitFor();
    await keep(page, `phone-${colorScheme}-3-paid`);
    await page.getByRole('link', { name: '订单' }).tap();
    await page.getByText('故障开关').tap();
    await page.getByRole('switch', { name: '伪造签名' }).check();
    await page.getByText('1 项开启').waitFor();
    await keep(page, `phone-${colorScheme}-4-list`);
    const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
    expect(wide).toBe(false);
  });

  test('the narrowest phone, in English', async () => {
    const viewport = { width: 320, height: 640 };
    const { page } = await start({ ...PHONE, viewport, locale: 'en-GB', colorScheme: 'dark' });
    const wide = () => page.evaluate('document.documentElement.scrollWidth > innerWidth');
    expect(await wide()).toBe(false);
    await page.getByRole('button', { name: 'Create order' }).tap();
    await page.getByRole('button', { name: /^Pay/ }).tap();
    await page.getByText('Status published').waitFor();
    await page.getByText('Raw content').first().tap();
    expect(await wide()).toBe(false);
    await keep(page, 'phone-narrow');
  });

  test('a desk, in Chinese, dark; the language is remembered', async () => {
    const { page } = await start({ ...DESKTOP, colorScheme: 'dark' });
    await page.getByRole('button', { name: '中文' }).click();
    await page.reload();
    await page.getByRole('button', { name: '创建订单' }).click();
    await page.getByRole('button', { name: /^支付/ }).click();
    await page.getByText('状态已发布').waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    await keep(page, 'desk-dark-chinese');
  });
});
