/** Every way to cut a text at its `&`. */
export function* everyCutOf(text: string): Generator<Record<string, string>> {
  const [first = '', ...others] = text.split('&');
  for (let joined = 0; joined < 2 ** others.length; joined++) {
    const parts = [first];
    for (const [index, piece] of others.entries()) {
      if (joined & (1 << index)) parts.push(`${parts.pop()}&${piece}`);
      else parts.push(piece);
    }
    yield Object.fromEntries(parts.map((part) => part.split(/=(.*)/s, 2) as [string, string]));
  }
}
