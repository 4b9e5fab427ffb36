'use strict';

/*
 * A cloud function of a Baidu smart mini-program that asks the payment status service whether an order has been paid.
 * It runs on Baidu's Node.js 8.5 with nothing but Node's own modules.
 *
 *   swan.cloud.callFunction({ name: 'payment-status', data: { tpOrderId } })
 *
 * Where the service is and the token for it stand in config.json beside this file. Whose order it is stands in findIds.
 */

const http = require('http');
const https = require('https');
const { URL } = require('url');

/** Limits, in milliseconds and bytes. The service itself answers in less than 8 s. */
const LIMITS = { attemptMs: 9000, totalMs: 15000, attempts: 3, pauseMs: 300, bytes: 64 * 1024 };

/** The answers after which the same question is worth asking again. */
const PASSING = new Set([429, 502, 503, 504]);

/** Baidu's errors of this kind will be the same the next time, so they are not asked again. */
const FINAL_CODES = new Set(['BAIDU_ERROR']);

const agents = {
  'http:': new http.Agent({ keepAlive: true }),
  'https:': new https.Agent({ keepAlive: true }),
};

/**
 * Why there is no status: `code` is the service's own, or one of UNKNOWN_ORDER, BAD_CONFIG, UNREACHABLE, TIMEOUT and
 * BAD_ANSWER; `passing` says whether the same question may be answered in a moment.
 */
class PaymentStatusError extends Error {
  constructor(code, message, details) {
    super(message);
    this.name = 'PaymentStatusError';
    this.code = code;
    Object.assign(this, details);
  }
}

/**
 * YOURS TO FILL IN: finds Baidu's two ids of the order that the page asks for, both as text.
 *
 * As it stands, it takes them from the event, which anyone can write. Better: take nothing but `event.tpOrderId`, look
 * your own order up (in your database, or at your backend), see that it is the caller's, and return the ids that are
 * stored with it; throw as below where there are none. Who calls is in `context`; see README.md.
 *
 * @returns {{orderId: string, siteId: string}}
 */
async function findIds(event, _context) {
  const { tpOrderId, orderId, siteId } = event || {};
  if (tpOrderId === undefined || orderId !== undefined) return { orderId, siteId };
  throw new PaymentStatusError('UNKNOWN_ORDER', 'findIds in index.js knows no ids for this tpOrderId.');
}

/**
 * What the cloud calls.
 *
 * @param {{tpOrderId: string} | {orderId: string, siteId: string}} event what the page has sent
 * @param {object} context what the cloud knows of the caller
 * @returns {Promise<object>} `{ ok: true, paid, payment, refund, verification }` or
 *   `{ ok: false, code, message, requestId }`, so that the page always has something to show
 */
exports.main = async (event, context) => {
  try {
    const { orderId, siteId } = await findIds(event, context);
    const status = await paymentStatus(orderId, siteId, readConfig());
    const { payment, refund, verification } = status;
    return { ok: true, paid: payment.status === 'PAID', payment, refund, verification };
  } catch (error) {
    if (!(error instanceof PaymentStatusError)) throw error;
    const { code, message, requestId } = error;
    console.error(JSON.stringify({ code, message, requestId }));
    return { ok: false, code, message, requestId };
  }
};

/**
 * Asks the service for the status of an order; asks again, after a pause, what may pass.
 *
 * @param {string} orderId 1 to 9223372036854775807 as decimal text
 * @param {string} siteId the same for the user
 * @param {{serviceUrl: string, apiToken: string}} config
 * @param {object} [limits] instead of those above
 * @returns {Promise<object>} the service's answer
 * @throws {PaymentStatusError}
 */
