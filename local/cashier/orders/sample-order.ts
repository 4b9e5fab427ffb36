/** The order of the sample request on Baidu's page about the payment status query; the price, in fen, is ours. */
export const SAMPLE_ORDER = {
  orderId: '1920891312',
  userId: '3747777038',
  tpOrderId: '3028903626',
  totalMoney: 11300,
};
