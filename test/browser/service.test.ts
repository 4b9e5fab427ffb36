import { describe, expect, test } from 'vitest';
import { keep } from './browser.ts';
import { create, createAndPay, rawOf, steps, useDesk } from './desk.ts';

const { start, stack } = useDesk();

describe('the whole service, from its page', () => {
  test('an order is created, paid, notified, confirmed and published', async () => {
    const page = await start();
    await keep(page, 'desk-1-empty');
    await page.getByLabel('Amount').fill('1299.50');
    await page.getByLabel('Title').fill('Ergonomic chair');
    await page.getByLabel('Your order id').fill('CHAIR-2026-0042');
    await page.getByText('More fields').click();
    await page.getByLabel('returnData').fill('seat=7;<b>bold</b>');
    await keep(page, 'desk-2-form');
    await page.getByRole('button', { name: 'Create order' }).click();
    await page.getByRole('heading', { name: 'Ergonomic chair' }).waitFor();
    await keep(page, 'desk-3-created');
    await page.getByRole('radio', { name: 'Alipay' }).check();
    await page.getByRole('button', { name: 'Pay ¥1,299.50' }).click();
    await steps(page, 'Status published', 'PAID · NONE · NOT_VERIFIED').waitFor();
    await page.locator('.headline').getByText('Settled').waitFor();
    await keep(page, 'desk-4-paid');
    const titles = await page.locator('.hop .lead b').allTextContents();
    expect(titles).toEqual([
      ...['Order created', 'Paid by the user', 'Notification', 'Queue message', 'Query', 'Confirm'],
      'Status published',
    ]);
    await steps(page, 'Notification', /\d+ \/ 2,000 ms/).waitFor();
  });

  test('each step shows what was sent, as it was sent', async () => {
    const page = await start();
    await createAndPay(page, 'Reading lamp');
    await steps(page, 'Status published').waitFor();
    const [order] = stack().cashier.orders().slice(-1);
    const ids = `orderId=${order?.orderId}`;
    const notification = steps(page, 'Notification');
    expect(await rawOf(notification, 'Form as sent')).toContain('&rsaSign=');
    expect(await rawOf(notification, 'Text that was signed')).toContain(`&${ids}&`);
    expect(await rawOf(notification, 'Answer')).toBe(
      'HTTP 200\n\n{\n  "errno": 0,\n  "msg": "success",\n  "data": {\n    "isConsumed": 2\n  }\n}',
    );
    expect(await rawOf(steps(page, 'Queue message'), 'Message')).toContain(`"siteId": "${order?.userId}"`);
    const query = steps(page, 'Query', 'Answered: paid');
    expect(await rawOf(query, 'Text expected to be signed')).toBe(
      `appId=10026&appKey=MMM4oc&${ids}&siteId=${order?.userId}`,
    );
    expect(await rawOf(query, 'Answer')).toContain('"statusDesc": "支付成功"');
    expect(await rawOf(steps(page, 'Confirm'), 'What the function logged')).toContain('"published"');
    const published = steps(page, 'Status published');
    expect(await rawOf(published, 'Message')).toContain('"eventType": "payment-status"');
    expect(await rawOf(published, 'Message attributes, for filter policies')).toContain('payment = PAID');
    await keep(page, 'desk-5-raw');

    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await notification.getByRole('button', { name: 'Copy: Answer' }).click();
    await page.getByText('Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain('"data":{"isConsumed":2}}');
  });

  test('each new state is published once it is looked up: 核销, and the three of a refund', async () => {
    const page = await start();
    await createAndPay(page, 'Theatre ticket');
    await steps(page, 'Status published').waitFor();
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.locator('.headline').getByText('Verified').waitFor();
    await page.getByText('Baidu tells nobody of this change.').waitFor();
    await keep(page, 'desk-6-unpublished');
    const lookUp = page.getByRole('button', { name: 'Look up and publish' });
    await lookUp.click();
    await steps(page, 'Status published', 'PAID · NONE · VERIFIED').waitFor();
    for (const [name, status] of [
      ['In progress', 'PROCESSING'],
      ['Failed', 'FAILED'],
      ['Done', 'REFUNDED'],
    ] as const) {
      await page.getByRole('button', { name }).click();
      await page.getByRole('button', { name, pressed: true }).waitFor();
      await lookUp.click();
      await steps(page, 'Status published', `PAID · ${status} · VERIFIED`).waitFor();
    }
    await steps(page, 'Query', 'Answered: paid, refunded, verified').waitFor();
    await page.locator('.headline').getByText('Refunded').waitFor();
    expect(await steps(page, 'Status published').count()).toBe(5);
    await lookUp.click();
    await steps(page, 'Not published again: this state has gone out before').waitFor();
    expect(await steps(page, 'Status published').count()).toBe(5);
    await keep(page, 'desk-7-refunded');
  });

  test('the status is asked for as a mini-program does', async () => {
    const page = await start();
    await create(page, 'Umbrella');
    await page.getByRole('button', { name: 'Ask for the status' }).click();
    await steps(page, 'Status asked for', 'HTTP 200 · UNPAID · NONE · NOT_VERIFIED').waitFor();
    await page.getByRole('button', { name: /^Pay/ }).click();
    await steps(page, 'Status published').waitFor();
    await page.getByRole('button', { name: 'Ask for the status' }).click();
    const asked = steps(page, 'Status asked for', 'HTTP 200 · PAID · NONE · NOT_VERIFIED');
    await asked.waitFor();
    expect(await rawOf(asked, 'Request')).toMatch(
      /^GET http.*\/payment-status\?siteId=\d+\nAuthorization: Bearer /,
    );
    expect(await rawOf(asked, 'Answer')).toContain('"description": "支付成功"');
    await keep(page, 'desk-8-asked');
  });

  test('an order is cancelled, and Baidu says nothing', async () => {
    const page = await start();
    await create(page, 'Scarf');
    await page.getByRole('button', { name: 'Cancel order' }).click();
    await page.locator('.headline').getByText('Cancelled').waitFor();
    expect(await steps(page, 'Notification').count()).toBe(0);
    await keep(page, 'desk-9-cancelled');
  });

  test('everything can be done with the keyboard', async () => {
    const page = await start();
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
    await steps(page, 'Status published').waitFor();
    expect(await page.locator('#order-title').evaluate((title) => title.matches(':focus'))).toBe(true);
    await page.getByRole('button', { name: 'Ask for the status' }).focus();
    await page.keyboard.press('Enter');
    await steps(page, 'HTTP 200 · PAID').waitFor();
    await page.getByRole('switch', { name: 'Signature forged' }).focus();
    await page.keyboard.press('Space');
    await page.getByText('1 on', { exact: true }).waitFor();
    await keep(page, 'desk-10-keyboard');
  });
});
