import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { keep, PHONE } from './browser.ts';
import { createAndPay, rawOf, steps, useDesk } from './desk.ts';

const { start, stack } = useDesk();

/** Refunds an amount by the form. */
async function refund(page: Page, yuan: string): Promise<void> {
  await page.getByLabel('To refund').fill(yuan);
  await page.getByRole('button', { name: 'Refund', exact: true }).click();
}

/** The numbers of the messages that were told of the order, in the order of the time line. */
async function sequences(page: Page): Promise<number[]> {
  const notes = await steps(page, 'Status published').allTextContents();
  return notes.flatMap((note) => [...note.matchAll(/sequence (\d+)/g)].map(([, number]) => Number(number)));
}

describe('refunds, from the page', () => {
  test('paid, refunded in part, refunded the rest: each told under a higher number, and nobody looks up', async () => {
    const page = await start();
    await page.getByLabel('Amount').fill('9.90');
    await createAndPay(page, 'Concert ticket');
    await steps(page, 'Status published', 'PAID · NONE · NOT_VERIFIED').waitFor();
    await keep(page, 'refund-1-paid');

    await refund(page, '3.00');
    await steps(page, 'Refund audit', 'Baidu refunds: auditStatus is 1').waitFor();
    await steps(page, 'Status published', 'answered: auditStatus 1, refundPayMoney 300').waitFor();
    await steps(page, 'Refund', 'Baidu gives ¥3.00 back to the user').waitFor();
    await steps(page, 'Refund notification', 'Baidu’s console shows the refund: errno is 0').waitFor();
    await steps(page, 'Status published', 'REFUNDED', 'changed: refund, refunds').waitFor();
    expect(await page.getByLabel('To refund').inputValue()).toBe('6.90');
    await page.locator('.headline').getByText('Refunded in part').waitFor();
    await keep(page, 'refund-2-part');

    await refund(page, '6.90');
    await steps(page, 'Refund', 'Baidu gives ¥6.90 back to the user').waitFor();
    // The three statuses are as they were: only the refund itself is new.
    const last = steps(page, 'Status published', /changed: refunds/);
    await last.waitFor();
    const { refunds } = stack().cashier.orders().at(-1) ?? {};
    const message = JSON.parse(await rawOf(last, 'Message'));
    const succeeded = refunds?.map(({ refundBatchId }) => ({ refundBatchId, status: 'SUCCEEDED', code: 1 }));
    expect(message.refunds.toSorted(byBatch)).toEqual(succeeded?.toSorted(byBatch));
    const told = await sequences(page);
    expect(told).toHaveLength(3);
    expect(told).toEqual([...new Set(told)].toSorted((a, b) => a - b));
    expect(await steps(page, 'Look-up asked for').count()).toBe(0);
    expect(await page.getByText('Baidu tells nobody of this change.').count()).toBe(0);
    expect(await page.getByLabel('To refund').count()).toBe(0);
    await page.locator('.headline').getByText('Refunded', { exact: true }).waitFor();
    await keep(page, 'refund-3-rest');
  });

  test('a message that is not genuine is called again, and then told', async () => {
    const page = await start();
    await createAndPay(page, 'Ferry ticket');
    await steps(page, 'Status published').waitFor();
    await page.getByRole('switch', { name: 'Signature forged' }).check();
    await refund(page, '1.00');
    await steps(page, 'Refund audit', 'Signature forged', 'INVALID_SIGNATURE').first().waitFor();
    await page.getByText('Merchant is asked').waitFor();
    await page.getByText('Next call in').waitFor();
    await page.getByRole('button', { name: 'Ask again: ¥1.00' }).waitFor();
    await keep(page, 'refund-4-forged');
    await page.getByRole('button', { name: 'Everything back to normal' }).click();
    // Nobody does anything: Baidu repeats by itself.
    await steps(page, 'Refund notification', 'errno is 0').waitFor();
    await steps(page, 'Status published', 'changed: refund, refunds').waitFor();
    await page.getByRole('button', { name: 'Tell again: ¥1.00' }).click();
    await steps(page, 'Not published again').first().waitFor();
    await page.getByRole('radio', { name: 'Absent' }).first().check();
    await page.getByRole('switch', { name: 'Refunds fail' }).check();
    await page.getByLabel('Do not ask the merchant first').check();
    await refund(page, '2.00');
    await steps(page, 'Refund', '¥2.00 could not be given back').waitFor();
    const failed = steps(page, 'Status published', 'changed: refunds');
    await failed.waitFor();
    expect(await rawOf(failed, 'Message')).toContain('"status": "FAILED"');
  });

  test('an amount that is not left is refused where it stands', async () => {
    const page = await start();
    await createAndPay(page, 'Bus ticket');
    await steps(page, 'Status published').waitFor();
    for (const amount of ['9.91', '0', '-1', '1.234', 'all', '']) {
      await refund(page, amount);
      await page.getByText('An amount in yuan, 0.01 to 9.90').waitFor();
      expect(await page.locator('.refunds li').count()).toBe(0);
    }
    await keep(page, 'refund-5-amount-refused');
  });

  test('in Chinese, on a phone', async () => {
    const page = await start(PHONE);
    const { orderId } = stack().cashier.createOrder({
      tpOrderId: 'ZH-1',
      totalMoney: 990,
      title: '音乐会门票',
    });
    await stack().ordersWritten();
    await stack().cashier.pay(orderId);
    await page.locator('.entry', { hasText: '音乐会门票' }).click();
    await steps(page, '状态已发布').waitFor();
    await page.getByLabel('退款金额').fill('3');
    await page.getByRole('button', { name: '退款', exact: true }).click();
    await steps(page, '退款审核', '百度退款：auditStatus 为 1').waitFor();
    await steps(page, '退款通知', '百度后台显示已退款：errno 为 0').waitFor();
    await steps(page, '状态已发布', '变化：refund, refunds').waitFor();
    await page.getByRole('button', { name: '按商户订单号查询' }).click();
    await steps(page, '查询支付状态', 'HTTP 200 · PAID · REFUNDED').waitFor();
    await keep(page, 'refund-6-chinese');
  });
});

const byBatch = (a: { refundBatchId: string }, b: { refundBatchId: string }) =>
  a.refundBatchId.localeCompare(b.refundBatchId);
