import { describe, expect, it } from 'vitest';
import { everyParameter, idsOfType, resource } from './package.ts';
import { every, plain } from './packaged.ts';

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const kept = { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' };
const withoutTls = { Bool: { 'aws:SecureTransport': 'false' } };

describe('queues', () => {
  it('are two, encrypted, and kept with their messages when the stack goes', () => {
    const { template } = plain;
    expect(idsOfType(template, 'AWS::SQS::Queue')).toEqual(['PaymentQueue', 'DeadLetterQueue']);
    for (const id of ['PaymentQueue', 'DeadLetterQueue']) {
      expect(resource(template, id)).toMatchObject(kept);
      expect(resource(template, id).Properties['SqsManagedSseEnabled']).toBe(true);
      expect(resource(template, id).Properties).not.toHaveProperty('QueueName');
      expect(resource(template, id).Properties).not.toHaveProperty('FifoQueue');
    }
  });

  it('give a message five tries, each six times as long as confirm may take, and then 14 days', () => {
    const { template } = plain;
    const timeout = Number(resource(template, 'ConfirmLambdaFunction').Properties['Timeout']);
    expect(resource(template, 'PaymentQueue').Properties).toMatchObject({
      VisibilityTimeout: 6 * timeout,
      MessageRetentionPeriod: 4 * 24 * 3600,
      RedrivePolicy: { deadLetterTargetArn: arnOf('DeadLetterQueue'), maxReceiveCount: 5 },
    });
    expect(resource(template, 'DeadLetterQueue').Properties).toMatchObject({
      MessageRetentionPeriod: 14 * 24 * 3600,
    });
  });

  it('have one policy each: TLS only, and the look-up topic may add dead letters', () => {
    const { template } = plain;
    const tlsOnly = (id: string) => ({
      Sid: 'TlsOnly',
      Effect: 'Deny',
      Principal: '*',
      Action: 'sqs:*',
      Resource: arnOf(id),
      Condition: withoutTls,
    });
    const ids = idsOfType(template, 'AWS::SQS::QueuePolicy');
    expect(ids).toEqual(['PaymentQueuePolicy', 'DeadLetterQueuePolicy']);
    expect(resource(template, 'PaymentQueuePolicy').Properties).toEqual({
      Queues: [{ Ref: 'PaymentQueue' }],
      PolicyDocument: { Version: '2012-10-17', Statement: [tlsOnly('PaymentQueue')] },
    });
    const undelivered = {
      Sid: 'UndeliveredLookups',
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: arnOf('DeadLetterQueue'),
      Condition: { ArnEquals: { 'aws:SourceArn': { Ref: 'LookupTopic' } } },
    };
    expect(resource(template, 'DeadLetterQueuePolicy').Properties).toEqual({
      Queues: [{ Ref: 'DeadLetterQueue' }],
      PolicyDocument: { Version: '2012-10-17', Statement: [tlsOnly('DeadLetterQueue'), undelivered] },
    });
  });
});

describe('topics', () => {
  it('are two, encrypted with aws/sns or with the key that is given', () => {
    expect(idsOfType(plain.template, 'AWS::SNS::Topic')).toEqual(['StatusTopic', 'LookupTopic']);
    for (const id of ['StatusTopic', 'LookupTopic']) {
      expect(resource(plain.template, id).Properties).toEqual({ KmsMasterKeyId: 'alias/aws/sns' });
      expect(resource(every.template, id).Properties).toEqual({ KmsMasterKeyId: everyParameter.topicKeyArn });
    }
  });

  it('can only be used over TLS', () => {
    const ids = idsOfType(plain.template, 'AWS::SNS::TopicPolicy');
    expect(ids).toEqual(['StatusTopicPolicy', 'LookupTopicPolicy']);
    for (const id of ['StatusTopic', 'LookupTopic']) {
      expect(resource(plain.template, `${id}Policy`).Properties).toEqual({
        Topics: [{ Ref: id }],
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'TlsOnly',
              Effect: 'Deny',
              Principal: '*',
              Action: [
                'sns:AddPermission',
                'sns:DeleteTopic',
                'sns:GetTopicAttributes',
                'sns:ListSubscriptionsByTopic',
                'sns:Publish',
                'sns:RemovePermission',
                'sns:SetTopicAttributes',
                'sns:Subscribe',
              ],
              Resource: { Ref: id },
              Condition: withoutTls,
            },
          ],
        },
      });
    }
  });
});

describe('ledger table', () => {
  it('finds an order by the merchant’s id, forgets by itself, can be set back, is encrypted, and outlives the stack', () => {
    expect(idsOfType(plain.template, 'AWS::DynamoDB::Table')).toEqual(['LedgerTable']);
    expect(resource(plain.template, 'LedgerTable')).toEqual({
      Type: 'AWS::DynamoDB::Table',
      ...kept,
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'id', AttributeType: 'S' },
          { AttributeName: 'merchantOrder', AttributeType: 'S' },
        ],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'merchantOrder',
            KeySchema: [{ AttributeName: 'merchantOrder', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
        TimeToLiveSpecification: { AttributeName: 'expiration', Enabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true },
      },
    });
  });
});
