import { generateKeyPairSync } from 'node:crypto';
import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { notifyEvent, queryEvent } from '../../local/stack/events.ts';
import { answerBody, says } from '../support/baidu.ts';
import { formOf, PAID, signed, signedForm } from '../support/notification.ts';
import { platformKey, SECRET, TOKEN } from '../support/world.ts';
import type { Stage } from './stage.ts';

/** What sounds an alarm, and what comes near it and must not. */
export interface Fault {
  readonly fault: (stage: Stage) => Promise<void>;
  /** What else sounds rightly by the same fault. */
  readonly also?: readonly string[];
  /** No alarm at all sounds. */
  readonly calm: (stage: Stage) => Promise<void>;
}

const stranger = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const forged = notifyEvent(signedForm(PAID, stranger));
const notified = (orderId: string) => ({
  ...{ appId: '10026', orderId, siteId: PAID['userId'] },
  notification: signed({ ...PAID, orderId }, platformKey),
});
const ask = queryEvent({ headers: { authorization: `Bearer ${TOKEN}` } });
const audited = (refundBatchId: string) => ({
  ...{ appId: '10026', orderId: '55', siteId: '7' },
  refundAudit: signed({ orderId: '55', userId: '7', refundBatchId, applyRefundMoney: '100' }, platformKey),
  answer: { auditStatus: 3, refundPayMoney: 100 },
});

/** An environment that no process has yet. */
const cold = () => ({ COLD: crypto.randomUUID() });

/** As often as it says, some minutes apart. */
async function repeat(
  times: number,
  stage: Stage,
  minutes: number,
  act: (index: number) => Promise<unknown>,
) {
  for (let index = 0; index < times; index++) {
    await act(index);
    await stage.pass(minutes);
  }
}

function cut({ world }: Stage, action: string): void {
  world.decide((moment) => (moment === `${action} asked` ? 'cut' : 'pass'));
}

/** A dead letter has come, and lies there. */
async function forgotten(stage: Stage): Promise<void> {
  await stage.pass(10);
  await stage.put('deadLetter');
  await stage.pass(30);
  stage.sounded.clear();
}

/** Baidu asks whether to refund, and again so many hours later. */
async function askAgain(stage: Stage, refundBatchId: string, hours: number): Promise<void> {
  await stage.confirm(audited(refundBatchId));
  const { dynamodb, ledgerTable } = stage.world.aws;
  const observedAt = new Date(Date.now() - hours * 3_600_000).toISOString();
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: ledgerTable,
      Key: { id: { S: `10026#55#audit#${refundBatchId}#3#100` } },
      UpdateExpression: 'SET told = :told',
      ConditionExpression: 'attribute_exists(told)',
      ExpressionAttributeValues: { ':told': { S: JSON.stringify({ observedAt }) } },
    }),
  );
  await stage.confirm(audited(refundBatchId));
  await stage.pass(5);
}

