import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { aliasesOf, type FormatName, formatNames } from '../../../runtime/export/format-names.ts';

function row(name: FormatName): string {
  const { id, extension, beside, title, description, exactFor, isReport, rounds } = name;
  const ids = [id, ...aliasesOf(name)].map(each => `\`${each}\``).join(', ');
  const ends = [extension, ...(beside === undefined ? [] : [beside])].map(each => `\`.${each}\``).join(' and ');
  const exact = isReport === true ? '' : `${exactFor ?? 'all'}${rounds === true ? ' (`--approximate` rounds up)' : ''}`;
  const heads = { one: 'one', each: 'all', shared: 'shared' }[name.heads];
  return `| ${ids} | ${ends} | ${title}. ${description} | ${exact} | ${heads} |`;
}

test('the README lists every format as the registry has it', () => {
  const text = readFileSync(path.join(import.meta.dirname, '../../../README.md'), 'utf8');
  const [, table = ''] = /^## Formats\n[^|]*((?:\|.*\n)+)/m.exec(text) ?? [];
  expect(table.trimEnd().split('\n').slice(2)).toEqual(formatNames.map(row));
});
