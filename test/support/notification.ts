import type { KeyObject } from 'node:crypto';
import { sign } from '../../local/cashier/signature/signature.ts';

/** A paid order as Baidu's platform would notify it. */
export const PAID: Readonly<Record<string, string>> = {
  userId: '3747777038',
  orderId: '1920891312',
  unitPrice: '11300',
  count: '1',
  totalMoney: '11300',
  payMoney: '11300',
  promoMoney: '0',
  hbMoney: '0',
  hbBalanceMoney: '0',
  giftCardMoney: '0',
  dealId: '470193086',
  payTime: '1482735200',
  promoDetail: '',
  payType: '1117',
  partnerId: '0',
  status: '2',
  tpOrderId: '3028903626',
  returnData: '',
};

/** Fields as a form. */
export function formOf(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString();
}

/** Fields with their signature by the platform's key, made by code that the service does not share. */
export function signed(
  fields: Readonly<Record<string, string>>,
  platformKey: KeyObject,
): Record<string, string> {
  return { ...fields, rsaSign: sign(fields, platformKey) };
}

/** The same as a form. */
export function signedForm(fields: Readonly<Record<string, string>>, platformKey: KeyObject): string {
  return formOf(signed(fields, platformKey));
}
