/** Layers in which the same heads are meant. */
export interface Places {
  readonly layers: readonly number[];
  readonly heads: readonly number[];
}

/** Layers and heads in words, of a model that has so many: `layers 0..5, 7, all 12 heads`; ranges leave out their end. */
export function placesText(places: readonly Places[], layers: number, heads: number): string {
  return places
    .map(each =>
      [
        ...(layers > 1 ? [indicesText('layer', each.layers, layers)] : []),
        ...(heads > 1 ? [indicesText('head', each.heads, heads)] : []),
      ].join(', '),
    )
    .join('; ');
}

function indicesText(what: string, indices: readonly number[], all: number): string {
  if (indices.length === all) return `all ${all} ${what}s`;
  const ranges: [number, number][] = [];
  for (const index of indices) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === index) last[1]++;
    else ranges.push([index, index + 1]);
  }
  const text = ranges.map(([from, to]) => (to - from === 1 ? String(from) : `${from}..${to}`)).join(', ');
  return `${what}${indices.length === 1 ? '' : 's'} ${text}`;
}
