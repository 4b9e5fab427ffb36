/** What JSON's grammar takes at a place of a text. */
export type Expected =
  | 'value'
  | 'value or ]'
  | 'name'
  | 'name or }'
  | ':'
  | ', or }'
  | ', or ]'
  | 'end'
  | 'rest of a string';

/** Where a text stops being JSON. */
export interface JsonFault {
  /** Index of the first token that JSON does not take there; the text's length where the text ends too early. */
  readonly offset: number;
  readonly expected: Expected;
  /** Index behind the last token that was in order. */
  readonly previousEnd: number;
  /** What is open there and not closed, outermost first. */
  readonly open: readonly Bracket[];
  /** The last name that was read in the outermost object. */
  readonly member: string | undefined;
}

/** What a text holds as far as it is JSON. */
export interface JsonScan {
  /** `undefined` for a text that `JSON.parse` takes. */
  readonly fault: JsonFault | undefined;
  /** The names in the outermost object, in their order, one that comes twice twice. */
  readonly names: readonly string[];
}

type Bracket = '{' | '[';
type TokenKind = Bracket | '}' | ']' | ':' | ',' | 'string' | 'scalar' | 'bare' | 'end';

interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  /** In a string that is broken: where. */
  readonly broken?: number;
}

const BLANKS = /[ \t\r\n]*/y;
const BARE = /[^ \t\r\n{}[\]:,"]+/y;
const SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
/** All but quotes, backslashes and control characters. */
const PLAIN = /[ !#-[\]-\uffff]+/y;

/**
 * Reads a text by the grammar of JSON up to the first fault in it. `JSON.parse` names the place of some faults only,
 * and quotes its input for the others.
 *
 * @see RFC 8259
 */
export function scanJson(text: string): JsonScan {
  const open: Bracket[] = [];
  const names: string[] = [];
  let expected: Expected = 'value';
  let previousEnd = 0;
  for (;;) {
    const token = readToken(text, previousEnd);
    const next: Expected | undefined = follow(expected, token.kind, open);
    const around = { previousEnd, open, member: names.at(-1) };
    if (next === undefined) return { names, fault: { offset: token.start, expected, ...around } };
    if (token.broken !== undefined) {
      return { names, fault: { offset: token.broken, expected: 'rest of a string', ...around } };
    }
    if (token.kind === 'end') return { names, fault: undefined };
    if (next === ':' && open.length === 1) names.push(String(JSON.parse(text.slice(token.start, token.end))));
    expected = next;
    previousEnd = token.end;
  }
}

function readToken(text: string, from: number): Token {
  const start = from + lengthAt(BLANKS, text, from);
  const char = text[start];
  switch (char) {
    case undefined:
      return { kind: 'end', start, end: start };
    case '{':
    case '}':
    case '[':
    case ']':
    case ':':
    case ',':
      return { kind: char, start, end: start + 1 };
    case '"':
      return readString(text, start);
    default: {
      const end = start + lengthAt(BARE, text, start);
      return { kind: SCALAR.test(text.slice(start, end)) ? 'scalar' : 'bare', start, end };
    }
  }
}

function readString(text: string, start: number): Token {
  let end = start + 1;
  for (;;) {
    end += lengthAt(PLAIN, text, end);
    if (text[end] === '"') return { kind: 'string', start, end: end + 1 };
    const escaped = lengthAt(ESCAPE, text, end);
    if (escaped === 0) return { kind: 'string', start, end, broken: end };
    end += escaped;
  }
}

function lengthAt(sticky: RegExp, text: string, at: number): number {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0].length ?? 0;
}

/** What may follow a token; `undefined` if the token itself may not stand there. Opens and closes brackets. */
function follow(expected: Expected, kind: TokenKind, open: Bracket[]): Expected | undefined {
  if (kind === 'end') return expected === 'end' ? 'end' : undefined;
  if (expected === ':') return kind === ':' ? 'value' : undefined;
  if (kind === ',' && expected === ', or }') return 'name';
  if (kind === ',' && expected === ', or ]') return 'value';
  if ((kind === '}' || kind === ']') && expected.endsWith(` or ${kind}`)) {
    open.pop();
    return afterValue(open);
  }
  if (expected.startsWith('name')) return kind === 'string' ? ':' : undefined;
  if (!expected.startsWith('value')) return undefined;
  if (kind === 'string' || kind === 'scalar') return afterValue(open);
  if (kind !== '{' && kind !== '[') return undefined;
  open.push(kind);
  return kind === '{' ? 'name or }' : 'value or ]';
}

function afterValue(open: readonly Bracket[]): Expected {
  const inside = open.at(-1);
  if (inside === undefined) return 'end';
  return inside === '{' ? ', or }' : ', or ]';
}