/** Other faults by which an alarm sounds: what they are, the alarm, what else sounds rightly. */
export const OTHER_FAULTS: readonly [string, string, (stage: Stage) => Promise<void>, ...string[]][] = [
  [
    'a deal that is not ours',
    'GenuineRefused',
    async (stage) => {
      stage.world.secretsManager.put('secret', JSON.stringify({ ...SECRET, dealId: '1' }));
      await stage.notify();
      await stage.pass(5);
    },
  ],
  [
    'a secret that is not what it must be, at a cold start',
    'GenuineRefused',
    async (stage) => {
      stage.world.secretsManager.put('secret', JSON.stringify({ ...SECRET, platformPublicKey: 'none' }));
      await stage.notify({}, cold());
      await stage.pass(5);
    },
    'SecretFailures',
  ],
  [
    'a form that lacks a field',
    'NotificationsRefused',
    async (stage) => {
      const { count, ...fields } = PAID;
      await repeat(10, stage, 2, () => stage.invoke('notify', notifyEvent(signedForm(fields, platformKey))));
    },
  ],
  [
    'a refund that cannot be stored',
    'GenuineRefused',
    async (stage) => {
      cut(stage, 'SendMessage');
      const refund = { orderId: '55', refundBatchId: 'c', refundStatus: '1', userId: '7' };
      const path = '/baidu/refund-notify';
      await stage.invoke('notify', notifyEvent(signedForm(refund, platformKey), { path }));
      await stage.pass(5);
    },
  ],
  [
    'no room for notify',
    'NotifyUnanswered',
    async (stage) => {
      stage.throttle('notify');
      await stage.pass(5);
    },
  ],
  [
    'a secret that stays away while the last good one serves',
    'SecretFailures',
    async (stage) => {
      await repeat(3, stage, 5, async (index) => {
        stage.world.secretsManager.fail(index === 0 ? undefined : { error: 'InternalServiceError' });
        await stage.invoke('query', ask);
      });
    },
  ],
  [
    'a ledger that is away',
    'NotConfirmed',
    async (stage) => {
      cut(stage, 'UpdateItem');
      await repeat(3, stage, 3, () => stage.confirm(notified('13')));
    },
  ],
  [
    'no room for confirm',
    'ConfirmFailing',
    (stage) => repeat(3, stage, 3, async () => stage.throttle('confirm')),
  ],
  [
    'a confirm that does not run',
    'PaymentsLate',
    async (stage) => {
      await stage.put('payment');
      await stage.pass(30);
    },
  ],
];

