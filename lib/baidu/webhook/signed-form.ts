import type { KeyObject } from 'node:crypto';
import { decodeBase64 } from '../base64.ts';
import { UNSIGNED_NAMES } from '../canonical.ts';
import { ServiceError } from '../errors.ts';

/** The fields of a form whose every value fits its grammar, and the signature that came with them. */
export interface UnverifiedForm {
  readonly fields: Readonly<Record<string, string>>;
  readonly signature: string;
}

/** What Baidu's platform signs with, and for what. */
export interface NotificationKeys {
  /** The platform's; a notification may match any. */
  readonly platformKeys: readonly KeyObject[];
  /** The merchant's own deals; `undefined` takes all. */
  readonly dealIds: ReadonlySet<string> | undefined;
}

/**
 * What Baidu's platform calls a merchant for: what each is called in words, and the address where it belongs.
 *
 * @internal
 */
export const KINDS = {
  payment: { words: 'a payment notification', address: '/baidu/payment-notify' },
  refund: { words: 'a refund notification', address: '/baidu/refund-notify' },
  audit: { words: 'a refund audit', address: '/baidu/refund-audit' },
} as const;

/**
 * What a form of one kind has to look like. Whatever else it holds is a field that Baidu added: it must hold no `&`.
 *
 * @internal
 */
export interface FormRules {
  readonly kind: keyof typeof KINDS;
  /** Fields that have to be there. */
  readonly needed: Grammar;
  /** Fields that may be absent. */
  readonly optional?: Grammar;
}

type Grammar = Readonly<Record<string, (value: string) => boolean>>;

/** The least that a signature by a key of 1024 bits has, in bytes. */
const MIN_SIGNATURE_BYTES = 128;

/** Whether a text is a whole number, 0 included, of 19 digits at most. @internal */
export const isWhole = (value: string) => /^(0|[1-9][0-9]{0,18})$/.test(value);
/** Whether a text is an amount in fen (分). @internal */
export const isMoney = (value: string) => isWhole(value) && Number.isSafeInteger(Number(value));

/**
 * Checks a form that should be signed, before any key is at hand: of its kind, with a signature in canonical base64,
 * every needed field there, every value in its grammar. A signed text can be cut into fields in more than one way; the
 * grammar has to leave one.
 *
 * @throws ServiceError `INVALID_NOTIFICATION` naming the field, or the address where a form of another kind belongs,
 *   `INVALID_SIGNATURE` for a field that no signature covers
 *
 * @internal
 */
export function checkForm(form: Readonly<Record<string, string>>, rules: FormRules): UnverifiedForm {
  const kind = kindOf(form);
  if (kind && kind !== rules.kind) {
    const { words, address } = KINDS[kind];
    throw new ServiceError('INVALID_NOTIFICATION', `This is ${words}: it belongs to ${address}.`);
  }
  for (const { error } of fieldFaults(form, rules)) throw error;
  const { rsaSign, ...fields } = form;
  return { fields, signature: signatureIn(rsaSign) };
}

/**
 * Finds the fields of a form that are not as its rules have them, and what `checkForm` throws for each.
 *
 * @internal
 */
export function* fieldFaults(
  { rsaSign, ...fields }: Readonly<Record<string, string>>,
  { needed, optional = {} }: FormRules,
): Generator<{ readonly name: string; readonly error: ServiceError }> {
  const bytes = decodeBase64(signatureIn(rsaSign));
  if (!bytes || bytes.length < MIN_SIGNATURE_BYTES) yield invalid('rsaSign', rsaSign);
  for (const [name, fits] of Object.entries(needed)) {
    const value = fields[name];
    if (value === undefined || !fits(value)) yield invalid(name, value);
  }
  for (const [name, value] of Object.entries(fields)) {
    if (UNSIGNED_NAMES.has(name)) {
      yield {
        name,
        error: new ServiceError('INVALID_SIGNATURE', `The field ${name} is covered by no signature.`),
      };
    } else if (!Object.hasOwn(needed, name)) {
      const fits = Object.hasOwn(optional, name) ? optional[name] : isAdded;
      if (!fits?.(value)) yield invalid(name, value);
    }
  }
}

/** On its way through a form decoder the `+` of base64 can become a blank. */
const signatureIn = (rsaSign = '') => rsaSign.replaceAll(' ', '+');

/** What is thrown where no key fits a signature. @internal */
export function wrongSignature(): ServiceError {
  return new ServiceError('INVALID_SIGNATURE', 'The signature is not of Baidu’s platform over these fields.');
}

const isAdded = (value: string) => !value.includes('&');

/**
 * Tells the kind of a form by fields that forms of the other kinds never have; `undefined` for none of them.
 *
 * @internal
 */
export function kindOf(form: Readonly<Record<string, string>>): FormRules['kind'] | undefined {
  const has = (name: string) => Object.hasOwn(form, name);
  if (has('status') && has('payTime') && has('totalMoney')) return 'payment';
  if (!has('refundBatchId')) return undefined;
  return has('refundStatus') ? 'refund' : 'audit';
}

function invalid(name: string, value: string | undefined): { name: string; error: ServiceError } {
  const fault = value === undefined ? 'is missing' : 'is malformed';
  return { name, error: new ServiceError('INVALID_NOTIFICATION', `The field ${name} ${fault}.`) };
}
