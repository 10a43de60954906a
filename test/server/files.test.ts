import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FUNCTION_NAMES } from '../../runtime/pattern/ir.ts';
import { primitives } from '../../runtime/pattern/primitives.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

test('the generated parser is current', { timeout: 60_000 }, () => {
  const check = () =>
    execFileSync(process.execPath, [join(root, 'scripts/generate-language.mjs'), '--check'], { stdio: 'pipe' });
  expect(check).not.toThrow();
});

describe('colouring', () => {
  interface Rule {
    readonly match?: string;
    readonly begin?: string;
    readonly end?: string;
    readonly name?: string;
    readonly include?: string;
    readonly patterns?: readonly Rule[];
  }
  const grammar = JSON.parse(read('syntaxes/sparse.tmLanguage.json')) as {
    readonly scopeName: string;
    readonly patterns: readonly Rule[];
    readonly repository: Readonly<Record<string, Rule>>;
  };
  const all = (rule: Rule): Rule[] => [rule, ...(rule.patterns ?? []).flatMap(all)];
  const rules = [...grammar.patterns, ...Object.values(grammar.repository)].flatMap(all);
  const wordsOf = (name: string): string[] =>
    [...(/\(\?:([^)]*)\)/.exec(rules.find(rule => rule.name === name)?.match ?? '')?.[1] ?? '').split('|')].sort();

  test('knows every primitive and function of the language', () => {
    expect(wordsOf('support.function.primitive.sparse')).toEqual([...primitives.keys()].sort());
    expect(wordsOf('support.function.math.sparse')).toEqual([...FUNCTION_NAMES].sort());
  });

  test('every rule is a valid expression and every include exists', () => {
    for (const { match, begin, end, include } of rules) {
      for (const expression of [match, begin, end])
        if (expression !== undefined) expect(() => new RegExp(expression)).not.toThrow();
      if (include !== undefined) expect(grammar.repository).toHaveProperty(include.slice(1));
    }
  });
});

describe('editing rules', () => {
  const configuration = JSON.parse(read('syntaxes/language-configuration.json')) as {
    readonly onEnterRules: readonly {
      readonly beforeText: string;
      readonly action: { readonly appendText?: string };
    }[];
    readonly indentationRules: Readonly<Record<string, string>>;
  };
  const appended = (line: string): string | undefined =>
    configuration.onEnterRules.find(({ beforeText }) => new RegExp(beforeText).test(line))?.action.appendText;

  test('documentation comments go on at the next line', () => {
    expect(appended('/** A pattern.')).toBe(' * ');
    expect(appended(' * More of it.')).toBe('* ');
    expect(appended('pattern a = full()')).toBeUndefined();
  });

  test('bodies are indented', () => {
    const matches = (rule: string, line: string): boolean =>
      new RegExp(configuration.indentationRules[rule] ?? '(?!)').test(line);
    expect(matches('increaseIndentPattern', 'model M {')).toBe(true);
    expect(matches('increaseIndentPattern', 'model M { tokens = 3 }')).toBe(false);
    expect(matches('decreaseIndentPattern', '}')).toBe(true);
    expect(matches('indentNextLinePattern', 'pattern a =')).toBe(true);
    expect(matches('indentNextLinePattern', 'pattern a = full()')).toBe(false);
  });
});
