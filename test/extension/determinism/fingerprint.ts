import { compileParts } from '../../../runtime/compile/reorder.ts';
import { buffersOf } from '../../../runtime/compile/tile-plan.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';

/** A number that all bytes of a pattern's plans go into, orders of tokens included (FNV-1a). */
export function fingerprint(pattern: Pattern, tokens: number, side: number): number {
  const shape = squareShape(tokens);
  let hash = 0x811c9dc5;
  for (const plan of compileParts(bindPattern(pattern, shape), shape, { tile: { queries: side, keys: side } }))
    for (const buffer of buffersOf(plan))
      for (const byte of new Uint8Array(buffer)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

Object.assign(globalThis, { fingerprint });
