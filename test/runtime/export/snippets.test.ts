import { expect, test } from 'vitest';
import { formatNames } from '../../../runtime/export/format-names.ts';
import { loadingSnippet } from '../../../runtime/export/snippets.ts';

test('every format that holds a mask has a snippet that names its files', () => {
  for (const { id, extension, isReport } of formatNames) {
    const snippet = loadingSnippet(id, `größe "1".${extension}`);
    if (isReport === true) expect(snippet, id).toBeUndefined();
    // As a string of Python, JavaScript and C has it.
    else expect(snippet, id).toContain(String.raw`"größe \"1\".${extension}"`);
  }
});

test('what lies beside the file is named like it', () => {
  expect(loadingSnippet('wgsl', 'mine-64.wgsl')).toContain('"mine-64.safetensors"');
  expect(loadingSnippet('hf', 'mine-64.json')).toContain('"mine-64.safetensors"');
});
