import type { RendererChoice } from '../../preview/messages.ts';
import { CanvasRenderer } from './canvas-renderer.ts';
import { GpuRenderer } from './gpu-renderer.ts';
import type { Renderer } from './renderer.ts';

/** After a device was lost, it is looked for again so often, each time after a wait twice as long. */
const TRIES = 6;
const FIRST_WAIT_MS = 500;

/** The renderer at hand: the processor at once, the graphics device as soon as it is there, and again after it was lost. */
export class Renderers {
  readonly #changed: () => void;
  #choice: RendererChoice | undefined;
  #current: Renderer = new CanvasRenderer();

  /** `changed` is called when `current` is another one, with a canvas of its own on which nothing is drawn yet. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get current(): Renderer {
    return this.#current;
  }

  choose(choice: RendererChoice): void {
    if (choice === this.#choice) return;
    this.#choice = choice;
    if (this.#current.kind !== 'canvas') this.#use(new CanvasRenderer());
    if (choice !== 'canvas') void this.#lookForDevice(choice, TRIES, FIRST_WAIT_MS);
  }

  async #lookForDevice(choice: RendererChoice, tries: number, wait: number): Promise<void> {
    const lost = (): void => {
      if (this.#choice !== choice) return;
      this.#use(new CanvasRenderer());
      later();
    };
    const later = (): void => {
      if (tries > 1) setTimeout(() => void this.#lookForDevice(choice, tries - 1, 2 * wait), wait);
    };
    let found: Renderer | undefined;
    try {
      found = await GpuRenderer.create(choice === 'webgpu', lost);
    } catch {
      // A device that cannot draw now may be one that is about to be lost.
      if (this.#choice === choice) later();
      return;
    }
    if (found === undefined) {
      // A browser that was asked for it by name may need a moment to start it again.
      if (choice === 'webgpu' && this.#choice === choice) later();
      return;
    }
    if (this.#choice === choice) this.#use(found);
    else found.dispose();
  }

  #use(renderer: Renderer): void {
    const before = this.#current;
    this.#current = renderer;
    before.dispose();
    this.#changed();
  }
}
