/** Where something is now that was at `uri` when `from` was given another place; undefined: it is where it was. */
export function movedUri(uri: string, from: string, to: string): string | undefined {
  if (uri === from) return to;
  return uri.startsWith(`${from}/`) ? `${to}${uri.slice(from.length)}` : undefined;
}
