import { styleText } from 'node:util';
import type { Language, Text } from '../command/language.ts';
import { visible } from '../visible.ts';
import type { Answer } from './baidu.ts';

const NAMES: Record<'payment' | 'refund' | 'verification', Text> = {
  payment: { en: 'payment', zh: '支付' },
  refund: { en: 'refund', zh: '退款' },
  verification: { en: 'verification', zh: '核销' },
};

/** What the second generation's numbers mean: it sends no words with them, as the first does. */
const WORDS: Record<keyof typeof NAMES, Readonly<Record<string, Text>>> = {
  payment: {
    UNPAID: { en: 'unpaid', zh: '未支付' },
    PAID: { en: 'paid', zh: '已支付' },
    CANCELLED: { en: 'cancelled, or refunded by Baidu', zh: '已取消，或已由百度退款' },
  },
  refund: {
    NONE: { en: 'no refund', zh: '无退款' },
    PROCESSING: { en: 'in progress', zh: '退款中' },
    REFUNDED: { en: 'refunded', zh: '退款成功' },
    FAILED: { en: 'failed', zh: '退款失败' },
  },
  verification: {},
};

/** Writes an answer as people read it. */
export function writeAnswer(answer: Answer, language: Language): string {
  const title = {
    en: `Order ${answer.orderId} of user ${answer.siteId}, app ${answer.appId}`,
    zh: `订单 ${answer.orderId}，用户 ${answer.siteId}，应用 ${answer.appId}`,
  };
  const lines = [styleText('bold', visible(title[language]))];
  if ('tpOrderId' in answer) {
    lines.push(`  ${{ en: 'your order id', zh: '商户订单号' }[language]} ${visible(answer.tpOrderId)}`);
    lines.push(...amounts(answer).map((amount) => `  ${amount[language]}`));
  }
  for (const name of ['payment', 'refund', 'verification'] as const) {
    const { status, code, description } = answer[name];
    const words = visible(description) || WORDS[name][status]?.[language];
    const said = code === null ? NOT_TOLD[language] : [code, ...(words ? [words] : [])].join(' ');
    const shown = name === 'payment' && status === 'PAID' ? styleText('green', status) : status;
    const line = {
      en: `${NAMES[name].en}: ${shown} (${said})`,
      zh: `${NAMES[name].zh}：${shown}（${said}）`,
    };
    lines.push(`  ${line[language]}`);
  }
  return `${[...lines, source(answer)[language]].join('\n')}\n`;
}

const NOT_TOLD: Text = {
  en: 'the second generation does not tell',
  zh: '第二代接口不提供',
};

function amounts({ totalMoney, payMoney }: { totalMoney?: number; payMoney?: number }): Text[] {
  return [
    ...(totalMoney === undefined
      ? []
      : [{ en: `total ${yuan(totalMoney)} CNY`, zh: `总金额 ${yuan(totalMoney)} 元` }]),
    ...(payMoney === undefined
      ? []
      : [{ en: `paid ${yuan(payMoney)} CNY`, zh: `实付 ${yuan(payMoney)} 元` }]),
  ];
}

/** Fen as yuan, without a detour over fractions. */
function yuan(fen: number): string {
  return `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;
}

function source({ source: { api, timestamp, cached, serverLogId } }: Answer): Text {
  const at = timestamp === null ? undefined : new Date(1000 * timestamp);
  const time = at && !Number.isNaN(at.getTime()) ? at.toISOString() : undefined;
  const log = serverLogId === null ? '' : `serverlogid ${visible(serverLogId)}`;
  return {
    en: `Baidu answered by ${api}${time ? ` at ${time}` : ''}${cached ? ', out of its cache' : ''}${log && `, ${log}`}.`,
    zh: `百度由 ${api} 应答${time ? `，时间 ${time}` : ''}${cached ? '，来自缓存' : ''}${log && `，${log}`}。`,
  };
}
