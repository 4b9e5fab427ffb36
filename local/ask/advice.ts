import { BAIDU_QUERY_URL } from '../../lib/baidu/address.ts';
import { isSignatureRefused, UNKNOWN_ORDER_ERRNO } from '../../lib/baidu/errnos.ts';
import { BaiduError, type ServiceError } from '../../lib/baidu/errors.ts';
import { publicKeyText } from '../../lib/baidu/keys.ts';
import type { Text } from '../command/language.ts';
import type { AskingApp } from './app.ts';
import type { Wanted } from './request.ts';

/** What is known of a question that Baidu refused or did not answer. */
export interface Asked {
  readonly asking: AskingApp;
  readonly wanted: Wanted;
  /** The address that `--url` named. */
  readonly url: URL | undefined;
}

/** Lines of advice; a string is the same in each language, and to be compared by eye. */
export type Advice = readonly (Text | string)[];

/** Says what a refusal or a failure most likely is, the likeliest first. */
export function advise(error: ServiceError, asked: Asked): Advice {
  if (error instanceof BaiduError) {
    return 'orderId' in asked.wanted ? firstRefusal(error, asked) : secondRefusal(error, asked);
  }
  switch (error.code) {
    case 'BAIDU_ERROR':
      return pairRefused(asked);
    case 'BAIDU_UNREACHABLE':
      return unreachable(error);
    case 'BAIDU_TIMEOUT':
      return [SILENT, AGAIN];
    case 'BAIDU_BAD_RESPONSE':
      return badResponse(error, asked);
    default:
      return [{ en: 'This is a fault of this program or machine.', zh: '这是本程序或本机的问题。' }];
  }
}

/** Says why Baidu may not have an order by the merchant's id. */
export function adviseNotFound({ app }: AskingApp): Advice {
  return [
    {
      en: `The order is of another app than ${app.appId}, or --merchant-order is not the tpOrderId that your mini-program gave when it started the payment.`,
      zh: `该订单不属于应用 ${app.appId}，或者 --merchant-order 不是小程序发起支付时传入的 tpOrderId。`,
    },
    {
      en: 'Baidu’s own id of the order goes with --order, together with --user.',
      zh: '百度订单号请用 --order，并同时给出 --user。',
    },
  ];
}

const QUERY_PATH = new URL(BAIDU_QUERY_URL).pathname;

const AGAIN: Text = { en: 'Try again in a minute.', zh: '请稍等一分钟再试。' };

const SILENT: Text = {
  en: 'The network lets nothing through (a firewall, or a proxy: this command goes to Baidu directly), or Baidu is slow.',
  zh: '网络不通（防火墙或代理：本命令直接连接百度），或百度响应缓慢。',
};

/** What a merchant takes for Baidu's id. */
const OWN_ID_GIVEN: Text = {
  en: 'Or Baidu has no such order: --order takes Baidu’s own id; yours (tpOrderId) goes with --merchant-order.',
  zh: '或者百度没有这个订单号：--order 是百度的订单号；您自己的订单号（tpOrderId）请用 --merchant-order。',
};

function firstRefusal({ errno, passing }: BaiduError, asked: Asked): Advice {
  const mixedUp = appKeyMixedUp(asked);
  if (isSignatureRefused(errno)) return [...mixedUp, ...anotherKey(asked)];
  if (errno === UNKNOWN_ORDER_ERRNO) return [...mixedUp, OTHER_USER, OWN_ID_GIVEN, otherApp(asked)];
  if (errno === 970) return [NO_PERMISSION, ...mixedUp];
  if (errno === 10001) return [...mixedUp, OTHER_USER];
  return passing ? [AGAIN] : [...mixedUp, otherApp(asked)];
}

function secondRefusal({ errno, passing }: BaiduError, asked: Asked): Advice {
  const mixedUp = appKeyMixedUp(asked);
  if (errno === 110 || errno === 111) return [PAIR_WRONG, AGAIN];
  if (errno === 60008) return [...mixedUp, otherApp(asked), NO_PERMISSION];
  if (errno === 6001 || errno === 970) return [NO_PERMISSION, PAIR_WRONG];
  return passing ? [AGAIN] : [...mixedUp, otherApp(asked)];
}

const NO_PERMISSION: Text = {
  en: 'The mini-program has no payment service, or it is in review (审核): Baidu’s console, 支付管理.',
  zh: '小程序未开通支付服务，或正在审核：见百度后台的支付管理。',
};

const OTHER_USER: Text = {
  en: 'The order is of another user: --user is the userId of its payment notification, not an openId, swan id or one of yours.',
  zh: '该订单属于其他用户：--user 应为该订单支付通知中的 userId，而不是 openId、swanId 或您自己的用户 ID。',
};

function otherApp({ asking }: Asked): Text {
  const { appId, appKey } = asking.app;
  return {
    en: `The order is of another app than ${appId}, or appId ${appId} and appKey ${appKey} do not belong together: Baidu’s console (支付管理) shows both.`,
    zh: `该订单不属于应用 ${appId}，或 appId ${appId} 与 appKey ${appKey} 不是一对：见百度后台的支付管理。`,
  };
}

