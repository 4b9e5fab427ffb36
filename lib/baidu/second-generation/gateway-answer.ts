import { mayPass } from '../errnos.ts';
import { BaiduError, ServiceError } from '../errors.ts';
import { acceptedBody } from '../http/attempts.ts';
import type { HttpAnswer } from '../http/https.ts';
import { isRecord, parseJson } from '../json.ts';
import { badResponse, integerOf, wordsOf } from '../order-status.ts';

/**
 * Reads an answer of openapi.baidu.com up to what was asked for: its fields, once it is sure that it is no error.
 * The gateway says `{"error_code":…,"error_msg":…}`, what is behind it `{"errno":…,"msg":…}`, and the token's issuer
 * `{"error":…}` (RFC 6749, 5.2); each of them may come with an HTTP status of 4xx.
 *
 * @param confidential texts that are cut out of Baidu's words, as they are and as they stand in a URL: a server may
 *   echo what it was sent
 * @throws BaiduError for a code other than 0
 * @throws ServiceError `BAIDU_BAD_RESPONSE` for what is not JSON or has a status that says nothing,
 *   `BAIDU_ERROR` for an error without a number
 */
export function readGatewayAnswer(
  answer: HttpAnswer,
  confidential: readonly string[],
): Record<string, unknown> {
  const { status, body } = answer;
  const fields = parseJson(new TextDecoder().decode(body));
  const refusing = status >= 400 && status < 500 && status !== 429;
  if (refusing && isRecord(fields)) refuseError(fields, confidential);
  acceptedBody(answer);
  if (!isRecord(fields)) throw badResponse(body.length === 0 ? 'is empty' : 'is not JSON');
  refuseError(fields, confidential);
  return fields;
}

function refuseError(fields: Record<string, unknown>, confidential: readonly string[]): void {
  const code = integerOf(fields['error_code']) || integerOf(fields['errno']);
  if (code) {
    const forms = confidential.flatMap((secret) => [secret, encodeURIComponent(secret)]);
    const words = wordsOf(forms, fields['error_msg'], fields['errmsg'], fields['msg']);
    throw new BaiduError(code, words, mayPass(code, 'second'));
  }
  const { error } = fields;
  if (typeof error !== 'string') return;
  const name = /^[a-z_]{1,40}$/.test(error) ? error : 'for a reason that it does not name';
  throw new ServiceError('BAIDU_ERROR', `Baidu gives no access token: ${name}.`);
}
