// Lengths of sequences as people write them.

/** `64Ki` and `1Mi` as numbers. */
export function tokensOf(text) {
  const [, digits, unit] = /^(\d+)(Ki|Mi)?$/.exec(text) ?? [];
  return Number(digits) * (unit === 'Mi' ? 2 ** 20 : unit === 'Ki' ? 2 ** 10 : 1);
}

/** The same the other way round; what is no multiple of 1024 in digits. */
export function lengthName(tokens) {
  if (tokens % 2 ** 20 === 0) return `${tokens / 2 ** 20}Mi`;
  return tokens % 1024 === 0 ? `${tokens / 1024}Ki` : tokens.toLocaleString('en-US');
}
