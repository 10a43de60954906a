import fc from 'fast-check';

/**
 * Random files without mistakes: words with anything between them that may stand there. Meant for what has to hold for
 * every way of writing the same file.
 */

type Words = readonly string[];

const join = (separator: string, parts: readonly Words[]): Words =>
  parts.flatMap((part, index) => (index === 0 ? part : [separator, ...part]));

const call = (name: string, parts: readonly Words[], comma = false): Words => [
  name,
  '(',
  ...join(',', parts),
  ...(comma && parts.length > 0 ? [','] : []),
  ')',
];

const whole = fc.integer({ min: 1, max: 12 }).map((value): Words => [String(value)]);

const { number } = fc.letrec<{ number: Words }>(tie => ({
  number: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom<Words>(['3'], ['4Ki'], ['1_0'], ['0.5'], ['1e-3'], ['n'], ['head'], ['layers'], ['width']),
    fc
      .tuple(tie('number'), fc.constantFrom('+', '-', '*', '%', '/'), tie('number'))
      .map(([a, operator, b]) => ['(', ...a, operator, ...b, ')']),
    fc.tuple(tie('number'), tie('number')).map(([a, b]) => ['(', ...a, ')', '**', ...b]),
    tie('number').map(a => ['-', ...a]),
    fc.tuple(fc.constantFrom('min', 'max'), tie('number'), tie('number')).map(([name, a, b]) => call(name, [a, b])),
    tie('number').map(a => call('floor', [a])),
  ),
})) as { number: fc.Arbitrary<Words> };

const comparison = fc
  .tuple(number, fc.constantFrom('<', '<=', '==', '!=', '>', '>='), number)
  .map(([a, operator, b]): Words => [...a, operator, ...b]);

const condition = fc
  .tuple(comparison, fc.option(fc.tuple(fc.constantFrom('&&', '||'), comparison), { nil: undefined }))
  .map(([first, more]): Words => (more === undefined ? first : [...first, more[0], ...more[1]]));

const position = fc.oneof(
  fc.integer({ min: 0, max: 15 }).map((value): Words => [String(value)]),
  fc.integer({ min: 1, max: 16 }).map((value): Words => ['-', String(value)]),
  fc
    .tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 8, max: 16 }))
    .map(([from, to]): Words => [String(from), '..', String(to)]),
  fc.constant<Words>(['-', '4', '..', 'n']),
);

const positions = fc
  .tuple(fc.array(position, { maxLength: 24 }), fc.boolean())
  .map(([items, comma]): Words => ['[', ...join(',', items), ...(comma && items.length > 0 ? [','] : []), ']']);

const primitive = fc.oneof(
  fc.constantFrom<Words>(
    ['full', '(', ')'],
    ['causal', '(', ')'],
    ['near'],
    ['near', '(', ')'],
    ['p_of', '(', 'near', ')'],
  ),
  fc
    .tuple(whole, fc.option(whole, { nil: undefined }), fc.boolean())
    .map(([size, dilation, comma]) =>
      call('window', dilation === undefined ? [size] : [size, ['dilation', ':', ...dilation]], comma),
    ),
  fc.tuple(whole, whole).map(([before, after]) =>
    call('window', [
      ['before', ':', ...before],
      ['after', ':', ...after],
    ]),
  ),
  positions.map(list => call('global', [list])),
  fc
    .tuple(whole, fc.integer())
    .map(([keys, seed]) => call('random', [keys, ['seed', ':', String(Math.abs(seed) % 99)]])),
  number.map(size => call('sliding', [call('max', [['1'], call('floor', [size])])])),
);

const { pattern } = fc.letrec<{ pattern: Words }>(tie => ({
  pattern: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    primitive,
    fc
      .tuple(tie('pattern'), fc.array(fc.tuple(fc.constantFrom('|', '&', '-'), tie('pattern')), { maxLength: 5 }))
      .map(([first, more]) => [...first, ...more.flatMap(([operator, next]) => [operator, '(', ...next, ')'])]),
    tie('pattern').map(of => ['!', '(', ...of, ')']),
    fc
      .tuple(condition, tie('pattern'), tie('pattern'))
      .map(([test, a, b]) => ['(', ...test, '?', ...a, ':', ...b, ')']),
    condition.map(test => ['(', 'where', '(', 'q', ',', 'k', ')', '=>', 'q', '>=', 'k', '&&', '(', ...test, ')', ')']),
    fc.tuple(whole, tie('pattern')).map(([size, of]) => call('blocked', [size, of])),
  ),
})) as { pattern: fc.Arbitrary<Words> };

const body = fc.oneof(
  pattern,
  pattern,
  fc.tuple(pattern, pattern).map(([a, b]): Words => ['(', ...a, ')', '|', ...b]),
  fc.tuple(condition, pattern, pattern).map(([test, a, b]): Words => [...test, '?', ...a, ':', ...b]),
  condition.map((test): Words => ['where', '(', 'i', ',', 'j', ')', '=>', 'i', '!=', 'j', '||', ...test]),
);

const parameters = fc.constantFrom<Words>(
  [],
  ['(', ')'],
  ['(', 'size', '=', '512', ')'],
  ['(', 'size', ':', 'number', '=', '5', ',', 'at', '=', '[', '0', ',', '2', '..', '4', ']', ',', ')'],
);

