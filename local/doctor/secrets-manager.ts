import { loadSecrets } from '../../lib/aws/secrets-manager.ts';
import { asServiceError, ServiceError } from '../../lib/baidu/errors.ts';
import type { Text } from './finding.ts';
import { faultText } from './translation.ts';

/** What AWS's errors mean for whoever has to mend them, by a pattern of the error's name or message. */
const FAULTS: Readonly<Record<string, Text>> = {
  ResourceNotFound: {
    en: 'has no secret of this name in this account and region.',
    zh: '在这个账号和区域中没有这个名称的 secret。',
  },
  AccessDenied: {
    en: 'does not let you read it: your role needs secretsmanager:GetSecretValue (and kms:Decrypt with a key of your own).',
    zh: '拒绝读取：您的角色需要 secretsmanager:GetSecretValue（使用自有 KMS 密钥时还要 kms:Decrypt）。',
  },
  'UnrecognizedClient|InvalidSignature|ExpiredToken|CredentialsProvider': {
    en: 'does not take the AWS credentials here: there are none, they have expired, or are not of AWS in China (cn-…), which needs its own. Try: aws sts get-caller-identity',
    zh: '不接受这里的 AWS 凭证：没有凭证，或已过期，或属于另一分区（AWS 中国区域 cn-… 与其他区域的凭证互不通用）。可先运行 aws sts get-caller-identity。',
  },
  '[Rr]egion is missing': {
    en: 'was not asked: no region is set. Set AWS_REGION, for example cn-north-1.',
    zh: '未能访问：没有设置区域。请设置 AWS_REGION，例如 cn-north-1。',
  },
};

/**
 * Reads a secret's text from AWS Secrets Manager in the way in which the functions do.
 *
 * @param secretId name or ARN
 */
export async function fetchSecret(secretId: string): Promise<{ text: string } | { fault: Text }> {
  // The AWS CLI goes by this name as well; the SDK for JavaScript does not.
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  if (!AWS_REGION && AWS_DEFAULT_REGION) process.env['AWS_REGION'] = AWS_DEFAULT_REGION;
  try {
    return { text: await loadSecrets({ secretId, secretTtlMs: 0 }, { parse: (text) => text })(8000) };
  } catch (error) {
    // What the service itself says of a secret, such as that it is binary, has no cause.
    const { cause = error } = asServiceError(error);
    if (cause instanceof ServiceError) return { fault: faultText(cause) };
    const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
    const [, known] =
      Object.entries(FAULTS).find(([pattern]) => new RegExp(pattern).test(`${name}: ${message}`)) ?? [];
    return { fault: known ?? { en: `did not answer: ${message}`, zh: `没有回应：${message}` } };
  }
}
