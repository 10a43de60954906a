// A long file with declarations of every kind, and the edits that somebody makes in it. The same seed gives the same
// file and edits everywhere.

/** Numbers 0 <= x < 1 (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A file of at least `lines` lines without a mistake. */
export function longFile(lines, seed = 1) {
  const random = randomFrom(seed);
  const below = count => Math.floor(random() * count);
  const one = list => list[below(list.length)];
  const blocks = [
    'import { longformer, longformer_dilated } from "sparse:longformer"\nimport { bigbird } from "sparse:bigbird"',
    'const block = 64\nconst wide = 8 * block\nconst sinks = 4',
  ];
  const patterns = [];
  const whole = () => one([16, 32, 48, 96, 128, 200, 256, 384, 512, 768, 1000]);
  const makers = [
    k => `pattern p${k} = window(${whole()}) | global([${below(4)}])`,
    k => `pattern p${k}(size = ${whole()}) = sliding(size) | columns([0..sinks])`,
    k =>
      `/**\n * Pattern ${k}: a window and every ${8 + below(56)}th position before.\n *\n * A second paragraph says why.\n */\npattern p${k}(stride = ${8 + below(120)}, near: number = ${whole()}) =\n  sliding(near)\n    | strided(stride) & causal()`,
    k => `// One block after the other.\npattern p${k} = block(${one(['block', 'wide', '128'])}) & causal()`,
    k => `pattern p${k} = where (i, j) => i >= j && (i - j) % ${2 + below(200)} == 0`,
    k =>
      `pattern p${k}(stride: number = ${16 + below(48)}) =\n  where (q, k) => q >= k\n    && (q - k < stride || k % stride == 0)`,
    k => `pattern p${k} = fixed(${64 + below(64)}, columns: ${1 + below(8)}) & causal() /* as published */`,
    k =>
      `pattern p${k} = head < 2 ? window(${whole()}, dilation: ${1 + below(3)}) : sliding(${whole()}) | prefix(sinks)`,
    k => `pattern p${k} = blocked(block, window(3) | global([0, -1]))`,
    k => `pattern p${k}(p: pattern = ${patterns.length > 0 ? one(patterns) : 'full()'}) = p & causal()`,
    k =>
      `pattern p${k} =\n  (${one(patterns) ?? 'diagonal()'} | diagonals([${below(50)}, ${50 + below(50)}]))\n    & !columns([${10 + below(90)}])`,
    k => `pattern p${k} = longformer(${whole()}, tokens: [0, ${1 + below(9)}])`,
    k => `const c${k} = ${1 + below(30)} * block + ${below(7)}`,
    k =>
      `// Model ${k}\nmodel M${k} {\n  tokens    = ${one(['2048', '4096', '8Ki'])}\n  layers    = ${4 + 2 * below(5)}\n  heads     = 8\n  dim       = 512\n  attention = ${one(patterns) ?? 'causal()'} | diagonal()\n  attention layers 2..4, heads [0, 1] = ${one(patterns) ?? 'window(64)'}\n}`,
  ];
  let count = 2 + 3;
  for (let k = 0; count < lines; k++) {
    const text = makers[k % makers.length](k);
    if (text.startsWith('pattern') || text.includes('\npattern')) patterns.push(`p${k}`);
    blocks.push(text);
    count += text.split('\n').length + 1;
  }
  return `${blocks.join('\n\n')}\n`;
}

/**
 * One keystroke after the other, each as the whole text after it. Somebody works at a place for a while (`steps`
 * keystrokes that end in a sound file), then elsewhere.
 */
export function* keystrokes(text, seed = 2) {
  const random = randomFrom(seed);
  const below = count => Math.floor(random() * count);
  let current = text;
  const put = (start, end, inserted) => {
    current = current.slice(0, start) + inserted + current.slice(end);
    return current;
  };
  /** A random match of a pattern in the text. */
  const place = pattern => {
    const found = [...current.matchAll(pattern)];
    return found[below(found.length)];
  };
  const type = function* (at, written) {
    for (let k = 0; k < written.length; k++) yield put(at + k, at + k, written[k]);
  };
  const kinds = [
    // Another number.
    function* () {
      const match = place(/(?<=[(=] ?)\d\d+(?=[),\n])/g);
      const digit = match.index + match[0].length - 1;
      yield put(digit, digit + 1, String(below(10)));
    },
    // A comment.
    function* () {
      const match = place(/\n\n(?=pattern)/g);
      yield* type(match.index + 1, '// look');
      yield put(match.index + 1, match.index + 8, '');
    },
    // An operand, and away with it.
    function* () {
      const match = place(/(?<=causal\(\))(?=\n)/g);
      const written = ` | rows([${below(9)}])`;
      yield* type(match.index, written);
      yield put(match.index, match.index + written.length, '');
    },
    // A constant that half of the file uses.
    function* () {
      const match = place(/(?<=const block = )\d+/g);
      yield put(match.index, match.index + match[0].length, match[0] === '64' ? '32' : '64');
    },
    // A name of the file, mistyped and mended.
    function* () {
      const match = place(/(?<=attention = )p(?=\d)/g);
      yield put(match.index, match.index + 1, 'pp');
      yield put(match.index, match.index + 2, 'p');
    },
    // A new declaration.
    function* () {
      const match = place(/\n\n(?=model|\/\/ Model)/g);
      const written = `pattern extra${below(1e6)} = window(${8 + below(90)})\n`;
      yield* type(match.index + 2, written);
      yield put(match.index + 2, match.index + 2 + written.length, '');
    },
    // Lines move.
    function* () {
      const match = place(/\n\n/g);
      yield put(match.index, match.index, '\n');
      yield put(match.index, match.index + 1, '');
    },
    // The size of a model.
    function* () {
      const match = place(/(?<=layers {4}= )\d+/g);
      yield put(match.index, match.index + match[0].length, String(4 + 2 * below(5)));
    },
  ];
  for (;;) yield* kinds[below(kinds.length)]();
}
