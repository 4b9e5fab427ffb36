import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AWS_ENVIRONMENT } from '../../local/stack/aws.ts';

/** The stack that a deployment makes, where no stage is named. */
export const SERVICE = 'baidu-payment-status-dev';

/** What a deployment has made in moto, as AWS's clients see it. */
export class Deployed {
  readonly stacks: CloudFormationClient;
  readonly dynamodb: DynamoDBClient;
  readonly lambda: LambdaClient;
  readonly secrets: SecretsManagerClient;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;

  constructor(endpoint: string, region = AWS_ENVIRONMENT.AWS_REGION) {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const options = { endpoint, credentials, region };
    this.stacks = new CloudFormationClient(options);
    this.dynamodb = new DynamoDBClient(options);
    this.lambda = new LambdaClient(options);
    this.secrets = new SecretsManagerClient(options);
    this.sns = new SNSClient(options);
    this.sqs = new SQSClient({ ...options, useQueueUrlAsEndpoint: false });
  }

  /** The stack's status, its outputs, and the names of its resources. */
  async describe() {
    const name = { StackName: SERVICE };
    const { Stacks: [stack] = [] } = await this.stacks.send(new DescribeStacksCommand(name));
    const { StackResources = [] } = await this.stacks.send(new DescribeStackResourcesCommand(name));
    return {
      status: stack?.StackStatus,
      outputs: Object.fromEntries(
        (stack?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
      ),
      resources: Object.fromEntries(
        StackResources.map(({ LogicalResourceId = '', PhysicalResourceId = '' }) => [
          LogicalResourceId,
          PhysicalResourceId,
        ]),
      ),
    };
  }

  /** The variables that a function is deployed with. */
  async variablesOf(name: string): Promise<Record<string, string>> {
    const command = new GetFunctionConfigurationCommand({ FunctionName: `${SERVICE}-${name}` });
    return (await this.lambda.send(command)).Environment?.Variables ?? {};
  }

  async attributesOf(QueueUrl = ''): Promise<Record<string, string>> {
    const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
    return (await this.sqs.send(command)).Attributes ?? {};
  }

  async table(TableName = '') {
    return (await this.dynamodb.send(new DescribeTableCommand({ TableName }))).Table;
  }
}
