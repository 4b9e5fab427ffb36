import { readFileSync } from 'node:fs';
import path from 'node:path';
import { folded, type Shape, type Structure } from './model.ts';

/** A command line that the AWS CLI would not take. */
export class UsageError extends Error {}

/** A command line behind the two names, taken apart. */
export interface Arguments {
  readonly input: Readonly<Record<string, unknown>>;
  /** The options that every command has: `query`, `output`, `region`, `endpoint-url`. */
  readonly options: Readonly<Record<string, string>>;
  /** What belongs to no option. */
  readonly rest: readonly string[];
}

const GLOBAL = ['query', 'output', 'region', 'endpoint-url'];

/** Options that the AWS CLI names otherwise than AWS names the member. */
const RENAMED: Readonly<Record<string, string>> = { 'notification-endpoint': 'Endpoint' };

/**
 * Reads options as the AWS CLI does: by the operation's own model.
 *
 * @param folder where `file://` and `fileb://` start
 * @throws UsageError for an option, a member or a value that the model does not have, or lacks
 */
export function readArguments(words: readonly string[], structure: Structure, folder: string): Arguments {
  const input: Record<string, unknown> = {};
  const options: Record<string, string> = {};
  const rest: string[] = [];
  for (let index = 0; index < words.length; ) {
    const word = words[index++] ?? '';
    if (!word.startsWith('--')) {
      rest.push(word);
      continue;
    }
    const end = words.findIndex((each, at) => at >= index && each.startsWith('--'));
    const values = words.slice(index, end < 0 ? undefined : end);
    const name = word.slice(2);
    if (GLOBAL.includes(name)) {
      options[name] = one(word, values.splice(0, 1));
      rest.push(...values);
    } else {
      const [member, shape, on] = memberOf(structure, name);
      const count = valueCount(shape, values);
      const given = { name: word, values: values.slice(0, count), folder };
      input[member] = shape.kind === 'boolean' ? on : readValue(shape, given);
      rest.push(...values.slice(count));
    }
    index += end < 0 ? words.length : end - index;
  }
  for (const name of structure.required) {
    if (!(name in input)) throw new UsageError(`the following arguments are required: ${name}`);
  }
  return { input, options, rest };
}

/** The member that an option names, and for a switch whether it is on. */
function memberOf(structure: Structure, name: string): [name: string, shape: Shape, on: boolean] {
  const found = find(structure, RENAMED[name] ?? name);
  const plain = Object.values(RENAMED).includes(found?.[0] ?? '') && !(name in RENAMED) ? undefined : found;
  if (plain) return [...plain, true];
  const off = name.startsWith('no-') ? find(structure, name.slice('no-'.length)) : undefined;
  if (off?.[1].kind === 'boolean') return [...off, false];
  throw new UsageError(`Unknown options: --${name}`);
}

function find(structure: Structure, name: string): [string, Shape] | undefined {
  for (const [member, shape] of structure.members) {
    if (folded(member) === folded(name)) return [member, shape()];
  }
  return undefined;
}

function valueCount(shape: Shape, values: readonly string[]): number {
  if (shape.kind === 'boolean') return 0;
  return shape.kind === 'list' ? values.length : Math.min(1, values.length);
}

interface Given {
  readonly name: string;
  readonly values: readonly string[];
  readonly folder: string;
}

function readValue(shape: Shape, { name, values, folder }: Given): unknown {
  if (shape.kind === 'list' && !values[0]?.startsWith('[')) {
    const texts = values.length > 0 ? values : [one(name, values)];
    return texts.map((text) => scalarOf(shape.of(), { name, text }));
  }
  const text = one(name, values);
  if (shape.kind === 'blob') return bytes(name, text, folder);
  const content = text.startsWith('file://') ? read(text.slice('file://'.length), folder).toString() : text;
  return scalarOf(shape, { name, text: content });
}

/** What the two versions of the AWS CLI take alike: version 2 wants base64 for what is written out, version 1 none. */
function bytes(name: string, text: string, folder: string): Buffer {
  if (!text.startsWith('fileb://'))
    throw new UsageError(`${name} must be given as fileb://, for versions 1 and 2`);
  return read(text.slice('fileb://'.length), folder);
}

function scalarOf(shape: Shape, { name, text }: { name: string; text: string }): unknown {
  switch (shape.kind) {
    case 'string':
      return text;
    case 'number':
      if (!/^-?\d+$/.test(text)) throw new UsageError(`${name}: invalid literal for int(): ${text}`);
      return Number(text);
    case 'list':
    case 'map':
    case 'structure':
      return checked(/^[[{]/.test(text) ? json(name, text) : shorthand(text), shape, name);
    default:
      throw new UsageError(`${name} has a kind of value that no page has used so far: ${shape.kind}`);
  }
}

/** The value itself, if it has no member that its shape has not, and every one that it must have. */
function checked(value: unknown, shape: Shape, where: string): unknown {
  if (shape.kind === 'string' && typeof value !== 'string') throw new UsageError(`${where} must be a string`);
  if (shape.kind === 'list') {
    if (!Array.isArray(value)) throw new UsageError(`${where} must be a list`);
    for (const [index, item] of value.entries()) checked(item, shape.of(), `${where}[${index}]`);
  }
  if (!('members' in shape) && shape.kind !== 'map') return value;
  if (typeof value !== 'object' || value === null) throw new UsageError(`${where} must be an object`);
  for (const [name, item] of Object.entries(value)) {
    const member = 'members' in shape ? shape.members.get(name) : shape.of;
    if (!member) throw new UsageError(`Unknown parameter in ${where}: “${name}”`);
    checked(item, member(), `${where}.${name}`);
  }
  const missing = 'required' in shape && shape.required.find((name) => !(name in value));
  if (missing) throw new UsageError(`Missing required parameter in ${where}: “${missing}”`);
  return value;
}

/** `Name=value,Name=value` */
function shorthand(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
      if (name === undefined || value === undefined)
        throw new UsageError(`Error parsing parameter: expected “=” in ${pair}`);
      return [name, value];
    }),
  );
}

function json(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`Error parsing parameter “${name}”: Invalid JSON`);
  }
}

function one(name: string, values: readonly string[]): string {
  const [value] = values;
  if (value === undefined || value === '') throw new UsageError(`argument ${name}: expected one argument`);
  return value;
}

function read(file: string, folder: string): Buffer {
  try {
    return readFileSync(path.resolve(folder, file));
  } catch {
    throw new UsageError(`Unable to load paramfile ${file}`);
  }
}
