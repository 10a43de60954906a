import { createColors } from 'picocolors';
import type { Colors } from 'picocolors/types';

export type { Colors };

/**
 * The colours of a stream: on terminals only, unless FORCE_COLOR asks for them everywhere, and nowhere with NO_COLOR
 * (https://no-color.org, https://force-color.org).
 */
export function coloursOf(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Colors {
  return createColors(isWanted(stream, env));
}

function isWanted(
  { isTTY }: { readonly isTTY?: boolean },
  { NO_COLOR, FORCE_COLOR, TERM }: Readonly<Record<string, string | undefined>>,
): boolean {
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return isTTY === true && TERM !== 'dumb';
}
