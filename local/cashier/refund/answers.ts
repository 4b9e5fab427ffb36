import { isObject, type MerchantAnswer, openAnswer, remarked } from '../merchant/merchant-answer.ts';
import type { Text } from '../text.ts';

/** What Baidu does after an answer to a refund message: it is told, refunds, does not, asks again later, or calls again. */
export type RefundOutcome = 'told' | 'approved' | 'refused' | 'undecided' | 'repeat';

/** What Baidu makes of an answer. */
export interface RefundVerdict {
  readonly outcome: RefundOutcome;
  readonly why: Text;
  /** How much goes back, in fen, where the refund was approved. */
  readonly money?: number;
}

/** Judges the answer to a refund notification: anything but a success is called for again, without limit. */
export function judgeRefundNotification(answer: MerchantAnswer): RefundVerdict {
  const opened = openAnswer(answer);
  if ('why' in opened) return { outcome: 'repeat', why: opened.why };
  return remarked({ outcome: 'told', why: { en: 'errno is 0', zh: 'errno 为 0' } }, opened.remarks);
}

const DECISIONS = { 1: 'approved', 2: 'refused', 3: 'undecided' } as const;

/**
 * Judges the answer to a refund audit. `refundPayMoney` has to be there whatever was decided.
 *
 * @param most how much can go back at most, in fen
 */
export function judgeRefundAudit(answer: MerchantAnswer, most: number): RefundVerdict {
  const opened = openAnswer(answer);
  if ('why' in opened) return { outcome: 'repeat', why: opened.why };
  return remarked(judgeDecision(opened.data, most), opened.remarks);
}

function judgeDecision(
  { auditStatus, calculateRes }: Readonly<Record<string, unknown>>,
  most: number,
): RefundVerdict {
  const money = isObject(calculateRes) ? calculateRes['refundPayMoney'] : undefined;
  if (auditStatus !== 1 && auditStatus !== 2 && auditStatus !== 3) return broken('auditStatus', auditStatus);
  if (typeof money !== 'number' || !Number.isSafeInteger(money) || money < 0) {
    return broken('refundPayMoney', money);
  }
  if (auditStatus === 1 && money > most) {
    return {
      outcome: 'repeat',
      why: {
        en: `refundPayMoney is ${money}, and no more than ${most} is left`,
        zh: `refundPayMoney 为 ${money}，而最多只剩 ${most}`,
      },
    };
  }
  const why = { en: `auditStatus is ${auditStatus}`, zh: `auditStatus 为 ${auditStatus}` };
  return { outcome: DECISIONS[auditStatus], why, money };
}

function broken(name: string, value: unknown): RefundVerdict {
  const wanted =
    name === 'auditStatus'
      ? { en: 'only the numbers 1, 2 and 3 count', zh: '只认数字 1、2、3' }
      : { en: 'it must be a whole number of fen', zh: '须为整数（分）' };
  if (value === undefined)
    return { outcome: 'repeat', why: { en: `${name} is missing`, zh: `缺少 ${name}` } };
  const shown = JSON.stringify(value);
  return {
    outcome: 'repeat',
    why: { en: `${name} is ${shown}: ${wanted.en}`, zh: `${name} 为 ${shown}：${wanted.zh}` },
  };
}
