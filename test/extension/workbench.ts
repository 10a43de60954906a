import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame, Locator, Page } from 'playwright-core';
import type { Host, HostKind } from './host.ts';
import type { ProbeBridge, ProbeDiagnostic } from './probe-bridge.ts';

/** Red, green, blue and alpha of every pixel, row by row. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: readonly number[];
}

/**
 * VS Code as a person uses it: keyboard, mouse and what is on the screen. Where the screen does not show what a test has to
 * know, it asks the probe extension. Nothing here waits for a fixed time.
 */
export class Workbench {
  readonly kind: HostKind;
  readonly page: Page;
  readonly probe: ProbeBridge;
  private readonly host: Host;

  constructor(host: Host) {
    this.host = host;
    this.kind = host.kind;
    this.page = host.page;
    this.probe = host.probe;
  }

  /** Opens a file of the folder by Quick Open and waits for its text. */
  async openFile(name: string): Promise<void> {
    await this.until(`${name} in Quick Open`, async () => {
      // Until the search behind it is up, Quick Open answers that there is no such file.
      await this.page.keyboard.press('ControlOrMeta+P');
      try {
        await this.pick(name, path.basename(name), 3_000);
        return true;
      } catch {
        await this.page.keyboard.press('Escape');
        return false;
      }
    });
    await this.page.locator(`.tab.active[data-resource-name="${path.basename(name)}"]`).waitFor();
    await this.editor().locator('.view-line').first().waitFor();
    await this.focusEditor();
  }

  /** Runs a command by its title, category included, from the command palette. */
  async runCommand(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.pick(`>${title}`, title);
  }

