/**
 * Signatures that others made. `SAMPLE` is the pair of keys and the signature that Baidu prints in its smart
 * program documentation (pages on making keys and on signing, 2021): a published sample key, worth nothing.
 * `PLATFORM` is a notification that Baidu's platform signed in 2018, published with the platform's key in
 * baidu-smart-app/auth-demo-backend, model/pay/common_test.go.
 */
export const SAMPLE = {
  privateKey: [
    '-----BEGIN RSA PRIVATE KEY-----',
    'MIICXQIBAAKBgQC6ZbnSK6EeCMFq3KUdp2hyd5ExvfPYy65berLkjm8eKX2swDq9',
    'nF+bpCtM27+0pssRuoypaBIOTP3nf+Qpd1p8yP8kMQF3GbUy1t9kZzs0lqpGe7RZ',
    '/7ehVKIyLlCEgm5cUMFGKyLH33XL1QcQkqAJjinbjgYjtvt1Ms+VCmmolwIDAQAB',
    'AoGBAJ9H/HGHzOeAbd/masabXtqqKA3Ml4rECturTyGWQYgRxo4PumJ7NQwoTsQf',
    '6IL0IQWmVzsQbpV/31yq4gs5Lb2MzXDAsfAWkj+Z4xCvApLyzCgrS9HomKl/PM4W',
    'tZeCH7rYiqs2eTtqGlV/zBwKe5sUQJ7uTkSqePkGz9+WyVw5AkEA49tYgWlv2vkf',
    'WPNq5Rv4ouPRBbNFCGJiWD5jBl2cGEhywfsEfZsqGzUPkgFI+rs4VPWyHzwUuVRU',
    'bJhcfyBPJQJBANFrdvaFkiNdjpay+VRlMRgPkOB4wlXk+16RgX5tj5WJY/yKOEGI',
    'k6T8tExXJuwzp2b/zqdqjGJYDawbBiOimgsCQEZyPGzWUlTbDMwNhhELktWZpbgj',
    'csZi1JD/yNHhAy+mxoQevYawAFalEwlLCGsskwABbm6lvqqF3gwtFvve21kCQFQ3',
    'RjDfCCTGs9ewg4nH49VMNTO//E60dc3S7+NaxdoZ1SayourftJgts4fbqGBmaVSH',
    'XKCAvZGy3VSvzWk5M38CQQCozKD1ddDDrtE2gQKtKAjOzcvgJsell085f1cObc/C',
    'pRG0IMfXcGi352IS5xbgJWnX+9UZwW5UppDJr6YKFA1K',
    '-----END RSA PRIVATE KEY-----',
    '',
  ].join('\n'),
  params: { appKey: 'MMMabc', dealId: '470193086', tpOrderId: '3028903626', totalAmount: '11300' },
  text: 'appKey=MMMabc&dealId=470193086&totalAmount=11300&tpOrderId=3028903626',
  signature:
    'TN0ZNPyQeTnPjCN5hUa7JwrXOhR8uDASXPazidVQHFSiGCH5aouBkVvJxtf8PeqzGYWAASwS2oOt2eJfunzC5dTFd/pWJeJToMgCSgRY7KtQUCCDnMrtpqiMAf+dLiXps3HpWhVB4CK6MXfHc64ejP5a2fu5bg8B0BTcHrqaGc0=',
} as const;

export const PLATFORM = {
  publicKey:
    'MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCtzQERUhDNLkR/yTGZxHU6cy5abC7kxeXqdL4Jq7v6A0MqhdK8T/cDr05DHKLmm0QlEdN0Jz2mg8QMkDW9pfPVWxQhTXikYhLBvdM4qas45LCKuswvMMjDw+lI4zD5M2Zh2T7S+mqkdqg8cOmvLlCvVEg45Su/Bj9HrMlGaBHPpQIDAQAB',
  body: 'count=1&dealId=2500207776&giftCardMoney=0&hbBalanceMoney=0&hbMoney=0&orderId=2645985458&partnerId=0&payMoney=1&payTime=1542124311&payType=1117&promoDetail=&promoMoney=0&returnData=&status=2&totalMoney=1&tpOrderId=18607895241&unitPrice=1&userId=3269234686470&rsaSign=oOFlK3oOlVSbfLfgL%2FbgqO2rDIxt%2FVFQdxYeoZlj9WHXMrAW4hzyGwlplNJ%2FZzip9h0MRUSDwLQxDDhkFF1s59%2FzY%2BInhB6e%2FNyR%2Bpaurl2Sj1%2Fdj4Q0rbkuqMdKhU1A4A4jmG3fxTTx7FqExOcBjSxz6peLtmXyHDKhshoYYKc%3D',
} as const;
