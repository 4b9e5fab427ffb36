import { describe, expect, test } from 'vitest';
import { DESKTOP, keep, PHONE } from './browser.ts';
import { steps, useDesk } from './desk.ts';

const { start } = useDesk();

// They come first: the list of orders is short. npm run picture copies them into docs/.
describe('the pictures of the README', () => {
  test.each([
    ['cashier', { locale: 'en-GB', title: 'Ergonomic chair', pay: 'Pay', published: 'Status published' }],
    ['cashier.zh-CN', { locale: 'zh-CN', title: '人体工学椅', pay: '支付', published: '状态已发布' }],
  ])('%s', async (name, { locale, title, pay, published }) => {
    const page = await start({ ...DESKTOP, locale });
    await page.locator('[name=amount]').fill('1299.50');
    await page.locator('[name=title]').fill(title);
    await page.locator('[name=tpOrderId]').fill('CHAIR-2026-0042');
    await page.locator('form .primary').click();
    await page.getByRole('heading', { name: title }).waitFor();
    await page.getByRole('button', { name: new RegExp(`^${pay}`) }).click();
    await steps(page, published, 'PAID · NONE · NOT_VERIFIED').waitFor();
    await page.locator('#order-title').blur();
    await keep(page, name);
    expect(await page.locator('.hop.bad').count()).toBe(0);
  });
});

describe('in every look', () => {
  test.each(['light', 'dark'] as const)('a phone, in Chinese, %s', async (colorScheme) => {
    const page = await start({ ...PHONE, colorScheme });
    await keep(page, `phone-${colorScheme}-1-start`);
    await page.getByRole('button', { name: '创建订单' }).tap();
    await page.getByRole('heading', { name: '大杯拿铁' }).waitFor();
    await keep(page, `phone-${colorScheme}-2-created`);
    await page.getByRole('radio', { name: '度小满' }).check();
    await page.getByRole('button', { name: /^支付/ }).tap();
    await steps(page, '状态已发布').waitFor();
    await keep(page, `phone-${colorScheme}-3-paid`);
    await page.getByRole('button', { name: '核销' }).tap();
    await page.getByText('百度不会通知这一变化').waitFor();
    await keep(page, `phone-${colorScheme}-4-unpublished`);
    await page.getByRole('link', { name: '订单' }).tap();
    await page.getByText('故障开关').tap();
    await page.getByRole('switch', { name: '伪造签名' }).check();
    await page.getByText('1 项开启').waitFor();
    await keep(page, `phone-${colorScheme}-5-list`);
    expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
  });

  test('the narrowest phone, in English', async () => {
    const viewport = { width: 320, height: 640 };
    const page = await start({ ...PHONE, viewport, locale: 'en-GB', colorScheme: 'dark' });
    const wide = () => page.evaluate('document.documentElement.scrollWidth > innerWidth');
    expect(await wide()).toBe(false);
    await page.getByRole('button', { name: 'Create order' }).tap();
    await page.getByRole('button', { name: /^Pay/ }).tap();
    await steps(page, 'Status published').waitFor();
    await page.getByRole('button', { name: 'Verify' }).tap();
    await page.getByText('Raw content').first().tap();
    expect(await wide()).toBe(false);
    await keep(page, 'phone-narrow');
  });

  test('a desk, in Chinese, dark; the language is remembered', async () => {
    const page = await start({ ...DESKTOP, colorScheme: 'dark' });
    await page.getByRole('button', { name: '中文' }).click();
    await page.reload();
    await page.getByRole('button', { name: '创建订单' }).click();
    await page.getByRole('button', { name: /^支付/ }).click();
    await steps(page, '状态已发布').waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    await keep(page, 'desk-dark-chinese');
  });
});