const selector = (axis: string, most: number): fc.Arbitrary<Words> =>
  fc.oneof(
    fc.constant<Words>([axis, '[', '0', ']']),
    fc.constant<Words>([axis, '0', '..', String(most)]),
    fc.constant<Words>([axis, '0', '..', String(most), 'step', '2']),
    fc.constant<Words>([axis, '1']),
  );

const rule = fc
  .tuple(
    fc.option(selector('layers', 4), { nil: undefined }),
    fc.boolean(),
    fc.option(selector('heads', 2), { nil: undefined }),
    body,
  )
  .map(
    ([layers, comma, heads, value]): Words => [
      'attention',
      ...(layers ?? []),
      ...(layers !== undefined && heads !== undefined && comma ? [','] : []),
      ...(heads ?? []),
      '=',
      ...value,
    ],
  );

const property = fc.constantFrom<Words>(
  ['tokens', '=', '16'],
  ['layers', '=', '2', '*', '2'],
  ['heads', '=', '2'],
  ['head_dim', '=', '64'],
  ['dtype', '=', 'bf16'],
  ['causal', '=', 'true'],
);

const entries = fc
  .tuple(fc.uniqueArray(property, { selector: words => words[0], maxLength: 6 }), fc.array(rule, { maxLength: 4 }))
  .chain(([properties, rules]) =>
    fc.shuffledSubarray([...properties, ...rules], { minLength: properties.length + rules.length }),
  )
  .map((lines): Words => lines.flat());

const declaration = (index: number): fc.Arbitrary<Words> =>
  fc.oneof(
    number.map((value): Words => ['const', `c${index}`, '=', ...value]),
    fc.tuple(parameters, body).map(([list, value]): Words => ['pattern', `p${index}`, ...list, '=', ...value]),
    fc.tuple(parameters, body).map(([list, value]): Words => ['pattern', `p${index}`, ...list, '=', ...value]),
    entries.map((lines): Words => ['model', `M${index}`, '{', ...lines, '}']),
    fc.constantFrom<Words>(
      ['import', '{', `x${index}`, '}', 'from', '"./x.sparse"'],
      ['import', '{', `x${index}`, ',', `y${index}`, ',', '}', 'from', '"./x.sparse"'],
      ['import', '{', '}', 'from', '"./x.sparse"'],
    ),
  );

const START: Words = [
  ...['const', 'width', '=', '4'],
  ...['pattern', 'near', '=', 'window', '(', 'width', ')'],
  ...['pattern', 'p_of', '(', 'p', ':', 'pattern', ')', '=', 'p', '&', 'causal', '(', ')'],
];

const words = fc
  .integer({ min: 0, max: 3 })
  .chain(count => fc.tuple(...Array.from({ length: count }, (_, index) => declaration(index))))
  .map((declarations): Words => [...START, ...declarations.flat()]);

const space = fc.constantFrom('', ' ', ' ', ' ', '  ', '\n', '\n\n', '\n\n\n', '\t', '    ', ' \n  ');
const comment = fc.constantFrom(
  ...[
    '/* c */',
    '/** doc */',
    '/* two\n   lines */',
    '// c\n',
    '// with "quote\n',
    '//\n',
    '/**/',
    '/* // */',
    '// /*\n',
  ],
);

const isWord = (text: string): boolean => /^[A-Za-z0-9_"]/.test(text);

/** A gap between two words that keeps them apart. */
const gap = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(space, fc.constant(''), fc.constant('')) },
  { weight: 1, arbitrary: fc.tuple(space, comment, space) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      space,
      fc.tuple(comment, space, comment).map(parts => parts.join('')),
      space,
    ),
  },
);

/** Hardly anybody breaks many lines: only long files of this kind show what formatting breaks by itself. */
const calmGap = fc.oneof<fc.MaybeWeightedArbitrary<Words>[]>(
  { weight: 40, arbitrary: fc.constantFrom<Words>([''], [' '], [' ']) },
  { weight: 1, arbitrary: gap },
);

const gapsFor = (length: number): fc.Arbitrary<(readonly string[])[]> => {
  const constraints = { minLength: length, maxLength: length };
  return fc.oneof(fc.array<Words>(gap, constraints), fc.array<Words>(calmGap, constraints));
};

/** A file. */
export const arbitrarySource: fc.Arbitrary<string> = words.chain(all =>
  fc.tuple(gapsFor(all.length + 1), fc.boolean()).map(([gaps, crlf]) => {
    let text = '';
    for (const [index, word] of [...all, ''].entries()) {
      const between = (gaps[index] ?? []).join('');
      const previous = all[index - 1] ?? '';
      const isApart = between !== '' && !between.startsWith('/') && !between.endsWith('/');
      const apart = isApart || (between === '' && (isWord(previous) !== isWord(word) || /^[()[\],{}]$/.test(word)));
      // `/` before a comment would make another comment, and `1 .. 2` without its spaces another number.
      text += (apart || index === 0 ? between : ` ${between} `) + word;
    }
    return crlf ? text.replaceAll('\n', '\r\n') : text;
  }),
);
