import type { Frame } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from './axe.ts';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  files: {
    'accessible.sparse': `pattern small(size = 4, tokens = [0], on = true) = sliding(size) | (on ? columns(tokens) : none())

model Two {
  tokens = 32  layers = 3  heads = 2
  attention = small(6)
  attention layers [1] = sliding(6)
}
`,
  },
});

/** The kinds of themes that there are, with the class that the page has in each, and the background. */
const THEMES = [
  ['Default Dark Modern', 'vscode-dark', '#1f1f1f'],
  ['Default Light Modern', 'vscode-light', '#ffffff'],
  ['Default High Contrast', 'vscode-high-contrast', '#000000'],
  ['Default High Contrast Light', 'vscode-high-contrast-light', '#ffffff'],
] as const;

let frame: Frame;

async function openPreview(line: number, shown: string): Promise<void> {
  await workbench().openInFirstGroup('accessible.sparse');
  await workbench().goTo(line, 10);
  await workbench().runCommand('Sparse: Open Preview');
  frame = await workbench().webview(`#preview canvas.marks[data-shown="${shown}"]`);
}

async function press(...keys: readonly string[]): Promise<void> {
  for (const key of keys) await workbench().page.keyboard.press(key);
}

describe('the preview in the editor', () => {
  beforeAll(async () => {
    await workbench().openFile('accessible.sparse');
    await workbench().diagnostics('accessible.sparse', found => found.every(({ severity }) => severity !== 'error'));
  });

  test('has a canvas with a role, a label that sums the pattern up, and a live region for the cell cursor', async () => {
    await openPreview(3, 'Two 32');
    const marks = frame.locator('canvas.marks').first();
    await workbench().until('the counts in the label', async () =>
      /^Attention mask of Two, 32 queries by 32 keys, 203 pairs: sliding\(6\), columns\(\[0\]\)\. Arrow keys move/.test(
        (await marks.getAttribute('aria-label')) ?? '',
      ),
    );
    expect(await marks.getAttribute('role')).toBe('application');
    await marks.focus();
    await press('Control+End', 'Home');
    const live = frame.locator('[aria-live="polite"]');
    await workbench().until('the cell to be told', async () =>
      (await live.allInnerTexts()).some(text => text.startsWith('i = 31, j = 0: attended by columns([0])')),
    );
  });

  test('has controls that are all reached by the Tab key, each with a name', async () => {
    await frame.locator('section.field input').waitFor();
    const marks = frame.locator('canvas.marks').first();
    await marks.focus();
    const seen: { readonly name: string; readonly tag: string }[] = [];
    for (let step = 0; step < 120; step++) {
      await press('Tab');
      const at = await frame.evaluate(() => {
        let element = document.activeElement;
        if (element === null || element === document.body) return null;
        const host = element;
        while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
        const labelled = (each: Element | null): string =>
          each?.getAttribute('aria-label') ?? each?.getAttribute('label') ?? (each as HTMLInputElement).ariaLabel ?? '';
        const text = host.textContent?.trim() ?? '';
        return {
          name:
            labelled(host) ||
            labelled(element) ||
            (host as { label?: string }).label ||
            text ||
            (host.id && 'labelled'),
          tag: host.className === '' ? host.tagName : `${host.tagName}.${host.className}`,
        };
      });
      if (at === null) break;
      seen.push(at);
    }
    expect(seen.filter(({ name }) => name === '')).toEqual([]);
    const names = seen.map(({ name }) => name.replace(/\s+/g, ' ')).join('\n');
    for (const expected of [
      'Legend',
      'Parameters',
      'size of small(6), keys',
      'layer 1, heads 0..2',
      'Run',
      'Layers that are stacked',
      'Save...',
      'Copy',
    ])
      expect(names).toContain(expected);
  });

  test.each(THEMES)('has nothing that axe-core finds in %s, whatever is shown', async (theme, kind, background) => {
    await workbench().probe.ask('configure', { key: 'workbench.colorTheme', value: theme });
    await workbench().until(`the colours of ${theme}`, () =>
      frame.evaluate(
        ([name, colour]) =>
          document.body.classList.contains(name) &&
          getComputedStyle(document.documentElement).getPropertyValue('--vscode-editor-background').trim() === colour,
        [kind, background] as const,
      ),
    );
    // A model with its grid of heads, a cell that is selected and its receptive field; a value that is tried out, one
    // that is wrong, and two masks that are compared, in both ways.
    const parameters = frame.locator('section.parameters');
    const field = parameters.getByRole('textbox', { name: 'size of small(6), keys' });
    await field.fill('9');
    await field.press('Enter');
    await parameters.locator('vscode-button', { hasText: 'Apply' }).waitFor();
    await field.fill('x');
    await field.press('Enter');
    await parameters.locator('.problem').waitFor();
    await frame.locator('.toolbar vscode-button', { hasText: 'Compare...' }).click();
    await workbench().page.locator('.quick-input-widget').getByText('small', { exact: true }).click();
    const comparison = frame.locator('section.comparison');
    await comparison.locator('.counts').first().waitFor();
    expect(await axeFindings(frame)).toEqual([]);
    await comparison.getByRole('button', { name: 'Side by side' }).click();
    await frame.locator('.mask.other').waitFor();
    expect(await axeFindings(frame)).toEqual([]);
    await comparison.getByRole('button', { name: 'Difference', exact: true }).click();
    await comparison.locator('vscode-button', { hasText: 'End' }).click();
    await parameters.locator('vscode-button', { hasText: 'Reset' }).click();
  });

  test('moves nothing by itself where the editor is to reduce motion', async () => {
    await workbench().probe.ask('configure', { key: 'workbench.reduceMotion', value: 'on' });
    await frame.locator('body.vscode-reduce-motion').waitFor();
    const moving = await frame.evaluate(() => {
      const all: Element[] = [];
      const collect = (root: Document | ShadowRoot): void => {
        for (const element of root.querySelectorAll('*')) {
          all.push(element);
          if (element.shadowRoot !== null) collect(element.shadowRoot);
        }
      };
      collect(document);
      return all
        .filter(element => {
          const { animationName, transitionDuration, transitionProperty } = getComputedStyle(element);
          const lasts = transitionDuration.split(',').some(each => Number.parseFloat(each) > 0);
          // What fades stays where it is.
          return animationName !== 'none' || (lasts && !/^(opacity|(background-)?color)$/.test(transitionProperty));
        })
        .map(element => `${element.tagName}.${element.className}`);
    });
    expect(moving).toEqual([]);
    await workbench().probe.ask('configure', { key: 'workbench.reduceMotion', value: undefined });
  });
});
