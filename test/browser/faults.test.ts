import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { keep } from './browser.ts';
import { create, createAndPay, rawOf, steps, useDesk } from './desk.ts';

const { start, stack } = useDesk();

const backToNormal = (page: Page) => page.getByRole('button', { name: 'Everything back to normal' }).click();

/** Asks for the status and returns what was answered, once it is on the page. */
async function ask(page: Page, said: string): Promise<string> {
  await page.getByRole('button', { name: 'Ask for the status' }).click();
  const asked = steps(page, 'Status asked for', said);
  await asked.first().waitFor();
  return rawOf(asked, 'Answer');
}

describe('a notification that is not genuine', () => {
  test.each(['Signature forged', 'Field altered'])('%s: 403, nothing stored, called again', async (name) => {
    const page = await start();
    await page.getByRole('switch', { name }).check();
    await createAndPay(page, `Tea, ${name}`);
    const refused = steps(page, 'Baidu will call again: errno is 403, not 0 (INVALID_SIGNATURE');
    await refused.first().waitFor();
    await page.locator('.headline').getByText('Calls again').waitFor();
    await page.getByText('Next call in').waitFor();
    expect(await rawOf(refused, 'Answer')).toMatch(/^HTTP 403\n\n\{\n {2}"errno": 403,/);
    expect(await steps(page, 'Queue message').count()).toBe(0);
    await keep(page, `wrong-${name.toLowerCase().replace(' ', '-')}`);
    await backToNormal(page);
    // Nobody does anything: Baidu repeats by itself.
    await steps(page, 'Notification', 'The money settles').waitFor();
    await steps(page, 'Status published', 'PAID').waitFor();
    await page.locator('.headline').getByText('Settled').waitFor();
  });
});

describe('a genuine notification', () => {
  test('sent twice: both answered with errno 0, published once', async () => {
    const page = await start();
    await page.getByRole('switch', { name: 'Sent twice' }).check();
    await createAndPay(page, 'Tea, twice');
    await steps(page, 'Confirm', 'Published: this state is new').waitFor();
    await steps(page, 'Confirm', 'Not published again').waitFor();
    await steps(page, 'Status published').waitFor();
    expect(await steps(page, 'Notification', 'The money settles: isConsumed is 2').count()).toBe(2);
    expect(await steps(page, 'Status published').count()).toBe(1);
    await keep(page, 'wrong-sent-twice');
    await page.getByRole('button', { name: 'Notify again' }).click();
    await page.getByText('#4').waitFor();
    await steps(page, 'Not published again').nth(2).waitFor();
    expect(await steps(page, 'Status published').count()).toBe(1);
  });

  test('of a cancelled order: taken note of, looked up', async () => {
    const page = await start();
    await page.getByRole('switch', { name: 'Cancelled orders announced' }).check();
    await create(page, 'Tea, cancelled');
    await page.getByRole('button', { name: 'Cancel order' }).click();
    await steps(page, 'Notification', 'Taken note of, not consumed: isConsumed is 1').waitFor();
    await steps(page, 'Status published', 'UNPAID · NONE · NOT_VERIFIED').waitFor();
    await keep(page, 'wrong-cancelled');
  });

  test('of an order that the merchant knows with another amount: Baidu wants to refund, the payment is not stored', async () => {
    const { aws, cashier, ordersWritten } = stack();
    const page = await start();
    await create(page, 'Tea, another amount');
    await ordersWritten();
    const { tpOrderId = '' } = cashier.orders().at(-1) ?? {};
    const Item = { tpOrderId: { S: tpOrderId }, totalMoney: { N: '1' } };
    await aws.dynamodb.send(new PutItemCommand({ TableName: aws.ordersTable, Item }));
    await page.getByRole('button', { name: /^Pay/ }).click();
    const refunded = steps(page, 'Notification', 'Baidu refunds: isErrorOrder is 1');
    await refunded.waitFor();
    expect(await rawOf(refunded, 'Answer')).toContain('"isConsumed": 2,\n    "isErrorOrder": 1');
    // The ledger knows of no payment, so what approves of refunds by it cannot decide.
    await steps(page, 'Refund audit', 'Baidu will ask again: auditStatus is 3').first().waitFor();
    await page.locator('.headline').getByText('Baidu wants to refund').waitFor();
    const queued = await steps(page, 'Queue message').all();
    for (const message of queued) expect(await rawOf(message, 'Message')).toContain('"refundAudit": {');
    await keep(page, 'wrong-refunded-by-baidu');
  });
});

describe('Baidu', () => {
  test.each([
    ['Slow', 'The caller gave up waiting', 'HTTP 504 · BAIDU_TIMEOUT', 'BAIDU_TIMEOUT'],
    ['Down', 'The connection was broken off', 'HTTP 502 · BAIDU_UNREACHABLE', 'BAIDU_UNREACHABLE'],
  ])('%s: asked three times, then it stays in the queue', async (name, note, said, code) => {
    const page = await start();
    await page.getByRole('radio', { name }).check();
    await createAndPay(page, `Coffee, ${name}`);
    await steps(page, 'Notification', 'The money settles').waitFor();
    expect(await ask(page, said)).toContain(`"code": "${code}"`);
    await steps(page, 'Confirm', code, 'It stays in the queue and comes again in 1 s').first().waitFor();
    expect(await steps(page, 'Query', note).count()).toBeGreaterThanOrEqual(6);
    expect(await steps(page, 'Status published').count()).toBe(0);
    await keep(page, `wrong-baidu-${name.toLowerCase()}`);
    await backToNormal(page);
    await steps(page, 'Queue message', 'Delivery 2 of 5').waitFor();
    await steps(page, 'Status published', 'PAID').waitFor();
    expect(await steps(page, 'Status published').count()).toBe(1);
  });

  test('over its QPS limit: asked more and more slowly, within one delivery', async () => {
    const page = await start();
    await page.getByRole('radio', { name: 'Over QPS' }).check();
    await createAndPay(page, 'Coffee, over QPS');
    expect(await ask(page, 'HTTP 502 · BAIDU_ERROR')).toContain('"errno": 5010003');
    await steps(page, 'Query', 'errno 5010003: over the QPS limit').nth(6).waitFor();
    await keep(page, 'wrong-baidu-over-qps');
    await backToNormal(page);
    await steps(page, 'Status published', 'PAID').waitFor();
    expect(await steps(page, 'Queue message').allTextContents()).toHaveLength(1);
  });

  test('answers with an unknown status: nobody is told paid, and at last it is a dead letter', async () => {
    const page = await start();
    await page.getByRole('switch', { name: 'Unknown status' }).check();
    await createAndPay(page, 'Coffee, unknown');
    await steps(page, 'Confirm', 'PAYMENT_MISMATCH', 'It stays in the queue').first().waitFor();
    const answer = await ask(page, 'HTTP 200 · UNKNOWN · NONE · NOT_VERIFIED');
    expect(answer).toContain('"status": "UNKNOWN",\n    "code": 7,\n    "description": "风控审核中"');
    await keep(page, 'wrong-unknown-status');
    await steps(page, 'Queue message', 'Delivery 5 of 5').waitFor();
    await steps(page, 'Dead-letter queue').waitFor();
    expect(await steps(page, 'Status published').count()).toBe(0);
    await keep(page, 'wrong-dead-letter');
    await backToNormal(page);
    await page.getByRole('button', { name: 'Look up and publish' }).click();
    await steps(page, 'Status published', 'PAID').waitFor();
  });
});
