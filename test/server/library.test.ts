import { describe, expect, test } from 'vitest';
import { createLanguage, NO_FILES } from '../../server/language.ts';
import { libraryModules } from '../../server/library.ts';

const language = createLanguage(NO_FILES);

describe.each(libraryModules.map(file => [file.path, file] as const))('%s', (_, file) => {
  test('checks clean', async () => {
    const { diagnostics } = await language.open(file.uri.toString(), file.text);
    const serious = diagnostics.filter(({ severity }) => severity !== 'information');
    expect(serious.map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([]);
  });
});
