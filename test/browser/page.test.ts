import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { type Cashier, type CashierOptions, startCashier } from '../../local/cashier/index.ts';
import { ask, CONSUMED, merchantKeys, signedQuery } from '../local/cashier/merchant.ts';
import { DESKTOP, keep } from './browser.ts';
import { create, createAndPay, useBrowser } from './desk.ts';

const started: Cashier[] = [];
afterEach(async () => {
  for (const cashier of started.splice(0)) await cashier.close();
});
// What is registered last ends first: the pages before their cashiers.
const openWindow = useBrowser();

/** Opens the page of a cashier by itself, with a merchant that takes every notification. */
async function start(options: CashierOptions = {}) {
  const cashier = await startCashier({
    merchantPublicKey: merchantKeys.publicKey,
    deliver: async () => ({ status: 200, body: CONSUMED }),
    ...options,
  });
  started.push(cashier);
  return { cashier, ...(await openWindow(cashier.url)) };
}

describe('the page by itself', () => {
  test('an amount that is none is refused where it stands', async () => {
    const { page } = await start();
    await page.getByLabel('Amount').fill('9,999');
    await page.getByRole('button', { name: 'Create order' }).click();
    await page.getByText('An amount in yuan, such as 9.90').waitFor();
    expect(await page.getByLabel('Amount').evaluate((input) => input.matches(':focus'))).toBe(true);
    await page.getByLabel('Amount').fill('0.01');
    await page.getByLabel('Your order id').fill(' ');
    await page.getByRole('button', { name: 'Create order' }).click();
    await page.getByText('must be 1 to 128 visible ASCII characters').waitFor();
    await keep(page, 'desk-8-form-refused');
    expect(await page.locator('.entry').count()).toBe(0);
  });

  test('a refusal of the cashier is said in the language of the page', async () => {
    const cashier = await startCashier();
    started.push(cashier);
    const { page, expected } = await openWindow(cashier.url, { ...DESKTOP, locale: 'zh-CN' });
    expected.push(/status of 400/);
    await page.getByText('更多字段').click();
    await page.getByLabel('百度用户 ID').fill('零');
    await page.getByRole('button', { name: '创建订单' }).click();
    await page.getByRole('alert').getByText('userId 须为不超过 2^63 - 1 的正整数').waitFor();
    await keep(page, 'desk-9-refused-chinese');
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('alert').getByText('userId must be a whole number up to 2^63 - 1').waitFor();
  });

  test('what the user wrote is text, never markup', async () => {
    const { page, cashier } = await start();
    const evil = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
    const order = cashier.createOrder({
      tpOrderId: '<img><script>1</script>',
      title: evil,
      returnData: evil,
      totalMoney: 1,
    });
    cashier.record(order.orderId, { kind: 'other', note: evil, raw: [{ name: evil, text: evil }] });
    await page.locator('.entry').click();
    await page.getByRole('heading', { name: '<img' }).waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.title()).toBe('Cashier sandbox');
  });

  test('has no buttons for a service that there is not', async () => {
    const { page } = await start();
    await createAndPay(page, 'Tea');
    await page.locator('.headline').getByText('Settled').waitFor();
    expect(await page.getByRole('button', { name: /^Ask|^Look up/ }).count()).toBe(0);
  });

  test.each([
    ['en-GB', 'Mini-program (appId)', 'Create order'],
    ['zh-CN', '小程序（appId）', '创建订单'],
  ])('several apps: an order is of the one that is chosen, %s', async (locale, label, create) => {
    const cashier = await startCashier({
      merchantPublicKey: merchantKeys.publicKey,
      deliver: async () => ({ status: 200, body: CONSUMED }),
      otherApps: [{ appId: '10027', appKey: 'MMM5pd', dealId: '470193087' }],
    });
    started.push(cashier);
    const { page } = await openWindow(cashier.url, { ...DESKTOP, locale });
    await page.getByRole('button', { name: create }).click();
    await page.locator('.order .facts', { hasText: '10026' }).waitFor();
    await page.getByLabel(label).selectOption('10027');
    await page.getByRole('button', { name: create }).click();
    await page.locator('.order .facts', { hasText: '10027' }).waitFor();
    await keep(page, `desk-10-apps-${locale}`);
    expect(cashier.orders().map(({ appId }) => appId)).toEqual(['10026', '10027']);
    // What each app's notifications are verified with.
    const connection = await page.locator('.connection').textContent();
    for (const { platformPublicKey } of cashier.apps) expect(connection).toContain(platformPublicKey);
  });

  test('one app alone is not asked for', async () => {
    const { page } = await start();
    expect(await page.getByLabel('Mini-program').count()).toBe(0);
  });

  test('an answer that comes too late', async () => {
    const deliver = async () => {
      await wait(600);
      return { status: 200, body: CONSUMED };
    };
    const { page } = await start({ deliver, answerLimitMs: 500 });
    await create(page, 'Tea');
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.getByText('Waiting for the answer').waitFor();
    await keep(page, 'wrong-waiting');
    await page.getByText('Baidu will call again: no answer in time').waitFor();
    await page.getByText(/Next call in (2:00|1:5\d)/).waitFor();
    await keep(page, 'wrong-late');
  });

  test('a query that breaks a rule, with the text that was expected', async () => {
    const { page, cashier } = await start();
    const order = cashier.createOrder({ tpOrderId: 'T-1', title: 'Tea', totalMoney: 1200 });
    const { orderId, userId } = order;
    const other = signedQuery(cashier, { orderId, siteId: '1' });
    await ask(cashier, { ...other, siteId: userId });
    await ask(cashier, signedQuery(cashier, { orderId: '5', siteId: '6' }));
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
    const { page, cashier, expected } = await start();
    cashier.createOrder({ tpOrderId: 'T-1', title: 'Tea', totalMoney: 1200 });
    await page.locator('.entry').click();
    expected.push(/ERR_/);
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
    started.push(cashier);
    const { page, expected } = await openWindow(cashier.url);
    await page.getByText('Notifications go nowhere without it.').waitFor();
    await keep(page, 'alone-1-unconnected');
    await page.getByLabel('Notify URL').fill('http://127.0.0.1:9/notify');
    await page.getByLabel('Notify URL').press('Enter');
    await page.getByText('Notifications go nowhere without it.').waitFor({ state: 'detached' });
    expected.push(/status of 400/);
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
