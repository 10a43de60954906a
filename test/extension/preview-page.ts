import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { RendererChoice, ToHost, ToPage } from '../../client/preview/messages.ts';
import { pageDocument } from '../../client/preview/page-document.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { chromiumFlags } from '../../scripts/hosts/chromium.mjs';
import { createLanguage, NO_FILES } from '../../server/language.ts';
import type { Adjustable } from '../../server/protocol.ts';

/** The kinds of themes that there are, with the classes and a few colours that VS Code gives a webview. */
export const THEMES = {
  light: { classes: 'vscode-light', background: '#ffffff', foreground: '#3b3b3b', accent: '#005fb8', muted: '#5f5f5f' },
  dark: { classes: 'vscode-dark', background: '#1f1f1f', foreground: '#cccccc', accent: '#0078d4', muted: '#9d9d9d' },
  'high contrast': {
    classes: 'vscode-high-contrast',
    background: '#000000',
    foreground: '#ffffff',
    accent: '#f38518',
    muted: '#ffffff',
  },
  'light high contrast': {
    classes: 'vscode-high-contrast vscode-high-contrast-light',
    background: '#ffffff',
    foreground: '#292929',
    accent: '#006bbd',
    muted: '#292929',
  },
} as const;

export type Theme = keyof typeof THEMES;

const ORIGIN = 'http://localhost:4173';

/**
 * The preview's page alone in a browser, with a test in the place of the extension: quicker than a whole editor, and every
 * message of the page can be seen.
 */
