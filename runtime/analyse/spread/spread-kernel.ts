import { bitsBetween } from '../../pattern/bits.ts';
import type { SharedRows } from '../shared-rows.ts';
import { spread } from './generated/spread.ts';

/** See assembly/spread.ts. */
interface SpreadExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  setUp(
    tokens: number,
    known: number,
    next: number,
    limitOf: number,
    limits: number,
    complete: number,
    touched: number,
    isTouched: number,
    masks: number,
    maskCount: number,
  ): void;
  begin(first: number, keys: number): void;
  layer(mask: number): number;
  pairCount(): number;
  stepCount(): number;
  countBits(from: number, to: number): number;
}

/** Keys of a block. */
export const BLOCK_KEYS = 256;

const PLACE_BYTES = BLOCK_KEYS / 8;
const PLACE_WORDS = PLACE_BYTES / 4;
/** Bytes of the fields of a mask, and where those lie that change. */
const MASK_BYTES = 96;
const FLAGS = 24;
const NEWS_COUNT = 32;
const NEWS_USERS = 64;
const OPEN_INPUTS = 72;
const CASCADE = 80;
/** Rows of `limits`: all keys of the block; those that others than the unheard can hear of; from here on one for each key. */
const HEARD = 1;
const OWN = 2;

/** What nobody of a stack looks at. */
export interface Directions {
  /** Does anybody see a later key; an earlier one? */
  readonly ahead: boolean;
  readonly back: boolean;
}

/** A mask, and where its fields lie in memory. */
interface Placed {
  readonly rows: SharedRows;
  readonly fields: number;
}

let compiled: WebAssembly.Module | undefined;

/** Undefined where the engine has no WebAssembly SIMD, or a page's policy forbids it. */
function instantiate(): SpreadExports | undefined {
  compiled ??= compile();
  // `abort` is the one import that AssemblyScript may ask for; the kernel has no assertions that could call it.
  return (
    compiled && (new WebAssembly.Instance(compiled, { env: { abort: () => {} } }).exports as unknown as SpreadExports)
  );
}

function compile(): WebAssembly.Module | undefined {
  const bytes = Uint8Array.from(atob(spread), char => char.charCodeAt(0));
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(bytes)) return undefined;
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}

/**
 * Follows information from a block of keys to all positions, a bit for each. Its memory is that of the masks and 64 bytes
 * for each position.
 */
export class SpreadKernel {
  readonly #exports: SpreadExports;
  readonly #tokens: number;
  readonly #placed: readonly Placed[];
  readonly #unheard: Uint8Array;
  readonly #directions: Directions;
  readonly #known: number;
  readonly #next: number;
  readonly #complete: number;
  readonly #limitOf: number;
  readonly #limits: number;
  /** Positions and sums. */
  readonly #count: number;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  #first = 0;
  #keys = 0;

  /** Undefined where the engine has no WebAssembly SIMD. `unheard`: see `unheardIn`. [tokens] */
  static create(
    tokens: number,
    masks: readonly SharedRows[],
    unheard: Uint8Array,
    directions: Directions,
  ): SpreadKernel | undefined {
    const exports = instantiate();
    return exports && new SpreadKernel(exports, tokens, masks, unheard, directions);
  }

