import fc, { type Arbitrary } from 'fast-check';

const SURROGATES = { first: 0xd800, count: 0x800 };

/** Any character. Not fast-check's own unit for it, which lists all of them first: that takes a second. */
const character = fc
  .nat(0x10ffff - SURROGATES.count)
  .map((nth) => String.fromCodePoint(nth < SURROGATES.first ? nth : nth + SURROGATES.count));

/** Texts of any characters, and texts that trip programs. */
export function anyText(length: { maxLength?: number } = {}): Arbitrary<string> {
  return fc.oneof(fc.string({ ...length, unit: character }), fc.string(length));
}
