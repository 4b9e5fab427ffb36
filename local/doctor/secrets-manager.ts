import { loadSecrets } from '../../lib/aws/secrets-manager.ts';
import { ServiceError } from '../../lib/baidu/errors.ts';
import type { Text } from './finding.ts';
import { faultText } from './translation.ts';

const UNKNOWN_CREDENTIALS: Text = {
  en: 'does not know the AWS credentials here. AWS in China (cn-…) and AWS elsewhere each need their own. Try: aws sts get-caller-identity',
  zh: '不认识这里的 AWS 凭证。AWS 中国区域（cn-…）与其他区域的凭证互不通用。可先运行 aws sts get-caller-identity。',
};

const EXPIRED_CREDENTIALS: Text = {
  en: 'refuses the AWS credentials here: they have expired. Log in again.',
  zh: '拒绝了这里的 AWS 凭证：已过期，请重新登录。',
};

/** What the names of AWS's errors mean for whoever has to mend them. */
const FAULTS: Readonly<Record<string, Text>> = {
  ResourceNotFoundException: {
    en: 'has no secret of this name in this account and region.',
    zh: '在这个账号和区域中没有这个名称的 secret。',
  },
  AccessDeniedException: {
    en: 'does not let you read it: your role needs secretsmanager:GetSecretValue (and kms:Decrypt with a key of your own).',
    zh: '拒绝读取：您的角色需要 secretsmanager:GetSecretValue（使用自有 KMS 密钥时还要 kms:Decrypt）。',
  },
  UnrecognizedClientException: UNKNOWN_CREDENTIALS,
  InvalidSignatureException: UNKNOWN_CREDENTIALS,
  ExpiredTokenException: EXPIRED_CREDENTIALS,
  ExpiredToken: EXPIRED_CREDENTIALS,
  CredentialsProviderError: {
    en: 'was not asked: there are no AWS credentials here. Try: aws sts get-caller-identity',
    zh: '未能访问：这里没有 AWS 凭证。可先运行 aws sts get-caller-identity。',
  },
};

/** What parts of AWS's messages mean, where the name says too little. */
const MESSAGES: readonly (readonly [RegExp, Text])[] = [
  [
    /region is missing/i,
    {
      en: 'was not asked: no region is set. Set AWS_REGION, for example cn-north-1.',
      zh: '未能访问：没有设置区域。请设置 AWS_REGION，例如 cn-north-1。',
    },
  ],
  [
    /marked for deletion/i,
    {
      en: 'does not give the secret out: it is marked for deletion. aws secretsmanager restore-secret takes that back.',
      zh: '不提供这个 secret：它已被标记为删除。可用 aws secretsmanager restore-secret 恢复。',
    },
  ],
];

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
    const load = loadSecrets({ secretId, secretTtlMs: 0 }, { parse: (text) => text });
    return { text: await load(8000) };
  } catch (error) {
    // What the service itself says of a secret, such as that it is binary, has no cause.
    if (error instanceof ServiceError && error.cause === undefined) return { fault: faultText(error) };
    const cause = error instanceof ServiceError && error.cause instanceof Error ? error.cause : error;
    const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
    if (FAULTS[name]) return { fault: FAULTS[name] };
    const [, said] = MESSAGES.find(([pattern]) => pattern.test(message)) ?? [];
    if (said) return { fault: said };
    return { fault: { en: `did not answer: ${message}`, zh: `没有回应：${message}` } };
  }
}
