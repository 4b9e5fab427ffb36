import { describe, expect, it } from 'vitest';
import { everyParameter, idsOfType, type Json, type Packaged, placeholder, resource } from './package.ts';
import { every, plain, small } from './packaged.ts';

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const allow = (Action: Json, Resource: Json) => ({ Effect: 'Allow', Action, Resource });
const statementsOf = (Statement: Json[]) => ({ Version: '2012-10-17', Statement });

const logs = (id: string) => allow(['logs:CreateLogStream', 'logs:PutLogEvents'], arnOf(id));
const here = (service: string) =>
  [
    'arn',
    placeholder('AWS::Partition'),
    service,
    placeholder('AWS::Region'),
    placeholder('AWS::AccountId'),
  ].join(':');
const readSecret = allow('secretsmanager:GetSecretValue', {
  'Fn::Sub': `${here('secretsmanager')}:secret:baidu-payment-status/dev-??????`,
});
/** By what name KMS may know a service that asks on a function's behalf. */
const via = (service: string) =>
  ['amazonaws.com', placeholder('AWS::URLSuffix')].map((suffix) => ({
    'Fn::Sub': [service, placeholder('AWS::Region'), suffix].join('.'),
  }));
const findOrders = allow('dynamodb:Query', { 'Fn::Sub': `\${LedgerTable.Arn}/index/merchantOrder` });
const learnOrders = allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], arnOf('LedgerTable'));
const confirmsOwn = [
  allow(
    ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:SendMessage'],
    arnOf('PaymentQueue'),
  ),
  allow('sqs:SendMessage', arnOf('DeadLetterQueue')),
  allow('sns:Publish', { Ref: 'StatusTopic' }),
  learnOrders,
  findOrders,
];

const policiesOf = ({ template }: Packaged, role: string) => resource(template, role).Properties['Policies'];

describe('roles', () => {
  it('are one for each function, for Lambda alone, and nothing else', () => {
    const { template } = plain;
    expect(idsOfType(template, 'AWS::IAM::Role')).toEqual(['QueryRole', 'NotifyRole', 'ConfirmRole']);
    for (const name of ['Query', 'Notify', 'Confirm']) {
      expect(resource(template, `${name}LambdaFunction`).Properties['Role']).toEqual(arnOf(`${name}Role`));
      const { Properties } = resource(template, `${name}Role`);
      expect(Object.keys(Properties)).toEqual(['AssumeRolePolicyDocument', 'Policies']);
      expect(Properties['AssumeRolePolicyDocument']).toEqual(
        statementsOf([
          { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ]),
      );
    }
  });

  it('let query write its log, find and learn orders in the ledger, and read the secret', () => {
    const statements = statementsOf([logs('QueryLogGroup'), findOrders, learnOrders, readSecret]);
    expect(policiesOf(plain, 'QueryRole')).toEqual([{ PolicyName: 'query', PolicyDocument: statements }]);
  });

  it('let notify send to the payment queue as well', () => {
    const send = allow('sqs:SendMessage', arnOf('PaymentQueue'));
    expect(policiesOf(plain, 'NotifyRole')).toEqual([
      {
        PolicyName: 'notify',
        PolicyDocument: statementsOf([
          ...[logs('NotifyLogGroup'), readSecret, send],
          allow('dynamodb:GetItem', arnOf('LedgerTable')),
        ]),
      },
    ]);
  });

  it('let confirm work on queue, table and status topic', () => {
    expect(policiesOf(plain, 'ConfirmRole')).toEqual([
      {
        PolicyName: 'confirm',
        PolicyDocument: statementsOf([logs('ConfirmLogGroup'), readSecret, ...confirmsOwn]),
      },
    ]);
  });

  it('name the secret by its ARN where it is given by its ARN', () => {
    const byArn = allow('secretsmanager:GetSecretValue', everyParameter.secretId);
    for (const role of ['QueryRole', 'NotifyRole', 'ConfirmRole']) {
      expect(policiesOf(every, role)).toMatchObject([
        { PolicyDocument: { Statement: expect.arrayContaining([byArn]) } },
      ]);
      expect(JSON.stringify(policiesOf(every, role))).not.toContain('??????');
    }
  });
});

describe('what depends on a parameter', () => {
  it('is absent without it', () => {
    expect(idsOfType(plain.template, 'AWS::IAM::Policy')).toEqual([]);
    expect(idsOfType(every.template, 'AWS::IAM::Policy')).toHaveLength(3);
  });

  it('lets notify read the orders table', () => {
    const Resource = { 'Fn::Sub': `${here('dynamodb')}:table/merchant-orders` };
    expect(resource(every.template, 'NotifyReadsOrders').Properties).toEqual({
      PolicyName: 'read-orders',
      Roles: [{ Ref: 'NotifyRole' }],
      PolicyDocument: statementsOf([allow('dynamodb:GetItem', Resource)]),
    });
  });

  it('lets every function decrypt a secret with a key of its own', () => {
    expect(resource(every.template, 'DecryptSecret').Properties).toEqual({
      PolicyName: 'decrypt-secret',
      Roles: [{ Ref: 'QueryRole' }, { Ref: 'NotifyRole' }, { Ref: 'ConfirmRole' }],
      PolicyDocument: statementsOf([
        {
          ...allow('kms:Decrypt', everyParameter.secretKeyArn),
          Condition: {
            StringEquals: { 'kms:ViaService': via('secretsmanager') },
            StringLike: { 'kms:EncryptionContext:SecretARN': everyParameter.secretId },
          },
        },
      ]),
    });
  });

  it('lets them decrypt no other secret where this one is given by its name', () => {
    const { Resource } = readSecret;
    expect(JSON.stringify(resource(small.template, 'DecryptSecret').Properties)).toContain(
      JSON.stringify({ 'kms:EncryptionContext:SecretARN': Resource }),
    );
  });

  it('lets confirm publish to a topic with a key of its own', () => {
    expect(resource(every.template, 'EncryptForTopic').Properties).toEqual({
      PolicyName: 'encrypt-for-topic',
      Roles: [{ Ref: 'ConfirmRole' }],
      PolicyDocument: statementsOf([
        {
          ...allow(['kms:GenerateDataKey', 'kms:Decrypt'], everyParameter.topicKeyArn),
          Condition: { StringEquals: { 'kms:ViaService': via('sns') } },
        },
      ]),
    });
  });
});
