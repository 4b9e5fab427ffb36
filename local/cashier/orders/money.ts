/** Reads an amount in yuan, with two decimals at most, as whole fen; `null` when it is none. */
export function fenFromYuan(text: string): number | null {
  const [, yuan, fraction = ''] = /^([0-9]{1,9})(?:[.]([0-9]{1,2}))?$/.exec(text.trim()) ?? [];
  return yuan === undefined ? null : Number(yuan) * 100 + Number(fraction.padEnd(2, '0'));
}

/** Writes whole fen as an amount in yuan, such as `¥1,299.00`. */
export function yuanFromFen(fen: number): string {
  const yuan = String(Math.trunc(fen / 100)).replace(/\B(?=(\d{3})+$)/g, ',');
  return `¥${yuan}.${String(fen % 100).padStart(2, '0')}`;
}
