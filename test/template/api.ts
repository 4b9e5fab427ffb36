import { describe, expect, it } from 'vitest';
import { idsOfType, placeholder, resource } from './package.ts';
import { every, plain } from './packaged.ts';

const webhook = 'POST /baidu/payment-notify';
const webhooks = [webhook, 'POST /baidu/refund-notify', 'POST /baidu/refund-audit'];
const query = 'GET /orders/{orderId}/payment-status';
const queryByOwnId = 'GET /merchant-orders/{tpOrderId}/payment-status';

describe('HTTP API', () => {
  it('has its routes, each to its function, with payload 2.0', () => {
    const { template } = plain;
    const routes = idsOfType(template, 'AWS::ApiGatewayV2::Route').map(
      (id) => resource(template, id).Properties,
    );
    const to = (integration: string) => ({ 'Fn::Join': ['/', ['integrations', { Ref: integration }]] });
    expect(routes.map(({ RouteKey, Target }) => ({ RouteKey, Target }))).toEqual([
      { RouteKey: query, Target: to('HttpApiIntegrationQuery') },
      { RouteKey: queryByOwnId, Target: to('HttpApiIntegrationQuery') },
      ...webhooks.map((RouteKey) => ({ RouteKey, Target: to('HttpApiIntegrationNotify') })),
    ]);
    for (const name of ['Query', 'Notify']) {
      expect(resource(template, `HttpApiIntegration${name}`).Properties).toMatchObject({
        IntegrationUri: { 'Fn::GetAtt': [`${name}LambdaFunction`, 'Arn'] },
        PayloadFormatVersion: '2.0',
      });
    }
  });

  const ofEach = (limits: object) => Object.fromEntries(webhooks.map((route) => [route, limits]));

  it('takes so much and no more, the webhook from a bucket of its own', () => {
    expect(resource(plain.template, 'HttpApiStage').Properties).toMatchObject({
      DefaultRouteSettings: { ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 },
      RouteSettings: ofEach({ ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1000 }),
    });
    expect(resource(every.template, 'HttpApiStage').Properties).toMatchObject({
      DefaultRouteSettings: { ThrottlingRateLimit: '11', ThrottlingBurstLimit: '12' },
      RouteSettings: ofEach({ ThrottlingRateLimit: '13', ThrottlingBurstLimit: '14' }),
    });
  });

  it('makes the routes before the stage that names them', () => {
    const { template } = plain;
    const ids = idsOfType(template, 'AWS::ApiGatewayV2::Route').filter((route) =>
      webhooks.includes(String(resource(template, route).Properties['RouteKey'])),
    );
    expect(ids).toHaveLength(3);
    expect(resource(template, 'HttpApiStage').DependsOn).toEqual(expect.arrayContaining(ids));
  });

  it('logs each request as JSON, and nothing of a query, a path, a header or a body', () => {
    expect(resource(plain.template, 'HttpApiStage').Properties).toMatchObject({
      AccessLogSettings: {
        DestinationArn: { 'Fn::GetAtt': ['HttpApiLogGroup', 'Arn'] },
        Format: expect.any(String),
      },
    });
    const settings = JSON.stringify(resource(plain.template, 'HttpApiStage').Properties['AccessLogSettings']);
    const line: Record<string, string> = JSON.parse(JSON.parse(settings).Format);
    expect(line).toEqual({
      requestId: '$context.requestId',
      time: '$context.requestTime',
      ip: '$context.identity.sourceIp',
      route: '$context.routeKey',
      protocol: '$context.protocol',
      status: '$context.status',
      responseBytes: '$context.responseLength',
      latencyMs: '$context.responseLatency',
      integrationStatus: '$context.integrationStatus',
      integrationLatencyMs: '$context.integrationLatency',
      integrationError: '$context.integrationErrorMessage',
      error: '$context.error.message',
    });
  });

  it('forgets its log', () => {
    const { Properties } = resource(plain.template, 'HttpApiLogGroup');
    expect(Properties).toEqual({
      LogGroupName: '/aws/http-api/baidu-payment-status-dev',
      RetentionInDays: 90,
    });
    expect(resource(every.template, 'HttpApiLogGroup').Properties).toMatchObject({ RetentionInDays: 30 });
  });
});

describe('outputs', () => {
  const hostParts = [
    placeholder('HttpApi'),
    'execute-api',
    placeholder('AWS::Region'),
    placeholder('AWS::URLSuffix'),
  ];
  const host = `https://${hostParts.join('.')}`;

  it.each([
    ['WebhookUrl', { 'Fn::Sub': `${host}/baidu/payment-notify` }],
    ['RefundNotifyUrl', { 'Fn::Sub': `${host}/baidu/refund-notify` }],
    ['RefundAuditUrl', { 'Fn::Sub': `${host}/baidu/refund-audit` }],
    ['QueryUrl', { 'Fn::Sub': `${host}/orders/{orderId}/payment-status` }],
    ['QueryFunctionName', { Ref: 'QueryLambdaFunction' }],
    ['PaymentQueueUrl', { Ref: 'PaymentQueue' }],
    ['PaymentQueueArn', { 'Fn::GetAtt': ['PaymentQueue', 'Arn'] }],
    ['DeadLetterQueueUrl', { Ref: 'DeadLetterQueue' }],
    ['DeadLetterQueueArn', { 'Fn::GetAtt': ['DeadLetterQueue', 'Arn'] }],
    ['StatusTopicArn', { Ref: 'StatusTopic' }],
    ['LookupTopicArn', { Ref: 'LookupTopic' }],
  ])('tell %s', (name, value) => {
    expect(plain.template.Outputs[name]).toMatchObject({ Value: value, Description: expect.any(String) });
  });

  it("tell where the dashboard is, in each partition's console", () => {
    expect(plain.template.Outputs['DashboardUrl']).toMatchObject({
      Value: {
        'Fn::Sub': [
          `https://${placeholder('host')}/cloudwatch/home?region=${placeholder('AWS::Region')}#dashboards:name=${placeholder('Dashboard')}`,
          { host: { 'Fn::FindInMap': ['Console', { Ref: 'AWS::Partition' }, 'Host'] } },
        ],
      },
    });
    expect(plain.template.Mappings).toMatchObject({
      Console: { aws: { Host: 'console.aws.amazon.com' }, 'aws-cn': { Host: 'console.amazonaws.cn' } },
    });
  });
});
