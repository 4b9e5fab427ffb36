import { describe, expect, test } from 'vitest';
import { PUBLISHED_ERRNOS } from '../../../lib/baidu/errnos.ts';
import { readOrderStatus } from '../../../lib/baidu/order-status.ts';
import { answerBody } from '../../support/baidu.ts';

const ORDER = { appId: '10026', orderId: '1920891312', siteId: '3747777038' };
const read = (body: string, confidential: string[] = []) =>
  readOrderStatus(Buffer.from(body), ORDER, confidential);
const codes = (payStatus: unknown, refundStatus: unknown, verification: unknown) =>
  answerBody({ data: { data: { payStatus, refundStatus, verification } } });
const status = (statusNum: unknown, statusDesc: unknown = '') => ({ statusNum, statusDesc });
const fine = status(1);

function expectBad(body: string, what: string): void {
  expect(() => read(body)).toThrow(
    expect.objectContaining({
      code: 'BAIDU_BAD_RESPONSE',
      message: `Baidu’s answer ${what}.`,
      passing: true,
    }),
  );
}

describe('readOrderStatus()', () => {
  test('reads the answer that Baidu’s page prints', () => {
    expect(read(answerBody())).toEqual({
      ...ORDER,
      payment: { status: 'PAID', code: 1, description: '支付成功' },
      refund: { status: 'NONE', code: -1, description: '未退费' },
      verification: { status: 'NOT_VERIFIED', code: -1, description: '无核销数据' },
      source: { api: 'queryorderdetail', timestamp: 1482735200, cached: false, serverLogId: '3200820823' },
    });
  });

  test.each([
    [-1, 'UNPAID'],
    [1, 'PAID'],
    ['1', 'PAID'],
    [2, 'UNKNOWN'],
    [0, 'UNKNOWN'],
  ])('names the payment %j %s', (code, name) => {
    expect(read(codes(status(code, '?'), fine, fine)).payment).toEqual({
      status: name,
      code: Number(code),
      description: '?',
    });
  });

  test.each([
    [-1, 'NONE'],
    ['-1', 'NONE'],
    [1, 'PROCESSING'],
    [2, 'REFUNDED'],
    [9, 'FAILED'],
    [3, 'UNKNOWN'],
  ])('names the refund %j %s', (code, name) => {
    expect(read(codes(fine, status(code), fine)).refund).toEqual({
      status: name,
      code: Number(code),
      description: '',
    });
  });

  test.each([
    [-1, 'NOT_VERIFIED'],
    [1, 'VERIFIED'],
    [7, 'UNKNOWN'],
  ])('names the verification %j %s', (code, name) => {
    expect(read(codes(fine, fine, status(code))).verification).toMatchObject({ status: name, code });
  });

  test('cuts a description, and keeps control characters out of it', () => {
    const { description } = read(codes(status(1, `a\u0000\nb${'x'.repeat(300)}`), fine, fine)).payment;
    expect(description).toBe(`a b${'x'.repeat(197)}`);
  });

  test('takes a description that is no text for none', () => {
    expect(read(codes(status(1, null), fine, fine)).payment.description).toBe('');
  });

  test.each([
    [{ cached: 1 }, { cached: true }],
    [{ cached: '1' }, { cached: true }],
    [{ cached: 0 }, { cached: false }],
    [{ cached: undefined }, { cached: false }],
    [{ timestamp: '1482735201' }, { timestamp: 1482735201 }],
    [{ timestamp: undefined }, { timestamp: null }],
    [{ timestamp: 'now' }, { timestamp: null }],
    [{ serverlogid: 3200820823 }, { serverLogId: '3200820823' }],
    [{ serverlogid: undefined }, { serverLogId: null }],
    [{ errno: '0' }, { cached: false }],
  ])('reads the source of %j', (changes, expected) => {
    expect(read(answerBody(changes)).source).toMatchObject(expected);
  });

  test.each([
    ['', 'is empty'],
    [' ', 'is not JSON'],
    ['<html>', 'is not JSON'],
    ['[]', 'is not JSON'],
    ['null', 'is not JSON'],
    ['{}', 'holds no errno'],
    [answerBody({ errno: null }), 'holds no errno'],
    [answerBody({ errno: 'x' }), 'holds no errno'],
    [answerBody({ errno: '' }), 'holds no errno'],
    [answerBody({ errno: 1.5 }), 'holds no errno'],
    [answerBody({ errno: '0x1' }), 'holds no errno'],
    [answerBody({ errno: '1 ' }), 'holds no errno'],
    [answerBody({ errno: ' 1' }), 'holds no errno'],
    [answerBody({ errno: '9'.repeat(17) }), 'holds no errno'],
    [answerBody({ errno: '9'.repeat(16) }), 'holds no errno'],
    [answerBody({ errno: true }), 'holds no errno'],
    [answerBody({ errno: [0] }), 'holds no errno'],
    [answerBody({ data: undefined }), 'holds no payStatus with a statusNum'],
    [answerBody({ data: null }), 'holds no payStatus with a statusNum'],
    [answerBody({ data: [] }), 'holds no payStatus with a statusNum'],
    [answerBody({ data: 'x' }), 'holds no payStatus with a statusNum'],
    [answerBody({ data: {} }), 'holds no payStatus with a statusNum'],
    [answerBody({ data: { data: null } }), 'holds no payStatus with a statusNum'],
    [codes(undefined, fine, fine), 'holds no payStatus with a statusNum'],
    [codes({}, fine, fine), 'holds no payStatus with a statusNum'],
    [codes(status('paid'), fine, fine), 'holds no payStatus with a statusNum'],
    [codes(1, fine, fine), 'holds no payStatus with a statusNum'],
    [codes(fine, null, fine), 'holds no refundStatus with a statusNum'],
    [codes(fine, fine, []), 'holds no verification with a statusNum'],
  ])('refuses %j', (body, what) => {
    expectBad(body, what);
  });

  test('names no status after a member that every object has', () => {
    expect(() => read(codes(status('constructor'), fine, fine))).toThrow('holds no payStatus');
    expect(() => read('{"errno":0,"data":{"data":{"__proto__":1}}}')).toThrow('holds no payStatus');
  });
});

