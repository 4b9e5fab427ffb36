import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CloudFormationValidatePlugin, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, describe, expect, it } from 'vitest';
import { everyParameter, resource, type Template } from './package.ts';
import { every, plain } from './packaged.ts';

const folder = await mkdtemp(join(tmpdir(), 'rules-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The template in a file of its own. */
async function write(template: Template, name: string): Promise<string> {
  const templateFile = join(folder, `${name}.json`);
  await writeFile(templateFile, JSON.stringify(template));
  return templateFile;
}

/** The template of a file in a CDK stack. */
function include(templateFile: string): Stack {
  const stack = new Stack(new App(), 'Stack');
  new CfnInclude(stack, 'Template', { templateFile });
  return stack;
}

// At once: CloudFormation's schemas take seconds to read.
it("the templates are valid by CloudFormation's own schemas and rules, in each region where the users are", async () => {
  const templatePaths = await Promise.all([write(plain.template, 'plain'), write(every.template, 'every')]);
  const stackTemplates = templatePaths.flatMap((templatePath) =>
    ['cn-north-1', 'cn-northwest-1', 'ap-east-1'].map((region) => ({
      stackConstructPath: 'Stack',
      templatePath,
      accountId: '123456789012',
      region,
    })),
  );
  const plugin = new CloudFormationValidatePlugin();
  const appConstruct = include(templatePaths[0] ?? '');
  const { violations } = plugin.validate({ templatePaths, stackTemplates, appConstruct });
  // Parameters from the command line are strings. CloudFormation makes numbers of them, and warns.
  expect(violations.filter(({ ruleName }) => ruleName !== 'W9003')).toEqual([]);
}, 120_000);

describe.each([
  ['no parameter', plain],
  ['every parameter', every],
] as const)('the template with %s', (_, { template, text }) => {
  /** What AWS's solution checks find, and why we leave it. */
  const exceptions = {
    'AwsSolutions-S1 ServerlessDeploymentBucket':
      'The deployment bucket holds our zip files and no secret: a log of who read them is not worth a second bucket.',
    'AwsSolutions-APIG4 HttpApiRoutePostBaiduPaymentDashnotify':
      "Baidu sends no credentials: the webhook's authentication is the signature, which notify verifies.",
    'AwsSolutions-APIG4 HttpApiRoutePostBaiduRefundDashnotify': 'As above.',
    'AwsSolutions-APIG4 HttpApiRoutePostBaiduRefundDashaudit': 'As above.',
    'AwsSolutions-APIG4 HttpApiRouteGetMerchantDashordersTporderidVarPaymentDashstatus':
      'As below: it is query, too.',
    'AwsSolutions-APIG4 HttpApiRouteGetOrdersOrderidVarPaymentDashstatus':
      "Baidu's cloud functions hold no AWS credentials: query compares a bearer token with those in the secret.",
  };

  it("passes AWS's solution checks, with these exceptions", async () => {
    const stack = include(await write(template, 'checked'));
    const { violations } = new AwsSolutionsChecks().validateScope(stack);
    const found = violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath?.split('/').at(-1)}`),
    );
    expect(found.toSorted()).toEqual(Object.keys(exceptions).toSorted());
  }, 60_000);

  it('keeps the deployment bucket from the public', () => {
    expect(
      resource(template, 'ServerlessDeploymentBucket').Properties['PublicAccessBlockConfiguration'],
    ).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
  });

  it('names no partition, in ARNs or hosts', () => {
    const given = Object.values<string>(everyParameter).filter((value) => value.startsWith('arn:'));
    const own = given.reduce((rest, arn) => rest.replaceAll(arn, ''), text);
    expect(own).not.toContain('arn:aws');
    // Service principals are names, the same in each partition, and so are those by which KMS knows who asks (the first).
    // A host would show here with its region.
    const hosts = own.match(/[\w.-]*amazonaws\.com[\w.]*/g) ?? [];
    expect([...new Set(hosts)].toSorted()).toEqual([
      '.amazonaws.com',
      'apigateway.amazonaws.com',
      'lambda.amazonaws.com',
      'sns.amazonaws.com',
    ]);
  });

  it('holds no key, no token, and nothing that CloudFormation would have to look up', () => {
    expect(text).not.toMatch(/BEGIN|apiTokens|privateKey|resolve:|AWS::SSM|Fn::ImportValue/);
  });
});
