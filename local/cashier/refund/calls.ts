import type { MerchantAnswer } from '../merchant/merchant-answer.ts';
import type { SignedForm } from '../merchant/notification.ts';
import type { NewHop } from '../orders/order-book.ts';
import type { Text } from '../text.ts';
import type { RefundOutcome, RefundVerdict } from './answers.ts';
import type { Refund } from './refund.ts';

/** What came of one refund message: what was sent, what came back, and what Baidu does about it. */
export interface RefundCall extends Omit<SignedForm, 'flaw'> {
  /** The merchant's answer; `null` when none came. */
  readonly status: number | null;
  readonly body: string | null;
  readonly milliseconds: number;
  readonly outcome: RefundOutcome;
  readonly why: Text;
}

interface Said {
  readonly kind: 'audit' | 'notification';
  /** The refund as it was told, or asked for. */
  readonly refund: Refund;
  readonly signed: SignedForm;
  readonly answer: MerchantAnswer;
  readonly verdict: RefundVerdict;
}

/** What is answered to whoever had the message sent. */
export function resultOf({ signed, answer, verdict }: Said): RefundCall {
  const { form, signedText } = signed;
  return {
    ...{ form, signedText },
    status: answer.type === 'answer' ? answer.status : null,
    body: answer.type === 'answer' ? answer.body : null,
    milliseconds: answer.milliseconds,
    ...{ outcome: verdict.outcome, why: verdict.why },
  };
}

const OUTCOMES: Record<RefundOutcome, Text> = {
  told: { en: 'Baidu’s console shows the refund', zh: '百度后台显示已退款' },
  approved: { en: 'Baidu refunds', zh: '百度退款' },
  refused: { en: 'Baidu does not refund', zh: '百度不退款' },
  undecided: { en: 'Baidu will ask again', zh: '百度稍后再次询问' },
  repeat: { en: 'Baidu will call again', zh: '百度将再次通知' },
};

const FAILURE_TOLD: Text = {
  en: 'Baidu takes it that you know of the failed refund',
  zh: '百度认为您已得知退款失败',
};

const TONES = {
  told: 'good',
  approved: 'good',
  refused: 'neutral',
  undecided: 'neutral',
  repeat: 'bad',
} as const;

/** The step that the message leaves on the time line. */
export function refundHop(said: Said, limitMilliseconds: number): NewHop {
  const { kind, refund, signed, answer, verdict } = said;
  const { outcome, why } = verdict;
  const isFailure = outcome === 'told' && refund.state === 'FAILED';
  const asksAgain = outcome === 'repeat' && kind === 'audit';
  const does = isFailure ? FAILURE_TOLD : OUTCOMES[asksAgain ? 'undecided' : outcome];
  const answered =
    answer.type === 'answer' ? [{ name: 'answer', text: `HTTP ${answer.status}\n\n${answer.body}` }] : [];
  return {
    kind: kind === 'audit' ? 'refundAudit' : 'refundNotification',
    tone: isFailure ? 'neutral' : TONES[outcome],
    flaw: signed.flaw,
    note: { en: `${does.en}: ${why.en}`, zh: `${does.zh}：${why.zh}` },
    raw: [{ name: 'form', text: signed.form }, { name: 'signedText', text: signed.signedText }, ...answered],
    milliseconds: answer.milliseconds,
    limitMilliseconds,
  };
}