async function paymentStatus(orderId, siteId, config, limits) {
  const { attemptMs, totalMs, attempts, pauseMs, bytes } = Object.assign({}, LIMITS, limits);
  requireId('orderId', orderId);
  requireId('siteId', siteId);
  const url = `${config.serviceUrl}/orders/${orderId}/payment-status?siteId=${siteId}`;
  const deadline = Date.now() + totalMs;
  for (let attempt = 1; ; attempt++) {
    try {
      const timeoutMs = Math.min(attemptMs, deadline - Date.now());
      return readAnswer(await get(url, config.apiToken, timeoutMs, bytes), orderId);
    } catch (error) {
      // Half of the pause is left to chance, so that not all who failed together come back together.
      const pause = pauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      if (!error.passing || attempt >= attempts || Date.now() + pause >= deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** JavaScript's numbers lose the last digits of such ids: only text is taken. */
function requireId(name, value) {
  const fits = typeof value === 'string' && /^[1-9][0-9]{0,18}$/.test(value);
  // Texts of one length compare as their numbers do.
  if (fits && (value.length < 19 || value <= '9223372036854775807')) return;
  throw new PaymentStatusError(
    'INVALID_REQUEST',
    `${name} must be a text of digits from 1 to 9223372036854775807, without leading zero.`,
  );
}

/** Reads config.json: where the service is, and the token for it. */
function readConfig() {
  let config;
  try {
    config = require('./config.json');
  } catch (_error) {
    throw new PaymentStatusError(
      'BAD_CONFIG',
      'config.json is missing or not JSON: copy config.example.json.',
    );
  }
  const { serviceUrl, apiToken } = config || {};
  const origin = readServiceUrl(serviceUrl);
  if (typeof apiToken !== 'string' || !/^[!-~]{32,}$/.test(apiToken)) {
    throw new PaymentStatusError(
      'BAD_CONFIG',
      'apiToken in config.json must be the token of at least 32 characters.',
    );
  }
  return { serviceUrl: origin, apiToken };
}

/**
 * The service's address without anything behind the host. A token goes there: in clear text only to this machine, and
 * only on a port of it.
 */
function readServiceUrl(value) {
  const parts = /^(https:\/\/[^\s/?#]+|http:\/\/127\.0\.0\.1:[0-9]+)(.*)$/.exec(String(value));
  if (!parts) {
    throw new PaymentStatusError(
      'BAD_CONFIG',
      'serviceUrl in config.json must be https:// and a host; to try it, http://127.0.0.1: and a port.',
    );
  }
  const [, origin, rest] = parts;
  if (/^\/*$/.test(rest)) return origin;
  throw new PaymentStatusError(
    'BAD_CONFIG',
    `serviceUrl in config.json must end after ${origin}: take off ${rest}`,
  );
}

/** Sends one request, with one time limit up to the last byte, and resolves with its status, type and text. */
function get(url, apiToken, timeoutMs, maxBytes) {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const options = {
    agent: agents[protocol],
    hostname,
    port,
    path: pathname + search,
    headers: { accept: 'application/json', authorization: `Bearer ${apiToken}` },
  };
  return new Promise((resolve, reject) => {
    const request = (protocol === 'https:' ? https : http).get(options, (response) => {
      const chunks = [];
      let size = 0;
      response.on('data', (chunk) => {
        size += chunk.length;
        if (size > maxBytes) fail('BAD_ANSWER', 'The answer is too large.', false);
        else chunks.push(chunk);
      });
      response.on('aborted', () => fail('UNREACHABLE', 'The answer broke off.', true));
      response.on('end', () => {
        clearTimeout(timer);
        const { statusCode: status, headers } = response;
        resolve({ status, type: headers['content-type'], text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    const timer = setTimeout(() => fail('TIMEOUT', 'The service did not answer in time.', true), timeoutMs);
    request.on('error', (error) =>
      fail('UNREACHABLE', `The service cannot be reached (${error.code}).`, true),
    );

    function fail(code, message, passing) {
      clearTimeout(timer);
      reject(new PaymentStatusError(code, message, { passing }));
      request.abort();
    }
  });
}

/** The status that an answer holds, or its problem (RFC 9457) as an error. */
function readAnswer({ status, type, text }, orderId) {
  let body;
  try {
    body = JSON.parse(text);
  } catch (_error) {
    body = null;
  }
  if (status === 200) {
    if (body && body.orderId === orderId && body.payment && body.refund && body.verification) return body;
    throw new PaymentStatusError('BAD_ANSWER', 'The service answered 200, but not with this order.');
  }
  // What is no problem of the service's may have a code, too: one of another service.
  const isProblem = /^application\/problem\+json\b/.test(type) && body && body.code && body.requestId;
  const detail = `${status} was answered by the gateway, or by something else that serviceUrl leads to.`;
  const { code, detail: message, requestId } = isProblem ? body : { code: 'BAD_ANSWER', detail };
  const passing = PASSING.has(status) && !FINAL_CODES.has(code);
  throw new PaymentStatusError(code, message, { requestId, passing });
}

exports.paymentStatus = paymentStatus;
exports.PaymentStatusError = PaymentStatusError;
