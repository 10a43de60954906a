import type { SharedRows } from './shared-rows.ts';

/**
 * 1 for positions that nobody hears of but others of them: whoever is not one of them hears of none of them, so
 * that it is complete without them. [tokens]
 */
export function unheardIn({ tokens, sums, start, from }: SharedRows): Uint8Array {
  /** By how many others each position and each sum is used that are not known to be unheard. */
  const users = new Uint32Array(tokens + sums);
  const nodeOf = (input: number): number => (input < tokens ? sums + input : input - tokens);
  const eachInput = (of: number, visit: (input: number) => void): void => {
    const node = nodeOf(of);
    for (let at = start[node] ?? 0; at < (start[node + 1] ?? 0); at++) {
      const input = from[at] ?? 0;
      if (input !== of) visit(input);
    }
  };
  for (let of = 0; of < users.length; of++)
    eachInput(of, input => {
      users[input] = (users[input] ?? 0) + 1;
    });
  const queue = new Uint32Array(tokens + sums);
  let end = 0;
  for (let of = 0; of < users.length; of++) if (users[of] === 0) queue[end++] = of;
  for (let next = 0; next < end; next++)
    eachInput(queue[next] ?? 0, input => {
      users[input] = (users[input] ?? 0) - 1;
      if (users[input] === 0) queue[end++] = input;
    });
  return Uint8Array.from(users.subarray(0, tokens), count => (count === 0 ? 1 : 0));
}
