import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type Cashier, startCashier } from '../../local/cashier/index.ts';
import { readPublicKey } from '../../local/cashier/keys.ts';
import { sign, verify } from '../../local/cashier/signature.ts';

const merchant = generateKeyPairSync('rsa', { modulusLength: 1024 });

/** How the stand-in for a merchant's service behaves; times in milliseconds. */
export interface Behaviour {
  answer?: (form: URLSearchParams) => string | undefined;
  takesMs?: number;
  repeatIntervalMs?: number;
}

/** Starts a cashier with a small service behind it: it verifies, queues, asks Baidu and publishes. */
export async function startService(behaviour: Behaviour = {}): Promise<Cashier> {
  const cashier = await startCashier({
    merchantPublicKey: merchant.publicKey,
    repeatIntervalMs: behaviour.repeatIntervalMs,
    slowMs: 400,
    deliver: async (form) => {
      await wait(behaviour.takesMs ?? 20);
      const fields = new URLSearchParams(form);
      const own = behaviour.answer?.(fields);
      if (own !== undefined) return { status: 200, body: own };
      const key = readPublicKey(cashier.platformPublicKey);
      if (!verify(Object.fromEntries(fields), fields.get('rsaSign') ?? '', key)) {
        return { status: 403, body: '{"errno":10000,"msg":"signature wrong"}' };
      }
      const message = JSON.stringify({ orderId: fields.get('orderId'), siteId: fields.get('userId') });
      cashier.record(fields.get('orderId'), {
        kind: 'queued',
        tone: 'good',
        note: { en: 'payments', zh: 'payments' },
        raw: [{ name: 'message', text: message }],
      });
      void confirm(cashier, fields);
      return { status: 200, body: '{"errno":0,"msg":"success","data":{"isConsumed":2}}' };
    },
  });
  return cashier;
}

/** Asks Baidu about an order, three times at most, and publishes the answer. */
async function confirm(cashier: Cashier, fields: URLSearchParams): Promise<void> {
  const orderId = fields.get('orderId') ?? '';
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const answer = await query(cashier, orderId, fields.get('userId') ?? '').catch(() => null);
    if (answer?.errno !== 0) continue;
    const { statusNum, statusDesc } = answer.data.data.payStatus;
    cashier.record(orderId, {
      kind: 'published',
      tone: 'good',
      note: { en: `payment ${statusNum} ${statusDesc}`, zh: `payment ${statusNum} ${statusDesc}` },
      raw: [{ name: 'message', text: JSON.stringify({ eventType: 'payment-status', orderId }) }],
    });
    return;
  }
}

/** Sends a query; `change` is what is signed instead, for a signature that is wrong. */
export async function query(
  cashier: Cashier,
  orderId: string,
  siteId: string,
  change: Record<string, string> = {},
) {
  const params = { appId: cashier.appId, appKey: cashier.appKey, orderId, siteId };
  const signature = sign({ ...params, ...change }, merchant.privateKey);
  const search = new URLSearchParams({ ...params, sign: signature });
  const response = await fetch(`${cashier.queryUrl}?${search}`);
  return JSON.parse(await response.text());
}
