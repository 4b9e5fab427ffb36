import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { startCashier } from '../cashier/index.ts';
import { SAMPLE_ORDER } from '../cashier/orders/sample-order.ts';
import { type LocalAws, startAws } from '../stack/aws.ts';
import { startSecretsManager } from '../stack/secrets-manager.ts';
import { startCloudFormation } from './cloud-formation.ts';

/** The name that `serverless.yml` gives the secret of the stage `dev`. */
const SECRET_ID = 'baidu-payment-status/dev';

/** The orders that the sample events speak of: one is paid, one is not. */
const ORDERS = {
  paid: { orderId: '2645985458', userId: '3269234686470', tpOrderId: '18607895241', totalMoney: 1 },
  unpaid: SAMPLE_ORDER,
};

/** What the sample events need around the functions, and the environment that points the functions at it. */
export interface SampleParts {
  readonly aws: LocalAws;
  /** All that a function needs, and all that `osls invoke local` needs. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts the parts on free ports of 127.0.0.1, with the secret of `events/secret.json` and the orders of the events. */
export async function startSampleParts(): Promise<SampleParts> {
  const file = path.resolve(import.meta.dirname, '../../events/secret.json');
  const secret = await readFile(file, 'utf8');
  const { appId, appKey, dealId, privateKey, smartAppKey, smartAppSecret } = JSON.parse(secret);
  const app = { appId: String(appId), appKey, dealId, smartAppKey, smartAppSecret };
  const [aws, secretsManager, cashier] = await Promise.all([
    startAws(),
    startSecretsManager(),
    startCashier({ ...app, merchantPublicKey: createPublicKey(privateKey) }),
  ]);
  secretsManager.put(SECRET_ID, secret);
  cashier.setDeliver(async () => ({ status: 200, body: '{"errno":0,"msg":"","data":{"isConsumed":2}}' }));
  for (const order of Object.values(ORDERS)) cashier.createOrder(order);
  await cashier.pay(ORDERS.paid.orderId);
  const cloudFormation = await startCloudFormation({
    PaymentQueue: aws.paymentQueueUrl,
    StatusTopic: aws.statusTopicArn,
    LedgerTable: aws.ledgerTable,
  });
  return {
    aws,
    environment: {
      ...aws.environment,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
      AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
      BAIDU_SECRET_ID: SECRET_ID,
      BAIDU_QUERY_URL: cashier.queryUrl,
      BAIDU_OPENAPI_URL: cashier.openapiUrl,
      PAYMENT_QUEUE_URL: aws.paymentQueueUrl,
      PAYMENT_TOPIC_ARN: aws.statusTopicArn,
      LEDGER_TABLE: aws.ledgerTable,
    },
    close: async () => {
      await Promise.all([aws.close(), secretsManager.close(), cashier.close(), cloudFormation.close()]);
    },
  };
}
