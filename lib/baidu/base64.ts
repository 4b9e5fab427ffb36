/**
 * Decodes base64 that is written in the one canonical way (RFC 4648, section 3.5), with or without its
 * padding; `undefined` for anything else. Node's own decoder also takes blanks, the URL alphabet, stray bits
 * and text behind the padding, so that many texts would stand for one value.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  const canonical = bytes.toString('base64');
  return text === canonical || text === canonical.replace(/=+$/, '') ? bytes : undefined;
}
