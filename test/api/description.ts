import path from 'node:path';
import { bundle, createConfig, lint } from '@redocly/openapi-core';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { ERROR_CODES } from '../../lib/lambda/error-codes.ts';

const FILE = path.resolve(import.meta.dirname, '../../docs/openapi.yaml');

type Json = Record<string, unknown>;

/** The error codes that only confirm has: no caller ever gets one. */
export const OF_CONFIRM: readonly string[] = Object.entries<{ by: readonly string[] }>(ERROR_CODES)
  .filter(([, { by }]) => by.every((name) => name === 'confirm'))
  .map(([code]) => code);

/** One response of the description: its content types, and the headers that it promises. */
export interface DescribedResponse {
  readonly content?: Record<string, Json>;
  readonly headers?: Record<string, { $ref?: string }>;
  readonly $ref?: string;
}

/** The description of the API as a document, references kept. */
export interface Description {
  readonly info: { readonly version: string };
  readonly paths: Record<string, Record<string, { responses: Record<string, DescribedResponse> }>>;
  readonly components: {
    schemas: Record<string, Json & { properties?: Json }>;
    headers: Record<string, unknown>;
  };
}

/** What Redocly's strictest standard rules say against the description; nothing, if all is well. */
export async function lintDescription(): Promise<string[]> {
  const problems = await lint({ ref: FILE, config: await createConfig({ extends: ['recommended-strict'] }) });
  return problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer})`);
}

/** Reads the description. */
export async function readDescription(): Promise<Description> {
  const { bundle: document } = await bundle({ ref: FILE, config: await createConfig({}) });
  return document.parsed as Description;
}

/**
 * Finds the schema of a place in the description, made stricter than it is published: no member of an object that
 * the description does not name may be there.
 *
 * @param keys the place, from the root of the document
 */
export function schemaFinder(description: Description): (...keys: string[]) => ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  const strict: Description = structuredClone(description);
  for (const schema of Object.values(strict.components.schemas)) {
    if (schema.properties) schema['additionalProperties'] = false;
  }
  ajv.addSchema(strict, 'api');
  return (...keys) => {
    const pointer = keys
      .map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    const validate = ajv.getSchema(`api#/${pointer}`);
    if (!validate) throw new Error(`The description has nothing at ${keys.join(' ')}.`);
    return validate as ValidateFunction;
  };
}