export class PreviewPage {
  readonly page: Page;
  readonly #browser: Browser;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
  }

  /** @param extension the unpacked extension, whose dist/ has the page */
  static async open(
    executable: string,
    extension: string,
    options: {
      readonly width?: number;
      readonly height?: number;
      readonly theme?: Theme;
      /** Must what WebGPU draws be on the screen? Without it the browser's own drawing is quicker. Default: yes. */
      readonly shownWebGpu?: boolean;
      /** What comes with the page. */
      readonly first?: readonly ToPage[];
      /** What the page fetches comes when this is done, or never where it fails. */
      readonly late?: Promise<unknown>;
    } = {},
  ): Promise<PreviewPage> {
    const browser = await chromium.launch({
      executablePath: executable,
      // A canvas that WebGPU draws is shown without a graphics card only where the browser's own drawing is done there too.
      args: [
        ...chromiumFlags(),
        ...(options.shownWebGpu === false ? [] : ['--use-angle=swiftshader', '--use-vulkan=swiftshader']),
      ],
    });
    const page = await browser.newPage({
      viewport: { width: options.width ?? 1000, height: options.height ?? 700 },
    });
    page.on('pageerror', error => console.error(`the page: ${error.message}`));
    // Only a page that is isolated from others may measure its memory.
    const headers = {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    };
    await page.route(`${ORIGIN}/**`, async route => {
      const name = new URL(route.request().url()).pathname;
      if (name === '/')
        await route.fulfill({
          headers,
          contentType: 'text/html',
          body: html(extension, options.theme ?? 'dark', options.first ?? []),
        });
      else if (/^\/(webview\/)?[a-z-]+\.js$/.test(name)) {
        const comes = await Promise.resolve(options.late).then(
          () => true,
          () => false,
        );
        if (!comes) await route.abort();
        else
          await route.fulfill({
            headers,
            contentType: 'text/javascript',
            body: readFileSync(path.join(extension, 'dist', name)),
          });
      } else await route.fulfill({ status: 404, body: '' });
    });
    const opened = new PreviewPage(browser, page);
    await opened.reload();
    return opened;
  }

  /** Loads the page again, as VS Code does: what it kept is there. */
  async reload(): Promise<void> {
    await this.page.goto(`${ORIGIN}/`);
    await this.page.waitForFunction(() => 'sent' in window && (window as { sent: unknown[] }).sent.length > 0);
  }

  /** What is said of the cell that is pointed at. */
  readout(): Promise<string> {
    return this.page.locator('.readout .pointed').innerText();
  }

  /** Keys one after the other. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  async send(message: ToPage): Promise<void> {
    await this.page.evaluate(data => window.postMessage(data), message);
  }

  /** Sends a file of tensors, as the extension does after the user picked it. */
  async sendTensors(file: { readonly uri: string; readonly name: string }, bytes: Uint8Array): Promise<void> {
    await this.page.evaluate(
      ([named, numbers]) =>
        window.postMessage({ type: 'tensors', file: { ...named, bytes: Uint8Array.from(numbers) } }),
      [file, [...bytes]] as const,
    );
  }

  /** What the page has sent so far. */
  async sent(): Promise<readonly ToHost[]> {
    return this.page.evaluate(() => (window as unknown as { sent: ToHost[] }).sent);
  }

  /** Shows a pattern of `text` at so many tokens and waits until it is drawn. */
  async show(text: string, tokens: number, more: { name?: string; renderer?: RendererChoice } = {}): Promise<Model> {
    const { name = 'mine', renderer = 'canvas' } = more;
    const model = { ...(await createLanguage(NO_FILES).lowerExpression(text)), name };
    await this.showModel(model, tokens, renderer);
    return model;
  }

  /** Shows a model, or a pattern at so many tokens, and waits until it is drawn. */
  async showModel(
    model: Model,
    tokens: number,
    renderer: RendererChoice = 'canvas',
    adjustables: readonly Adjustable[] = [],
  ): Promise<void> {
    const { name, kind } = model;
    await this.send({
      type: 'file',
      id: 'one',
      uri: 'file:///mine.sparse',
      fileName: 'mine.sparse',
      choices: [{ name, kind, problem: null }],
      selected: name,
      lock: null,
      defaultTokens: tokens,
      renderer,
      runsInHost: false,
    });
    await this.send({ type: 'model', version: 1, name, model, adjustables });
    await this.shown(`${name} ${model.tokens ?? tokens}`);
  }

  async shown(what: string): Promise<void> {
    await this.page.locator(`canvas.marks[data-shown="${what}"]`).first().waitFor();
  }

  async theme(theme: Theme): Promise<void> {
    await this.page.evaluate(
      ([classes, style]) => {
        // The page's policy forbids the attribute.
        document.documentElement.style.cssText = style;
        document.body.className = classes;
      },
      [THEMES[theme].classes, variables(theme)] as const,
    );
  }

  /** What the picture of the mask holds, whatever draws it. */
  async picture(selector = '.cells canvas'): Promise<PictureContents> {
    return this.page
      .locator(selector)
      .first()
      .evaluate(async element => {
        const canvas = element as HTMLCanvasElement;
        const marks = canvas.closest('.mask')?.querySelector('.marks');
        const read = async (): Promise<ImageData> => {
          // What WebGPU draws is gone after its frame: moving the pointer has the page draw, and this is read in that frame.
          const { left, top, width, height } = canvas.getBoundingClientRect();
          marks?.dispatchEvent(new PointerEvent('pointerleave'));
          marks?.dispatchEvent(
            new PointerEvent('pointermove', { clientX: left + width / 2, clientY: top + height / 2 }),
          );
          await new Promise(resolve => requestAnimationFrame(resolve));
          marks?.dispatchEvent(new PointerEvent('pointerleave'));
          const context = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
          if (context === null) throw new Error('No 2D context');
          context.drawImage(canvas, 0, 0);
          return context.getImageData(0, 0, canvas.width, canvas.height);
        };
        let image = await read();
        // A tile that arrives puts the drawing off by a frame.
        for (let tries = 0; tries < 50 && image.data.every(value => value === 0); tries++) image = await read();
        const { width, height, data } = image;
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
        const colours: Record<string, number> = {};
        for (const pixel of new Uint32Array(data.buffer)) {
          const colour = `${pixel & 255},${(pixel >> 8) & 255},${(pixel >> 16) & 255},${pixel >>> 24}`;
          colours[colour] = (colours[colour] ?? 0) + 1;
        }
        return { width, height, digest: Array.from(digest).join(), colours };
      });
  }

  /** Bytes that the page and its workers hold after garbage was collected. */
  async memory(): Promise<number> {
    return await this.page.evaluate(async () => {
      const measuring = performance as unknown as {
        measureUserAgentSpecificMemory(): Promise<{ readonly bytes: number }>;
      };
      return (await measuring.measureUserAgentSpecificMemory()).bytes;
    });
  }

  /** The same when it is at rest: in two frames some time apart. */
  async settled(selector?: string): Promise<PictureContents> {
    let before = '';
    for (let tries = 0; tries < 100; tries++) {
      const now = await this.picture(selector);
      if (now.digest === before) return now;
      before = now.digest;
      await this.page.waitForTimeout(80);
    }
    throw new Error('The picture does not come to rest');
  }
}