/** Each alarm of resources/alarms.yml. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  GenuineRefused: {
    fault: async (stage) => {
      cut(stage, 'SendMessage');
      await stage.notify();
      await stage.pass(5);
    },
    calm: async (stage) => {
      const noise = ['hello', formOf({ ...PAID, rsaSign: 'x' }), 'a=1&'.repeat(30_000)];
      await repeat(12, stage, 5, (index) => stage.invoke('notify', notifyEvent(noise[index % 3] ?? '')));
    },
  },

  NotificationsRefused: {
    fault: async (stage) => {
      await repeat(10, stage, 2, () => stage.invoke('notify', forged));
    },
    calm: async (stage) => {
      await repeat(12, stage, 5, () => stage.invoke('notify', forged));
      await repeat(4, stage, 5, async () => {
        for (let count = 0; count < 5; count++) await stage.notify();
        for (let count = 0; count < 4; count++) await stage.invoke('notify', forged);
      });
    },
  },

  NotifyUnanswered: {
    fault: async (stage) => {
      await stage.notify();
      stage.killAt('SendMessage', 'notify');
      await stage.notify();
      await stage.pass(5);
    },
    calm: async (stage) => {
      await repeat(3, stage, 5, () => stage.notify());
    },
  },

  OrderMismatch: {
    fault: async (stage) => {
      await stage.notify({ tpOrderId: 'none' }, { ORDERS_TABLE: stage.world.aws.ordersTable });
      await stage.pass(5);
    },
    calm: async (stage) => {
      const { dynamodb, ordersTable } = stage.world.aws;
      const Item = { tpOrderId: { S: 'own' }, totalMoney: { N: PAID['totalMoney'] ?? '' } };
      await dynamodb.send(new PutItemCommand({ TableName: ordersTable, Item }));
      await stage.notify({ tpOrderId: 'own' }, { ORDERS_TABLE: ordersTable });
      await stage.pass(5);
    },
  },

  SecretFailures: {
    fault: async (stage) => {
      stage.world.secretsManager.put('secret', JSON.stringify({ ...SECRET, apiTokens: [] }));
      await stage.invoke('query', ask, cold());
      await stage.pass(5);
    },
    calm: async (stage) => {
      await repeat(3, stage, 5, async (index) => {
        stage.world.secretsManager.fail(index === 1 ? { error: 'InternalServiceError' } : undefined);
        await stage.invoke('query', ask);
      });
    },
  },

  NothingArrives: {
    fault: async (stage) => {
      await stage.notify();
      await stage.pass(60);
      await stage.invoke('notify', forged);
      await stage.pass(120);
    },
    calm: (stage) => repeat(6, stage, 60, () => stage.notify()),
  },

  NotConfirmed: {
    fault: async (stage) => {
      cut(stage, 'Publish');
      await repeat(3, stage, 3, (index) =>
        stage.confirm(notified('11'), { minutesAgo: 3 * index, delivery: index + 1 }),
      );
    },
    calm: async (stage) => {
      await repeat(2, stage, 3, async (index) => {
        cut(stage, index === 0 ? 'Publish' : 'nothing');
        await stage.confirm(notified('12'), { minutesAgo: 3 * index, delivery: index + 1 });
      });
      await stage.pass(10);
    },
  },

  ConfirmFailing: {
    fault: async (stage) => {
      stage.killAt('query', 'confirm');
      await repeat(3, stage, 3, () => stage.confirm(notified('21')));
    },
    calm: async (stage) => {
      stage.killAt('query', 'confirm');
      await repeat(1, stage, 10, () => stage.confirm(notified('22')));
    },
  },

  PaymentsLate: {
    fault: async (stage) => {
      await stage.confirm(notified('31'), { minutesAgo: 11, delivery: 5 });
      await stage.pass(5);
    },
    calm: async (stage) => {
      await stage.confirm(notified('32'), { minutesAgo: 9, delivery: 4 });
      await stage.confirm({ orderId: '33', siteId: '7' }, { minutesAgo: 15 });
      await stage.put('payment');
      await stage.pass(20);
    },
  },

  DeadLetters: {
    // One that nobody has taken away does not hide the next.
    fault: async (stage) => {
      await forgotten(stage);
      await stage.put('deadLetter');
      await stage.pass(2);
    },
    calm: async (stage) => {
      await forgotten(stage);
      await repeat(5, stage, 10, () => stage.look());
    },
  },

  BaiduFailing: {
    fault: async (stage) => {
      stage.world.baidu.always(says('', 500));
      await repeat(3, stage, 5, () => stage.invoke('query', ask));
    },
    calm: async (stage) => {
      stage.world.baidu.always(says(answerBody({ errno: 10002 })));
      await repeat(3, stage, 5, async () => {
        for (let count = 0; count < 5; count++) await stage.invoke('query', ask);
      });
    },
  },

  // No emulator fails to deliver: the metric is SNS's own.
  StatusUndelivered: {
    fault: async (stage) => {
      stage.cloudWatch.put('AWS/SNS', 'NumberOfNotificationsFailed', { TopicName: 'StatusTopic' }, 1);
      await stage.pass(5);
    },
    calm: async (stage) => {
      stage.cloudWatch.put('AWS/SNS', 'NumberOfNotificationsFailed', { TopicName: 'StatusTopic' }, 0);
      await stage.pass(5);
    },
  },

  QueryFailing: {
    fault: async (stage) => {
      stage.killAt('query', 'query');
      await repeat(2, stage, 5, async () => {
        for (let count = 0; count < 3; count++) await stage.invoke('query', ask);
      });
    },
    calm: async (stage) => {
      stage.world.baidu.always(says(answerBody({ errno: 10002 })));
      await repeat(3, stage, 5, async () => {
        for (let count = 0; count < 2; count++) await stage.invoke('query', { orderId: '1', siteId: '1' });
      });
    },
  },

  DeadLettersWaiting: {
    fault: async (stage) => {
      await stage.put('deadLetter');
      for (let hour = 0; hour < 25; hour++) {
        await stage.look();
        await stage.pass(59);
      }
    },
    also: ['DeadLetters'],
    calm: (stage) => stage.pass(60),
  },

  RefundUndecided: {
    fault: (stage) => askAgain(stage, 'a', 25),
    calm: (stage) => askAgain(stage, 'b', 23),
  },
};
