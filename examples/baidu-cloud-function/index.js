'use strict';

/*
 * A cloud function of a Baidu smart mini-program that asks the payment status service whether an order has been paid.
 * It runs on Baidu's Node.js 8.5 with nothing but Node's own modules.
 *
 *   swan.cloud.callFunction({ name: 'payment-status', data: { tpOrderId } })
 *
 * Where the service is and the token for it stand in config.json beside this file. Whose order it is stands in findOrder.
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
 * Why there is no status: `code` is the service's own, or one of NOT_YOURS, BAD_CONFIG, UNREACHABLE, TIMEOUT and
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
 * YOURS TO FILL IN: your own id of the order that the page asks for.
 *
 * As it stands, it takes the id from the event, which anyone can write. Better: look your own order up (in your database,
 * or at your backend), see that it is the caller's, and throw as below where it is not:
 *
 *   throw new PaymentStatusError('NOT_YOURS', 'There is no such order of yours.');
 *
 * Who calls is in `context`; see README.md.
 *
 * @returns {string} the `tpOrderId` with which the payment was started
 */
async function findOrder(event, _context) {
  const { tpOrderId } = event || {};
  return tpOrderId;
}

/**
 * What the cloud calls.
 *
 * @param {{tpOrderId: string}} event what the page has sent
 * @param {object} context what the cloud knows of the caller
 * @returns {Promise<object>} `{ ok: true, paid, payment, refund, verification }` or
 *   `{ ok: false, code, message, requestId }`, so that the page always has something to show
 */
exports.main = async (event, context) => {
  try {
    const status = await paymentStatus(await findOrder(event, context), readConfig());
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
 * @param {string} tpOrderId your own id of the order: 1 to 128 visible ASCII characters, neither `&` nor `=`
 * @param {{serviceUrl: string, apiToken: string}} config
 * @param {object} [limits] instead of those above
 * @returns {Promise<object>} the service's answer
 * @throws {PaymentStatusError}
 */
async function paymentStatus(tpOrderId, config, limits) {
  const { attemptMs, totalMs, attempts, pauseMs, bytes } = Object.assign({}, LIMITS, limits);
  requireId(tpOrderId);
  const url = `${config.serviceUrl}/merchant-orders/${encodeURIComponent(tpOrderId)}/payment-status`;
  const deadline = Date.now() + totalMs;
  for (let attempt = 1; ; attempt++) {
    try {
      const timeoutMs = Math.min(attemptMs, deadline - Date.now());
      return readAnswer(await get(url, config.apiToken, timeoutMs, bytes), tpOrderId);
    } catch (error) {
      // Half of the pause is left to chance, so that not all who failed together come back together.
      const pause = pauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      if (!error.passing || attempt >= attempts || Date.now() + pause >= deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** A number would lose digits; `.` and `..` would be no part of an address. */
function requireId(tpOrderId) {
  if (typeof tpOrderId === 'string' && /^(?!\.\.?$)[!-%'-<>-~]{1,128}$/.test(tpOrderId)) return;
  throw new PaymentStatusError(
    'INVALID_REQUEST',
    'tpOrderId must be a text of 1 to 128 visible ASCII characters without & and =.',
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
  const { protocol, hostname, port, pathname } = new URL(url);
  const options = {
    agent: agents[protocol],
    hostname,
    port,
    path: pathname,
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
function readAnswer({ status, type, text }, tpOrderId) {
  let body;
  try {
    body = JSON.parse(text);
  } catch (_error) {
    body = null;
  }
  if (status === 200) {
    if (body && body.tpOrderId === tpOrderId && body.payment && body.refund && body.verification) return body;
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
