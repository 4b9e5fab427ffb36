/** The fields of the secret, in the order in which the documentation names them. */
export const SECRET_FIELDS = [
  'appId',
  'appKey',
  'privateKey',
  'platformPublicKey',
  'apiTokens',
  'dealId',
] as const;

/** Whether a name is that of a field of the secret, letter for letter. */
export function isSecretField(name: string): boolean {
  return SECRET_FIELDS.some((field) => field === name);
}

/** The field whose name this is but for case, signs and a plural: `private_key`, `apiToken`. */
export function fieldLike(name: string): string | undefined {
  return SECRET_FIELDS.find((field) => folded(field) === folded(name));
}

/** The field that a name of other words may mean: `publicKey`, `rsaPrivateKey`, `token`. */
export function fieldMeant(name: string): string | undefined {
  const words = folded(name);
  if (/merchant|own|developer/.test(words) && words.includes('publickey')) return undefined;
  if (words.includes('privatekey')) return 'privateKey';
  if (/publickey|platformkey/.test(words)) return 'platformPublicKey';
  return /^(?:bearer|access|auth)?token$/.test(words) ? 'apiTokens' : undefined;
}

function folded(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z]/g, '')
    .replace(/s$/, '');
}