/** The pixels of a picture: a digest of all, and how many there are of each colour, by `red,green,blue,alpha`. */
export interface PictureContents {
  readonly width: number;
  readonly height: number;
  readonly digest: string;
  readonly colours: Readonly<Record<string, number>>;
}

function variables(theme: Theme): string {
  const { background, foreground, accent, muted } = THEMES[theme];
  const contrast = theme.includes('contrast');
  const border = contrast ? accent : '#8884';
  return Object.entries({
    'editor-background': background,
    'editor-foreground': foreground,
    foreground,
    descriptionForeground: muted,
    'sideBar-background': background,
    'font-family': 'system-ui, sans-serif',
    'font-size': '13px',
    'editor-font-family': 'monospace',
    focusBorder: accent,
    'button-background': contrast ? background : accent,
    'button-foreground': contrast ? foreground : '#ffffff',
    'button-secondaryBackground': contrast ? background : theme === 'light' ? '#e5e5e5' : '#313131',
    'button-secondaryForeground': foreground,
    'settings-textInputBackground': background,
    'settings-textInputForeground': foreground,
    'settings-textInputBorder': border,
    'settings-dropdownBackground': background,
    'settings-dropdownForeground': foreground,
    'settings-dropdownBorder': border,
    'settings-checkboxBackground': background,
    'settings-checkboxForeground': foreground,
    'settings-checkboxBorder': border,
    'input-placeholderForeground': muted,
    'inputValidation-errorBackground': background,
    'inputValidation-errorBorder': '#be1100',
    'inputValidation-warningBackground': background,
    'inputValidation-warningBorder': '#b89500',
    'list-hoverBackground': '#8882',
    'widget-border': '#8884',
    errorForeground: theme === 'light' || theme === 'light high contrast' ? '#b01011' : '#f88070',
    ...(contrast && { contrastBorder: accent, 'button-border': accent }),
  })
    .map(([name, value]) => `--vscode-${name}: ${value}`)
    .join('; ');
}

/** The page as the extension makes it, in the colours of a theme and with a test in the place of the editor. */
function html(extension: string, theme: Theme, first: readonly ToPage[]): string {
  const file = (name: string): string => readFileSync(path.join(extension, 'dist', name), 'utf8');
  const nonce = 'test';
  const page = pageDocument({
    files: {
      styles: file('webview/main.css'),
      script: file('webview/main.js'),
      shared: file('webview/chunk.js'),
      tileDrawer: file('tile-drawer.js'),
    },
    nonce,
    cspSource: ORIGIN,
    resource: name => `${ORIGIN}/${name}`,
    first,
  });
  const editor = `<style nonce="${nonce}">body { margin: 0; background: var(--vscode-editor-background); }</style>
<script nonce="${nonce}">
  document.documentElement.setAttribute('style', ${JSON.stringify(variables(theme))});
  window.sent = [];
  window.acquireVsCodeApi = () => ({
    postMessage: message => window.sent.push(message),
    getState: () => JSON.parse(sessionStorage.getItem('state') ?? 'null') ?? undefined,
    setState: state => sessionStorage.setItem('state', JSON.stringify(state)),
  });
</script>`;
  // Functions, because a text's dollars would have a meaning.
  return page
    .replace('<head>', head => `${head}${editor}`)
    .replace('<body>', () => `<body class="${THEMES[theme].classes}">`);
}
