import { LayeredMask } from '../../runtime/draw/layered-mask.ts';
import { LIGHT } from '../../runtime/draw/palette.ts';
import { Drawing } from '../../runtime/draw/raster.ts';
import { RasterMemory } from '../../runtime/draw/raster-memory.ts';
import type { Argument, Pattern } from '../../runtime/pattern/ir.ts';
import { type Shape, squareShape } from '../../runtime/pattern/shape.ts';
import { drawnMask } from './compare/drawn-mask.ts';
import type { Drawn, DrawnTile, FromDrawer, TilesWanted } from './drawing-messages.ts';
import { nameOf, TILE_SIDE, type TilePlace } from './mask/tile.ts';

/** Words of a mask that one tile may read before it shows densities of samples: at a glance, and on a longer look. */
const GLANCE_WORDS = 2 ** 16;
const THOROUGH_WORDS = 2 ** 22;
/** Scales of which something is remembered: that of the picture and that of the overview, at a glance and thoroughly. */
const MOST_MEMORIES = 4;
/** Milliseconds of drawing after which it is heard whether something else is wanted. */
const AT_A_TIME = 8;

interface Known {
  readonly id: number;
  readonly drawn: Drawn;
  readonly mask: LayeredMask;
  readonly shape: Shape;
  readonly memories: Map<string, RasterMemory>;
  /** Names of the tiles that were sent. */
  readonly sent: string[];
}

interface Job {
  readonly place: TilePlace;
  readonly thorough: boolean;
}

/** Draws tiles of the mask that it was told last, the most wanted first, until something else is wanted. */
export class Drawer {
  readonly #send: (message: FromDrawer, transfer: Transferable[]) => void;
  readonly #explain: (error: unknown) => string;
  #known: Known | undefined;
  /** What is to be drawn at a glance, and what then more thoroughly. */
  #glances: TilePlace[] = [];
  #longer: TilePlace[] = [];
  #current: (Job & { readonly drawing: Drawing }) | undefined;
  #warming: Drawing | undefined;
  #working = false;

  constructor(send: (message: FromDrawer, transfer: Transferable[]) => void, explain: (error: unknown) => string) {
    this.#send = send;
    this.#explain = explain;
  }

  /** Draws what nobody sees, until something is wanted: code that has run is quicker. */
  warmUp(): void {
    const { mask, shape, view } = sample();
    this.#warming = new Drawing(mask, shape, view, { palette: LIGHT, stripes: true, maxWords: GLANCE_WORDS });
    void this.#work();
  }

  want({ seq, id, drawn, received, missing, improvable }: TilesWanted): void {
    this.#send({ kind: 'heard', seq }, []);
    this.#warming = undefined;
    if (this.#known?.id !== id) {
      this.#current = undefined;
      this.#known = undefined;
      this.#glances = [];
      this.#longer = [];
      try {
        this.#known = known(id, drawn);
      } catch (error) {
        this.#send({ kind: 'failed', id, message: this.#explain(error) }, []);
        return;
      }
    }
    const onTheWay = new Set(this.#known.sent.slice(received));
    this.#glances = missing.filter(place => !onTheWay.has(nameOf(place)));
    this.#longer = [...improvable];
    const current = this.#current;
    if (current !== undefined) {
      const list = current.thorough ? this.#longer : this.#glances;
      const name = nameOf(current.place);
      // What is wanted more comes first; what is begun is not thrown away for something of the same worth.
      if (!list.some(place => nameOf(place) === name)) this.#current = undefined;
      else if (current.thorough) this.#longer = list.filter(place => nameOf(place) !== name);
      else this.#glances = list.filter(place => nameOf(place) !== name);
    }
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    try {
      while (this.#drawFor(performance.now() + AT_A_TIME)) await turn();
    } finally {
      this.#working = false;
    }
  }

  /** Draws until some time; false when there is nothing left to draw. */
  #drawFor(end: number): boolean {
    const enough = (): boolean => performance.now() >= end;
    if (this.#warming !== undefined) {
      if (!this.#warming.goOn(enough)) return true;
      this.#warming = undefined;
    }
    while (!enough()) {
      const about = this.#known;
      const current = this.#current ?? this.#next();
      if (about === undefined || current === undefined) return false;
      this.#current = current;
      try {
        if (!current.drawing.goOn(enough)) return true;
      } catch (error) {
        this.#glances = [];
        this.#longer = [];
        this.#current = undefined;
        this.#send({ kind: 'failed', id: about.id, message: this.#explain(error) }, []);
        return false;
      }
      this.#current = undefined;
      this.#finished(about, current);
    }
    return true;
  }

  #next(): (Job & { readonly drawing: Drawing }) | undefined {
    const about = this.#known;
    const thorough = this.#glances.length === 0;
    const place = (thorough ? this.#longer : this.#glances).shift();
    if (about === undefined || place === undefined) return undefined;
    const { x, y, scale } = place;
    const view = { x: x * TILE_SIDE, y: y * TILE_SIDE, scale, width: TILE_SIDE, height: TILE_SIDE };
    const drawing = new Drawing(about.mask, about.shape, view, {
      palette: about.drawn.palette,
      stripes: true,
      maxWords: thorough ? THOROUGH_WORDS : GLANCE_WORDS,
      memory: memoryOf(about, scale, thorough),
    });
    return { place, thorough, drawing };
  }

  #finished({ id, sent }: Known, { place, thorough, drawing }: Job & { readonly drawing: Drawing }): void {
    const { pixels, approximate } = drawing;
    const tile: DrawnTile = { place, pixels, approximate, mayImprove: approximate && !thorough };
    if (tile.mayImprove) this.#longer.push(place);
    sent.push(nameOf(place));
    this.#send({ kind: 'tile', id, tile }, [pixels.buffer]);
  }
}

/** A tile of a mask that takes all ways through the code: uniform, repeated, counted and striped. */
function sample() {
  const number = (value: number): Argument => ({ type: 'number', value: { op: 'number', value } });
  const call = (name: string, args: Record<string, Argument> = {}): Pattern => ({ kind: 'primitive', name, args });
  const pattern: Pattern = {
    kind: 'union',
    left: call('sliding', { size: number(700) }),
    right: { kind: 'intersection', left: call('strided', { stride: number(96) }), right: call('causal') },
  };
  const shape = squareShape(2 ** 13);
  const view = { x: 0, y: 0, scale: 2 ** 13 / TILE_SIDE, width: TILE_SIDE, height: TILE_SIDE };
  return { mask: LayeredMask.of(pattern, shape).mask, shape, view };
}

/** Throws PatternError. */
function known(id: number, drawn: Drawn): Known {
  const { mask, shape } = drawnMask(drawn);
  return { id, drawn, mask, shape, memories: new Map(), sent: [] };
}

/** What was sampled at a glance must not pass for what a longer look finds. */
function memoryOf({ memories }: Known, scale: number, thorough: boolean): RasterMemory {
  const name = `${scale} ${thorough}`;
  const memory = memories.get(name) ?? new RasterMemory();
  memories.delete(name);
  memories.set(name, memory);
  for (const oldest of memories.keys()) {
    if (memories.size <= MOST_MEMORIES) break;
    memories.delete(oldest);
  }
  return memory;
}

const channel = new MessageChannel();

/** Lets messages in that have come meanwhile. */
function turn(): Promise<void> {
  return new Promise(resolve => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  });
}
