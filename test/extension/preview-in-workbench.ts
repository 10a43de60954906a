import type { Frame } from 'playwright-core';
import { DARK, type Rgb } from '../../runtime/draw/palette.ts';
import type { Workbench } from './workbench.ts';

/** The preview of a file, where one is open in a workbench. */
export class PreviewInWorkbench {
  readonly #workbench: () => Workbench;
  readonly #file: string;

  constructor(workbench: () => Workbench, file: string) {
    this.#workbench = workbench;
    this.#file = file;
  }

  /** How many pixels of the picture have the colour of each part, counted in the page: a picture is megabytes. */
  async colourCounts(of: readonly Rgb[] = DARK.parts): Promise<number[]> {
    const frame = await this.frame();
    return await frame.locator('.cells canvas').evaluate((element, colours) => {
      const canvas = element as HTMLCanvasElement;
      const data =
        canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? new Uint8ClampedArray();
      const counts = colours.map(() => 0);
      for (let at = 0; at < data.length; at += 4) {
        const part = colours.findIndex(([r, g, b]) => data[at] === r && data[at + 1] === g && data[at + 2] === b);
        if (part >= 0) counts[part] = (counts[part] ?? 0) + 1;
      }
      return counts;
    }, of);
  }

  async frame(): Promise<Frame> {
    return await this.#workbench().webview('#preview canvas.marks');
  }

  /** Waits until the canvas shows this pattern at this length. */
  async shown(what: string): Promise<void> {
    await this.#workbench().until(`the picture of ${what}`, async () => {
      // While a window or a panel is opened again, its frames come and go.
      const frame = await this.frame();
      return await frame
        .locator(`canvas.marks[data-shown="${what}"]`)
        .isVisible()
        .catch(() => false);
    });
  }

  async setTokens(text: string): Promise<void> {
    const frame = await this.frame();
    const field = frame.locator('#tokens').locator('input');
    await field.fill(text);
    await field.press('Enter');
  }

  /** Picks a value of a select of the section that runs attention. */
  async choose(name: string, value: string): Promise<void> {
    await (await this.frame()).locator(`.run .${name}`).evaluate((element, to) => {
      (element as HTMLSelectElement).value = to;
      element.dispatchEvent(new Event('change', { bubbles: true }));
    }, value);
  }

  async runButton(): Promise<void> {
    await (await this.frame()).locator('.run vscode-button', { hasText: /^\s*Run\s*$/ }).click();
  }

  /** Edits the file for a while: the tests that follow find it as it was, also when this one fails. */
  async edited(from: string, to: string, work: () => Promise<void>): Promise<void> {
    await this.#workbench().replaceText(this.#file, from, to);
    try {
      await work();
    } finally {
      await this.#workbench().replaceText(this.#file, to, from);
    }
  }

  async numbersText(): Promise<string> {
    return (await (await this.frame()).locator('.pairs dl.numbers').innerText()).replace(/\s+/g, ' ');
  }

  async untilNumbers(text: string): Promise<void> {
    let last = '';
    await this.#workbench().until(
      `numbers with ${text}`,
      async () => {
        last = await this.numbersText().catch(() => '');
        return last.includes(text);
      },
      () => last,
    );
  }
}
