import type { Text } from '../command/language.ts';

/** Says that there are no credentials of AWS and what to do; of a profile that has none, of which. */
export function noCredentials(profile?: string): Text {
  return profile === undefined
    ? {
        en: `There are no AWS credentials. ${SIGN_IN.en}`,
        zh: `没有 AWS 凭证。${SIGN_IN.zh}`,
      }
    : {
        en: `There are no AWS credentials: the profile ${profile} has none on this machine. Is AWS_PROFILE spelt rightly?`,
        zh: `没有 AWS 凭证：本机没有名为 ${profile} 的配置（profile），或其中没有凭证。AWS_PROFILE 写对了吗？`,
      };
}

const SIGN_IN: Text = {
  en: 'Sign in (aws configure), or set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; in China those of an account of AWS in China.',
  zh: '请登录（aws configure），或设置 AWS_PROFILE，或设置 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY；中国区须用 AWS 中国账号的凭证。',
};

/**
 * What the SDK says in English of credentials that it does not find; other words of its own are quoted, as nobody else
 * knows the reason (a session that has expired, say).
 *
 * @param profile what `AWS_PROFILE` holds, if anything
 */
export function credentialsFault(message: string, profile: string | undefined): Text {
  if (/^Could not (load credentials from any providers|resolve credentials using profile)/.test(message)) {
    return noCredentials(profile);
  }
  const said = message.replace(/\.$/, '');
  return {
    en: `There are no AWS credentials that serve (${said}). ${SIGN_IN.en}`,
    zh: `没有可用的 AWS 凭证。AWS SDK 的原话：“${said}”。${SIGN_IN.zh}`,
  };
}