describe('readOrderStatus() of an errno', () => {
  test.each([
    ...[10003, 4010001, 4010003, 4010007, 5010002, 5010003, 5010004, 6010008, 7010001].map((errno) => [
      errno,
      true,
    ]),
    ...[930, 970, 10000, 10001, 10002, 4010002, 4010004, 4010005, 4010006].map((errno) => [errno, false]),
  ] as [number, boolean][])('%i: it is published, and whether it may pass is %s', (errno, passing) => {
    expect(PUBLISHED_ERRNOS).toContain(errno);
    for (const written of [errno, String(errno)]) {
      expect(() => read(answerBody({ errno: written, data: null }))).toThrow(
        expect.objectContaining({ code: 'BAIDU_ERROR', errno, errmsg: '成功', passing }),
      );
    }
  });

  test('-1 is final, and not published', () => {
    expect(() => read(answerBody({ errno: -1 }))).toThrow(
      expect.objectContaining({ errno: -1, passing: false }),
    );
    expect(PUBLISHED_ERRNOS.size).toBe(18);
  });

  test.each([
    [{ errmsg: '签名错误', msg: 'other' }, '签名错误'],
    [{ errmsg: '', msg: '系统繁忙' }, '系统繁忙'],
    [{ errmsg: undefined, msg: '系统繁忙' }, '系统繁忙'],
    [{ errmsg: 7, msg: null }, ''],
  ])('keeps Baidu’s words: %j', (changes, errmsg) => {
    expect(() => read(answerBody({ errno: 10000, ...changes }))).toThrow(expect.objectContaining({ errmsg }));
  });

  test('cuts out what it was sent, runs of control characters, and what is over 200 characters', () => {
    const errmsg = `\u0000\r\n\u0085of secret and key, of secret!${'x'.repeat(300)}`;
    expect(() => read(answerBody({ errno: 10000, errmsg }), ['secret', 'key'])).toThrow(
      expect.objectContaining({ errmsg: ` of … and …, of …!${'x'.repeat(182)}` }),
    );
  });
});
