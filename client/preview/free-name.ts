/** What a suggestion declares: its first line behind the comment. */
const DECLARED = /^(pattern|model) ([\p{L}_][\p{L}\p{N}_]*)/mu;

/**
 * A suggestion under a name that does not occur in a text: its own, or that with a number behind it. Undefined when it declares
 * nothing.
 */
export function withFreeName(
  text: string,
  others: string,
): { readonly name: string; readonly text: string } | undefined {
  const match = DECLARED.exec(text);
  if (match === null) return undefined;
  const [whole, kind = '', own = ''] = match;
  const taken = new Set(others.match(/[\p{L}_][\p{L}\p{N}_]*/gu));
  let name = own;
  for (let number = 2; taken.has(name); number++) name = `${own}${number}`;
  const { index } = match;
  return { name, text: `${text.slice(0, index)}${kind} ${name}${text.slice(index + whole.length)}` };
}
