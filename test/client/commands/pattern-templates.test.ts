import { describe, expect, test } from 'vitest';
import { patternTemplates } from '../../../client/commands/pattern-templates.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import { patternAt, shapeAt } from '../../../runtime/pattern/model.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const language = createLanguage(NO_FILES);

test('there is one for each kind of task, from the library', () => {
  const imports = patternTemplates.map(({ task, text }) => [task, [...text.matchAll(/"sparse:(.+)"/g)].map(m => m[1])]);
  expect(imports).toEqual([
    ['Classification', ['longformer']],
    ['Generation', ['streaming']],
    ['Images and video', ['axial', 'neighborhood']],
    ['Long documents', ['bigbird', 'longformer']],
    ['Structured data', ['sparse-transformer']],
    ['Very long sequences (beyond 4K) with guarantees', ['bigbird']],
  ]);
});

describe.each(patternTemplates.map(template => [template.task, template] as const))('%s', (task, template) => {
  test('has no mistake, and its model and patterns can be shown', async () => {
    const file = await language.open('untitled:Untitled-1', template.text);
    expect(file.diagnostics.filter(({ severity }) => severity !== 'information').map(({ message }) => message)).toEqual(
      [],
    );
    expect(file.declarations().map(({ problem }) => problem)).toEqual(file.declarations().map(() => null));
    const model = file.lower('Mine');
    for (const [layer, head] of [
      [0, 0],
      [model.layers - 1, model.heads - 1],
    ] as const) {
      const pattern = patternAt(model, layer, head);
      const shape = shapeAt(model, layer, head);
      if (pattern === undefined) throw new Error('no rule');
      // Every query sees itself.
      const mask = bindPattern(pattern, shape);
      for (const row of [0, 1, 777, shape.tokens - 1]) expect(mask.word(row, row) & 1, `${task} row ${row}`).toBe(1);
    }
  });

  test('says in a comment why', () => {
    const comment = template.text.split('\n\n')[0] ?? '';
    expect(comment.split('\n').every(line => line.startsWith('//') && line.length <= 100)).toBe(true);
    expect(comment.length).toBeGreaterThan(150);
    expect(template.text.endsWith('}\n')).toBe(true);
  });
});