function anotherKey({ asking }: Asked): Advice {
  return [
    {
      en: 'The public key in Baidu’s console (支付管理, 开发者公钥) is another than that of this private key. It must be this one:',
      zh: '百度后台（支付管理，开发者公钥）中的公钥与此私钥不是一对。应为：',
    },
    publicKeyText(asking.app.privateKey),
    {
      en: 'It may also be that it was changed there only just now: then try again in a few minutes.',
      zh: '也可能刚刚在后台更换过：请过几分钟再试。',
    },
  ];
}

/** The payment appKey is MM and a few letters; the mini-program has an App Key of its own, of 32. */
function appKeyMixedUp({ asking }: Asked): Text[] {
  if (!/^[0-9A-Za-z]{32}$/.test(asking.app.appKey)) return [];
  return [
    {
      en: 'appKey has 32 letters: it is the mini-program’s own App Key. The payment appKey belongs there (MM and a few letters, 支付管理); the other is smartAppKey.',
      zh: 'appKey 有 32 个字符，是小程序自己的 App Key。这里应填支付 appKey（MM 加几个字母，见支付管理）；前者应填在 smartAppKey。',
    },
  ];
}

const PAIR_WRONG: Text = {
  en: 'smartAppKey and smartAppSecret are not a pair that Baidu takes: the App Secret was reset in the console (设置, 开发设置), or they are of another mini-program.',
  zh: 'smartAppKey 与 smartAppSecret 不是有效的一对：App Secret 在后台（设置，开发设置）被重置过，或属于另一个小程序。',
};

function pairRefused({ asking }: Asked): Advice {
  if (!/^MM[0-9A-Za-z]{1,10}$/.test(asking.smartAppKey ?? '')) return [PAIR_WRONG];
  return [
    {
      en: 'smartAppKey is a payment appKey (MM…): the mini-program’s own App Key belongs there, of 32 letters.',
      zh: 'smartAppKey 填成了支付 appKey（MM…）：应为小程序自己的 App Key（32 个字符）。',
    },
    PAIR_WRONG,
  ];
}

function unreachable(error: ServiceError): Advice {
  const code = codeOf(error);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return [
      {
        en: `The name of the address is not found (${code}): this machine has no network, or no DNS.`,
        zh: `无法解析该地址的域名（${code}）：本机没有网络，或 DNS 不可用。`,
      },
    ];
  }
  if (code?.includes('CERT') || code?.startsWith('ERR_TLS') || code?.startsWith('ERR_SSL')) {
    return [
      {
        en: `Its certificate is not to be trusted (${code}): something on the way, a proxy perhaps, answers in its place.`,
        zh: `证书不可信（${code}）：途中可能有代理代为应答。`,
      },
    ];
  }
  return [
    {
      en: `There is no connection (${code ?? 'no reason is named'}): no network, a firewall, or nothing listens at the address any more.`,
      zh: `无法建立连接（${code ?? '未说明原因'}）：没有网络、有防火墙，或该地址已无服务。`,
    },
    AGAIN,
  ];
}

/** The system's code for what ended a connection. */
function codeOf({ cause }: ServiceError): string | undefined {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error && 'code' in inner ? String(inner.code) : undefined;
}

const NO_PATH: Text = {
  en: `--url has no path: with --order it is the whole address of the query, at Baidu and in the sandbox with ${QUERY_PATH}.`,
  zh: `--url 没有路径：与 --order 同用时应为完整的查询地址，百度和沙盒的路径都是 ${QUERY_PATH}。`,
};

function badResponse({ message }: ServiceError, { wanted, asking, url }: Asked): Advice {
  const [, status] = /HTTP status (\d+)/.exec(message) ?? [];
  if (status === '429' || status?.startsWith('5')) return [AGAIN];
  const address: Text = url
    ? { en: 'The address of --url is another, or moved.', zh: '--url 的地址不对，或已迁移。' }
    : {
        en: 'Something on the way answers in Baidu’s place (a proxy, a login page of the network).',
        zh: '途中有其他设备代替百度应答（代理，或网络的登录页面）。',
      };
  if (!('orderId' in wanted)) return [address];
  const gone: Text = {
    en: 'The address does not answer queries any more: Baidu may have switched queryorderdetail off. Try the second generation: --merchant-order with your own id of the order (the deployed service: the parameter baiduStatusApi, findByTpOrderId).',
    zh: '该地址不再应答查询：百度可能已下线 queryorderdetail。请试第二代接口：--merchant-order 加您自己的订单号（已部署的服务：参数 baiduStatusApi 设为 findByTpOrderId）。',
  };
  const pair: Text = {
    en: 'It takes smartAppKey and smartAppSecret in the secret: the mini-program’s own App Key and App Secret.',
    zh: '它需要 secret 中有 smartAppKey 和 smartAppSecret：小程序自己的 App Key 和 App Secret。',
  };
  const instead = [gone, ...(asking.smartAppKey && asking.smartAppSecret ? [] : [pair])];
  return url?.pathname === '/' ? [NO_PATH, ...instead] : [...instead, address];
}
