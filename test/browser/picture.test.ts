import { describe, expect, test } from 'vitest';
import { DESKTOP, keep } from './browser.ts';
import { steps, useDesk } from './desk.ts';

const { start } = useDesk();

// npm run picture copies them into docs/.
describe('the pictures of the README', () => {
  test.each([
    { name: 'cashier', locale: 'en-GB', title: 'Ergonomic chair', pay: 'Pay', published: 'Status published' },
    { name: 'cashier.zh-CN', locale: 'zh-CN', title: '人体工学椅', pay: '支付', published: '状态已发布' },
  ])('$name', async ({ name, locale, title, pay, published }) => {
    const page = await start({ ...DESKTOP, locale });
    await page.locator('[name=amount]').fill('1299.50');
    await page.locator('[name=title]').fill(title);
    await page.locator('[name=tpOrderId]').fill(`CHAIR-2026-${locale}`);
    await page.locator('form .primary').click();
    await page.getByRole('heading', { name: title }).waitFor();
    await page.getByRole('button', { name: new RegExp(`^${pay}`) }).click();
    await steps(page, published, 'PAID · NONE · NOT_VERIFIED').waitFor();
    await page.locator('#order-title').blur();
    await keep(page, name);
    expect(await page.locator('.hop.bad').count()).toBe(0);
  });
});