  /** Types into the open quick input and takes the entry that has this label. */
  async pick(text: string, label: string, timeoutMs = 15_000): Promise<void> {
    const input = this.page.locator('.quick-input-widget:visible input[type="text"]').first();
    await input.waitFor();
    await input.fill(text);
    const entry = this.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ has: this.page.locator('.label-name', { hasText: exactly(label) }) })
      .first();
    await entry.waitFor({ timeout: timeoutMs });
    await entry.click();
  }

  /** Answers an open quick input that asks for a text, or the simple file dialog. */
  async answerInput(text: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget:visible input[type="text"]').first();
    await input.waitFor();
    await input.fill(text);
    await input.press('Enter');
  }

  /** What is in the open quick input: its list's labels. */
  async quickInputLabels(): Promise<string[]> {
    return this.page.locator('.quick-input-list .monaco-list-row .label-name').allInnerTexts();
  }

  /** The active group's text editor. */
  editor(): Locator {
    return this.page.locator('.editor-group-container.active .monaco-editor[role="code"]').first();
  }

  async focusEditor(): Promise<void> {
    await this.editor().locator('.native-edit-context, textarea.inputarea').first().focus();
  }

  /** Moves the cursor; line and column count from 1, as on the screen. */
  async goTo(line: number, column: number): Promise<void> {
    await this.focusEditor();
    // A colon prefix in Quick Open is "Go to Line/Column" on every platform.
    await this.page.keyboard.press('ControlOrMeta+P');
    const input = this.page.locator('.quick-input-widget:visible input[type="text"]').first();
    await input.fill(`:${line}:${column}`);
    await this.page
      .locator('.quick-input-list .monaco-list-row', { hasText: `${line}` })
      .first()
      .waitFor();
    await input.press('Enter');
    await this.until(`the cursor at ${line}:${column}`, async () => {
      const editor = await this.probe.ask('activeEditor', {});
      return editor !== null && editor.line === line - 1 && editor.character === column - 1;
    });
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  /** Changes a file in its editor, as one edit: without what typing sets off (completion, closing brackets). */
  async replaceText(file: string, from: string | null, to: string): Promise<void> {
    const done = await this.probe.ask('replaceText', { file, from, to });
    if (!done) throw new Error(`VS Code refused to edit ${file}`);
  }

  /** Waits until the diagnostics of a file are as the test wants them. */
  async diagnostics(
    file: string,
    wanted: (found: readonly ProbeDiagnostic[]) => boolean,
  ): Promise<readonly ProbeDiagnostic[]> {
    let found: readonly ProbeDiagnostic[] = [];
    await this.until(
      `diagnostics of ${file}`,
      async () => {
        found = await this.probe.ask('diagnostics', { file });
        return wanted(found);
      },
      () => JSON.stringify(found),
    );
    return found;
  }

  /** Underlined places that are on the screen. */
  squiggles(severity: 'error' | 'warning' | 'info'): Locator {
    return this.editor().locator(`.squiggly-${severity}`);
  }

  /** What hovering over the cursor's place shows. Line and column count from 1. */
  async hover(line: number, column: number): Promise<string> {
    await this.goTo(line, column);
    const content = this.page.locator('.monaco-hover:visible .hover-contents');
    let text = '';
    await this.until('the hover', async () => {
      // The first try may come before the server has read the file, and is then empty.
      await this.page.keyboard.press('ControlOrMeta+K');
      await this.page.keyboard.press('ControlOrMeta+I');
      try {
        await content.first().waitFor({ timeout: 3_000 });
      } catch {
        return false;
      }
      text = (await content.allInnerTexts()).join('\n').trim();
      return text !== '' && !/^Loading\.*$/.test(text);
    });
    return text;
  }

  async dismissHover(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.page.locator('.monaco-hover:visible .hover-contents').first().waitFor({ state: 'hidden' });
  }

  /** The colours in which the text of a line is shown; more than one means that the grammar is at work. */
  async lineColours(text: string): Promise<string[]> {
    const spans = this.editor()
      .locator('.view-line', { hasText: text.replaceAll(' ', '\u00a0') })
      .first()
      .locator('span > span');
    await spans.first().waitFor();
    const colours = await spans.evaluateAll(all => all.map(span => getComputedStyle(span).color));
    return [...new Set(colours)];
  }

  /** Code lenses that are on the screen. */
  async lenses(): Promise<string[]> {
    return this.page.locator('.codelens-decoration a').allInnerTexts();
  }

  /** Text of the notifications that are on the screen. */
  notifications(): Locator {
    return this.page.locator('.notification-toast .notification-list-item');
  }

  /** Waits for a webview whose page has this element, and returns the page. */
  async webview(selector: string): Promise<Frame> {
    let frame: Frame | undefined;
    await this.until(`a webview with ${selector}`, async () => {
      for (const each of this.page.frames()) {
        // The frame with the extension's own page; the frames around it belong to VS Code.
        if (each.parentFrame()?.parentFrame() === undefined || each === this.page.mainFrame()) continue;
        const found = await each
          .locator(selector)
          .first()
          .isVisible()
          .catch(() => false);
        if (found) frame = each;
      }
      return frame !== undefined;
    });
    if (frame === undefined) throw new Error(`No webview has ${selector}`);
    return frame;
  }

  /** What a canvas shows, whatever draws it. */
  async canvasPixels(frame: Frame, selector = 'canvas'): Promise<Pixels> {
    return frame
      .locator(selector)
      .first()
      .evaluate(async element => {
        const canvas = element as HTMLCanvasElement;
        // Within a frame, because what WebGPU draws is gone after it.
        await new Promise(resolve => requestAnimationFrame(resolve));
        const copy = new OffscreenCanvas(canvas.width, canvas.height);
        const context = copy.getContext('2d');
        if (context === null) throw new Error('No 2D context');
        context.drawImage(canvas, 0, 0);
        const { width, height, data } = context.getImageData(0, 0, canvas.width, canvas.height);
        return { width, height, data: Array.from(data) };
      });
  }

  /** The bytes of a file of the folder, as VS Code reads it. */
  async readFile(file: string): Promise<Buffer> {
    return Buffer.from(await this.probe.ask('readFile', { file }), 'base64');
  }

  /** Asks again and again until it holds. `state` tells in the error what was there instead. */
  async until(what: string, holds: () => Promise<boolean>, state?: () => string, timeoutMs = 20_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!(await holds())) {
      if (Date.now() > end) {
        throw new Error(`Waited ${timeoutMs / 1000} s for ${what}${state ? `; found ${state()}` : ''}`);
      }
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }

  /** Reloads the window, which lets VS Code save what is open first, and waits until the extensions are back. */
  async reload(): Promise<void> {
    const loaded = this.page.waitForEvent('load', { timeout: 60_000 });
    await this.runCommand('Developer: Reload Window');
    await loaded;
    await this.page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
    await this.probe.ask('workspaceUri', {}, 60_000);
  }

  /** Leaves a picture and the console in test-results/, for a test that failed. */
  async recordFailure(test: string): Promise<void> {
    const name = `${this.kind}-${test.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}`;
    mkdirSync('test-results', { recursive: true });
    await this.page.screenshot({ path: path.join('test-results', `${name}.png`) });
    writeFileSync(path.join('test-results', `${name}.log`), `${this.host.console.join('\n')}\n`);
    console.error(`test-results/${name}.png shows the editor, ${name}.log has its console`);
  }

  async close(): Promise<void> {
    await this.host.close();
  }
}

function exactly(text: string): RegExp {
  return new RegExp(`^\\s*${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*$`);
}