  private constructor(
    exports: SpreadExports,
    tokens: number,
    masks: readonly SharedRows[],
    unheard: Uint8Array,
    directions: Directions,
  ) {
    this.#exports = exports;
    this.#tokens = tokens;
    this.#unheard = unheard;
    this.#directions = directions;
    this.#count = masks.reduce((sum, { sums }) => sum + sums, tokens);
    const memory = new Memory(exports);
    this.#known = memory.take(PLACE_BYTES * this.#count);
    this.#next = memory.take(PLACE_BYTES * tokens);
    this.#limitOf = memory.take(4 * tokens);
    this.#limits = memory.take(PLACE_BYTES * (OWN + BLOCK_KEYS));
    this.#complete = memory.take(this.#count);
    const touched = memory.take(4 * tokens);
    const isTouched = memory.take(tokens);
    const fields = memory.take(MASK_BYTES * masks.length);
    let firstSum = tokens;
    this.#placed = masks.map((rows, index) => {
      const at = fields + MASK_BYTES * index;
      memory.placeMask(at, rows, firstSum);
      firstSum += rows.sums;
      return { rows, fields: at };
    });
    this.#bytes = new Uint8Array(exports.memory.buffer);
    this.#words = new Int32Array(exports.memory.buffer);
    this.#doubles = new Float64Array(exports.memory.buffer);
    exports.setUp(
      tokens,
      this.#known,
      this.#next,
      this.#limitOf,
      this.#limits,
      this.#complete,
      touched,
      isTouched,
      fields,
      masks.length,
    );
    for (let position = 0; position < tokens; position++)
      this.#words[this.#limitOf / 4 + position] = this.#shared(position);
  }

  /** Every position has heard of itself. `first`: first key of the block. */
  begin(first: number): void {
    const bytes = this.#bytes;
    for (let key = 0; key < this.#keys; key++)
      this.#words[this.#limitOf / 4 + this.#first + key] = this.#shared(this.#first + key);
    this.#first = first;
    this.#keys = Math.min(BLOCK_KEYS, this.#tokens - first);
    bytes.fill(0, this.#known, this.#known + PLACE_BYTES * this.#count);
    bytes.fill(0, this.#next, this.#next + PLACE_BYTES * this.#tokens);
    bytes.fill(0, this.#complete, this.#complete + this.#count);
    for (const { rows, fields } of this.#placed) {
      const flags = this.#words[(fields + FLAGS) / 4] ?? 0;
      bytes.fill(0, flags, flags + this.#tokens);
      this.#words[(fields + NEWS_COUNT) / 4] = 0;
      this.#doubles[(fields + NEWS_USERS) / 8] = 0;
      this.#doubles[(fields + OPEN_INPUTS) / 8] = rows.from.length - this.#inputsOfComplete(rows);
    }
    this.#limit();
    this.#exports.begin(first, this.#keys);
  }

  /** One layer of a mask. @returns whether anybody heard of anything new */
  layer(mask: number): boolean {
    return this.#exports.layer(mask) > 0;
  }

  /** Connected pairs of the block. */
  get pairs(): number {
    return this.#exports.pairCount();
  }

  /** Inputs that were read since the beginning, or as much work. */
  get steps(): number {
    return this.#exports.stepCount();
  }

  /** Which of 32 keys of the block from `32 * word` on a position has heard of. */
  word(position: number, word: number): number {
    return this.#words[this.#known / 4 + PLACE_WORDS * position + word] ?? 0;
  }

  /** Connected pairs of the positions `from` to `to` - 1. */
  pairsOf(from: number, to: number): number {
    return this.#exports.countBits(from, to);
  }

  /** Which row of `limits` a position outside of the block has. */
  #shared(position: number): number {
    return this.#unheard[position] === 1 ? 0 : HEARD;
  }

  /** Inputs of positions that never hear of this block. */
  #inputsOfComplete({ sums, start }: SharedRows): number {
    const { ahead, back } = this.#directions;
    const inputs = (from: number, to: number): number => (start[sums + to] ?? 0) - (start[sums + from] ?? 0);
    return (ahead ? 0 : inputs(0, this.#first)) + (back ? 0 : inputs(this.#first + this.#keys, this.#tokens));
  }

  /** Says what everybody can hear of at the most: where nobody looks ahead, no later key. */
  #limit(): void {
    const { ahead, back } = this.#directions;
    const [first, keys, words] = [this.#first, this.#keys, this.#words];
    const all = this.#limits / 4;
    for (let word = 0; word < PLACE_WORDS; word++) {
      const inside = bitsBetween(0, keys - 32 * word);
      let heard = inside;
      for (let key = 32 * word; key < Math.min(keys, 32 * word + 32); key++)
        if (this.#unheard[first + key] === 1) heard &= ~(1 << (key & 31));
      words[all + word] = inside;
      words[all + PLACE_WORDS * HEARD + word] = heard;
    }
    if (ahead && back) return;
    if (!ahead) this.#bytes.fill(1, this.#complete, this.#complete + first);
    if (!back) this.#bytes.fill(1, this.#complete + first + keys, this.#complete + this.#tokens);
    for (let key = 0; key < keys; key++) {
      const own = all + PLACE_WORDS * (OWN + key);
      const shared = all + PLACE_WORDS * this.#shared(first + key);
      for (let word = 0; word < PLACE_WORDS; word++) {
        const possible = bitsBetween(back ? 0 : key - 32 * word, ahead ? keys - 32 * word : key + 1 - 32 * word);
        words[own + word] = (words[shared + word] ?? 0) & possible;
      }
      words[this.#limitOf / 4 + first + key] = OWN + key;
    }
  }
}

/** Memory that grows while things are put into it. */
class Memory {
  readonly #memory: WebAssembly.Memory;
  #top: number;

  constructor(exports: SpreadExports) {
    this.#memory = exports.memory;
    this.#top = exports.heapBase();
  }

  /** The place of so many bytes, which are zero. */
  take(bytes: number): number {
    const at = Math.ceil(this.#top / 64) * 64;
    this.#top = at + bytes;
    const missing = this.#top - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / 65536));
    return at;
  }

  #put(values: Uint32Array | Uint8Array): number {
    const at = this.take(values.byteLength);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    new Uint8Array(this.#memory.buffer).set(bytes, at);
    return at;
  }

  /** Writes the fields of a mask whose sums are the places from `firstSum` on. */
  placeMask(fields: number, { tokens, sums, start, from }: SharedRows, firstSum: number): void {
    const shift = firstSum - tokens;
    const inputs = shift === 0 ? from : from.map(input => (input < tokens ? input : input + shift));
    const { userStart, users, ofPositions } = usersOf({ tokens, sums, start, from }, shift);
    const { levelOf, levelStart } = levelsOf({ tokens, sums, start, from });
    const levels = levelStart.length - 1;
    const numbers = [
      ...[this.#put(start), this.#put(inputs), this.#put(userStart), this.#put(users), sums, firstSum],
      // What has news: flags, positions, and how many.
      ...[this.take(tokens), this.take(4 * tokens), 0],
      ...[
        levels,
        this.#put(levelStart),
        this.take(4 * levels),
        this.take(4 * sums),
        this.take(sums),
        this.#put(levelOf),
      ],
    ];
    new Int32Array(this.#memory.buffer).set(numbers, fields / 4);
    new Float64Array(this.#memory.buffer)[(fields + CASCADE) / 8] = from.length / Math.max(1, ofPositions);
  }
}

interface Users {
  /** [tokens + sums + 1] */
  readonly userStart: Uint32Array;
  /** By position and then by sum, the places that read it. */
  readonly users: Uint32Array;
  /** How many of them are users of positions. */
  readonly ofPositions: number;
}

function usersOf({ tokens, sums, start, from }: SharedRows, shift: number): Users {
  const userStart = new Uint32Array(tokens + sums + 1);
  for (const input of from) userStart[input + 1] = (userStart[input + 1] ?? 0) + 1;
  for (let input = 0; input < tokens + sums; input++)
    userStart[input + 1] = (userStart[input + 1] ?? 0) + (userStart[input] ?? 0);
  const users = new Uint32Array(from.length);
  const end = userStart.slice();
  for (let node = 0; node < sums + tokens; node++) {
    const place = node < sums ? tokens + shift + node : node - sums;
    for (let at = start[node] ?? 0; at < (start[node + 1] ?? 0); at++) {
      const input = from[at] ?? 0;
      users[end[input] ?? 0] = place;
      end[input] = (end[input] ?? 0) + 1;
    }
  }
  return { userStart, users, ofPositions: userStart[tokens] ?? 0 };
}

/** How many sums lie between a sum and positions at the most, and how many sums there are below each such level. */
function levelsOf({ tokens, sums, start, from }: SharedRows): {
  readonly levelOf: Uint8Array;
  readonly levelStart: Uint32Array;
} {
  const levelOf = new Uint8Array(sums);
  let levels = 0;
  for (let sum = 0; sum < sums; sum++) {
    let level = 0;
    for (let at = start[sum] ?? 0; at < (start[sum + 1] ?? 0); at++) {
      const input = from[at] ?? 0;
      if (input >= tokens) level = Math.max(level, (levelOf[input - tokens] ?? 0) + 1);
    }
    levelOf[sum] = level;
    levels = Math.max(levels, level + 1);
  }
  const levelStart = new Uint32Array(levels + 1);
  for (const level of levelOf) levelStart[level + 1] = (levelStart[level + 1] ?? 0) + 1;
  for (let level = 0; level < levels; level++)
    levelStart[level + 1] = (levelStart[level + 1] ?? 0) + (levelStart[level] ?? 0);
  return { levelOf, levelStart };
}
