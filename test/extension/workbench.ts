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
      try {
        await this.openQuickInput('ControlOrMeta+P');
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
    await this.openQuickInput('F1');
    await this.pick(`>${title}`, title);
    // What the command may ask next must not be answered to the palette.
    await this.until('the command palette to close', async () => !(await this.quickInputValue())?.startsWith('>'));
  }

  /** Types into the open quick input and takes the entry that has this label. */
  async pick(text: string, label: string, timeoutMs = 15_000): Promise<void> {
    const input = this.quickInput();
    const entry = this.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ has: this.page.locator('.label-name', { hasText: exactly(label) }) })
      .first();
    const offered = async () => {
      // A quick input that follows another one empties the field, and may do so after it was filled.
      const value = await this.quickInputValue();
      if (value === undefined) return false;
      if (value !== text) await input.fill(text, { timeout: 1_000 }).catch(() => {});
      return entry.isVisible();
    };
    await this.until(`${label} in the list`, offered, undefined, timeoutMs);
    // The entry's own tooltip may lie over it, so that nothing can be clicked there.
    if (/\bfocused\b/.test((await entry.getAttribute('class')) ?? '')) await this.page.keyboard.press('Enter');
    else await entry.click();
  }

  /**
   * Runs a command and takes an entry of the list that it opens. A webview that had the focus before the palette opened
   * takes it back with a delay, which may close the list: then the command is run again.
   */
  async runCommandAndPick(title: string, text: string, label: string): Promise<void> {
    await this.until(
      `${label} of ${title}`,
      async () => {
        await this.runCommand(title);
        try {
          await this.pick(text, label, 5_000);
          return true;
        } catch {
          return false;
        }
      },
      undefined,
      30_000,
    );
  }

  /** Answers an open quick input that asks for a text, or the simple file dialog. */
  async answerInput(text: string): Promise<void> {
    const input = this.quickInput();
    await input.waitFor();
    await input.fill(text);
    await input.press('Enter');
    await this.until('the answer to be taken', async () => (await this.quickInputValue()) !== text);
  }

  private quickInput(): Locator {
    return this.page.locator('.quick-input-widget:visible input[type="text"]').first();
  }

  /** What stands in the open quick input, or undefined when none is open. */
  async quickInputValue(): Promise<string | undefined> {
    const fields = await this.page
      .locator('.quick-input-widget:visible input[type="text"]')
      .evaluateAll(all => all.map(field => (field as HTMLInputElement).value));
    return fields[0];
  }

  private async openQuickInput(key: string): Promise<void> {
    await this.pressUntil(key, 'the quick input', async () => (await this.quickInputValue()) !== undefined);
  }

  /** What is in the open quick input: its list's labels. */
  async quickInputLabels(): Promise<string[]> {
    return this.page.locator('.quick-input-list .monaco-list-row .label-name').allInnerTexts();
  }

  /** The active group's text editor. */
  editor(): Locator {
    return this.page.locator('.editor-group-container.active .monaco-editor[role="code"]').first();
  }

  /** A webview that was used just before takes the focus back with a delay, and makes its group the active one. */
  async focusEditor(): Promise<void> {
    await this.until('an editor with the focus', async () => {
      try {
        await this.editor().locator('.native-edit-context, textarea.inputarea').first().focus({ timeout: 3_000 });
        return true;
      } catch {
        await this.focusFirstGroup();
        return false;
      }
    });
    await this.focusSettled();
  }

  /** Makes the first group of editors the active one. */
  async focusFirstGroup(): Promise<void> {
    await this.probe.ask('executeCommand', { command: 'workbench.action.focusFirstEditorGroup', args: [] });
  }

  /** Goes to the editor of a file in the first group, whichever group is the active one. */
  async openInFirstGroup(name: string): Promise<void> {
    const tab = this.page
      .locator('.editor-group-container')
      .first()
      .locator(`.tab.active[data-resource-name="${path.basename(name)}"]`);
    await this.until(`${name} in the first group`, async () => {
      await this.probe.ask('open', { file: name });
      return tab.waitFor({ timeout: 5_000 }).then(
        () => true,
        () => false,
      );
    });
    await this.focusFirstGroup();
    await this.focusEditor();
  }

  /**
   * Waits until VS Code, too, knows where the focus is. It finds out that the focus has left something in a timer of no
   * delay; a key pressed before that still goes by the old focus: Ctrl+Space behind Quick Open has then nothing to do with
   * suggestions.
   */
  private async focusSettled(): Promise<void> {
    await this.page.evaluate(() => new Promise<void>(resolve => setTimeout(resolve, 0)));
  }

  /**
   * Presses keys, one after the other, until they have had their effect. Not once: the focus may still be on its way, or the
   * server may not have read the file yet.
   */
  async pressUntil(
    keys: string | readonly string[],
    what: string,
    holds: () => Promise<boolean>,
    patienceMs = 5_000,
  ): Promise<void> {
    const all = typeof keys === 'string' ? [keys] : keys;
    await this.until(
      what,
      async () => {
        await this.focusSettled();
        for (const key of all) await this.page.keyboard.press(key);
        try {
          await this.until(what, holds, undefined, patienceMs);
          return true;
        } catch {
          return false;
        }
      },
      undefined,
      Math.max(20_000, 4 * patienceMs),
    );
  }

  /** Moves the cursor; line and column count from 1, as on the screen. */
  async goTo(line: number, column: number): Promise<void> {
    const isThere = async () => {
      const editor = await this.probe.ask('activeEditor', {});
      return editor !== null && editor.line === line - 1 && editor.character === column - 1;
    };
    await this.until(`the cursor at ${line}:${column}`, async () => {
      await this.focusEditor();
      // A colon prefix in Quick Open is "Go to Line/Column" on every platform.
      await this.openQuickInput('ControlOrMeta+P');
      await this.quickInput().fill(`:${line}:${column}`);
      await this.page
        .locator('.quick-input-list .monaco-list-row', { hasText: `${line}` })
        .first()
        .waitFor();
      await this.quickInput().press('Enter');
      try {
        await this.until('the cursor', isThere, undefined, 5_000);
        return true;
      } catch {
        await this.page.keyboard.press('Escape');
        return false;
      }
    });
    await this.focusEditor();
  }

  /** Moves the cursor into the first occurrence of a text, `inset` characters behind its start. */
  async goToText(file: string, text: string, inset = 0): Promise<void> {
    const all = await this.probe.ask('text', { file });
    const at = all.indexOf(text);
    if (at < 0) throw new Error(`${file} does not contain ${JSON.stringify(text)}`);
    const before = all.slice(0, at + inset).split('\n');
    await this.goTo(before.length, (before.at(-1) ?? '').length + 1);
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
    // The first try may come before the server has read the file, and is then empty.
    await this.pressUntil(
      ['ControlOrMeta+K', 'ControlOrMeta+I'],
      'the hover',
      async () => {
        text = (await content.allInnerTexts()).join('\n').trim();
        return text !== '' && !/^Loading\.*$/.test(text);
      },
      3_000,
    );
    return text;
  }

  async dismissHover(): Promise<void> {
    const hover = this.page.locator('.monaco-hover:visible .hover-contents');
    await this.pressUntil('Escape', 'the hover to close', async () => (await hover.count()) === 0);
  }

  /** Asks for suggestions at the cursor until this one is offered, and leaves the list open on it. */
  async suggestion(label: string): Promise<Locator> {
    const rows = this.page.locator('.suggest-widget.visible .monaco-list-row');
    const wanted = rows.filter({ has: this.page.locator('.label-name', { hasText: exactly(label) }) }).first();
    let offered: readonly string[] = [];
    await this.until(
      `the suggestion ${label}`,
      async () => {
        await this.focusEditor();
        await this.page.keyboard.press('ControlOrMeta+Space');
        try {
          await rows.first().waitFor({ timeout: 5_000 });
          // Only the rows on the screen exist, so the list is walked through.
          for (let page = 0; page < 20 && !(await wanted.isVisible()); page++) {
            offered = await rows.locator('.label-name').allInnerTexts();
            await this.page.keyboard.press('PageDown');
          }
          await wanted.waitFor({ timeout: 1_000 });
          return true;
        } catch {
          // Pressed again while the list is open, the key would show details.
          await this.page.keyboard.press('Escape');
          return false;
        }
      },
      () => offered.join(', ') || 'no list',
      30_000,
    );
    return wanted;
  }

  /** The lines on the screen from top to bottom, with what the editor puts between their words (inlay hints). */
  async shownLines(): Promise<string[]> {
    const lines = await this.editor()
      .locator('.view-line')
      .evaluateAll(all => all.map(line => ({ top: line.getBoundingClientRect().top, text: line.textContent ?? '' })));
    // The editor re-uses the elements, in any order.
    return lines.sort((a, b) => a.top - b.top).map(({ text }) => text.replaceAll('\u00a0', ' '));
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
  async until(what: string, holds: () => Promise<boolean>, state?: () => string, timeoutMs = 30_000): Promise<void> {
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
    // The page may be gone before the click that reloads it is done; whether it loads again is what counts.
    await this.runCommand('Developer: Reload Window').catch(() => undefined);
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
