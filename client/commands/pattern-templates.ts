/** A task and the file to begin with. */
export interface PatternTemplate {
  readonly task: string;
  /** In a few words: what is recommended. */
  readonly recommendation: string;
  /** One sentence: why. */
  readonly reason: string;
  /** The file, which says the reason too. */
  readonly text: string;
}

/** The tasks that `New Sparse Pattern...` asks for, and what is recommended for each. */
export const patternTemplates: readonly PatternTemplate[] = [
  {
    task: 'Classification',
    recommendation: 'global + local',
    reason: 'The first token collects the whole text in one step; all others need little more than their neighbours.',
    text: template(
      'Classification: global + local.',
      'The first token collects the whole text in one step, and the answer is read from it; all others need little more than their neighbours.',
      `import { longformer } from "sparse:longformer"

/** A window of 256 tokens, and the classification token, which sees all and is seen by all. */
pattern mine(size = 256, tokens = [0]) = longformer(size, tokens)

model Mine {
  tokens    = 2048
  layers    = 12
  heads     = 12
  dim       = 768
  attention = mine()
}
`,
    ),
  },
  {
    task: 'Generation',
    recommendation: 'sliding window',
    reason: 'The next token depends on recent ones most; the cache stays small, and layers pass older tokens on.',
    text: template(
      'Generation: a sliding window.',
      'The next token depends on recent ones most. The key/value cache never grows past the window, and every layer reaches one window further back. Four sink tokens keep the softmax stable when the start of the text has left the window.',
      `import { streaming_llm } from "sparse:streaming"

/** The last 1024 tokens and the first four. */
pattern mine(recent = 1024, start = 4) = streaming_llm(recent, start)

model Mine {
  tokens    = 16Ki
  layers    = 32
  heads     = 32
  kv_heads  = 8
  head_dim  = 128
  causal    = true
  attention = mine()
}
`,
    ),
  },
  {
    task: 'Images and video',
    recommendation: 'neighbourhood or axial',
    reason: 'What is near in two or three dimensions is far apart in one: the pattern has to know the grid.',
    text: template(
      'Images and video: neighbourhood or axial attention.',
      'What is near in an image is far apart in the sequence, so the pattern has to know the grid. A neighbourhood costs the same for each patch at any size and sees texture and edges; rows and columns see the whole image in two layers.',
      `import { axial_image } from "sparse:axial"
import { nat } from "sparse:neighborhood"

/** The 7 x 7 patches around each patch. */
pattern mine(height = floor(sqrt(n)), width = floor(sqrt(n)), kernel = 7) = nat(height, width, kernel)

/** The alternative: each patch's row and column. */
pattern rows_and_columns(height = floor(sqrt(n)), width = floor(sqrt(n))) = axial_image(height, width)

model Mine {
  tokens    = 32 * 32
  layers    = 12
  heads     = 6
  head_dim  = 64
  attention = mine(32, 32)
}
`,
    ),
  },
  {
    task: 'Long documents',
    recommendation: 'Longformer or BigBird',
    reason: 'Sentences are local, references are not: a window for the text, global tokens for the whole.',
    text: template(
      'Long documents: Longformer or BigBird.',
      'Sentences are local, references across a document are not: a window reads the text, and global tokens carry what concerns the whole. Longformer lets you say which tokens are global; BigBird adds random blocks instead of asking.',
      `import { bigbird } from "sparse:bigbird"
import { longformer } from "sparse:longformer"

/** A window of 512 tokens; the first token is global. Add the positions of a question or of headings. */
pattern mine(size = 512, tokens = [0]) = longformer(size, tokens)

/** The alternative, in blocks of 64. */
pattern in_blocks(size = 64, random_blocks = 3) = bigbird(size, random_blocks)

model Mine {
  tokens    = 4096
  layers    = 12
  heads     = 12
  dim       = 768
  attention = mine()
}
`,
    ),
  },
  {
    task: 'Structured data',
    recommendation: 'fixed or strided',
    reason: 'Rows, bars and records repeat with a period: attention along the period reaches all in two steps.',
    text: template(
      'Structured data: fixed or strided attention.',
      'Tables, bars of music and records repeat with a period. Strided heads look at the same column of every earlier row; where there is no exact period, fixed columns summarise each block for all later ones. Both reach every earlier token in two steps.',
      `import { sparse_fixed, sparse_strided_heads } from "sparse:sparse-transformer"

/** Half of the heads look along a row of 128, half along a column. Set \`stride\` to the period of your data. */
pattern mine(stride = 128) = sparse_strided_heads(stride)

/** The alternative, for data without an exact period. */
pattern by_blocks(stride = 128, columns = 8) = sparse_fixed(stride, columns)

model Mine {
  tokens    = 8Ki
  layers    = 12
  heads     = 8
  head_dim  = 64
  causal    = true
  attention = mine()
}
`,
    ),
  },
  {
    task: 'Very long sequences (beyond 4K) with guarantees',
    recommendation: 'BigBird',
    reason: 'Global blocks connect every pair in two steps; window and random blocks keep the cost linear.',
    text: template(
      'Beyond 4K tokens with guarantees: BigBird.',
      'Its global blocks connect every pair of tokens in two steps, which makes it a universal approximator of sequence functions, while the cost grows in step with the length.',
      `import { bigbird } from "sparse:bigbird"

/** Blocks of 64: three in the window, the first and last global, three random ones. */
pattern mine(size = 64, random_blocks = 3) = bigbird(size, random_blocks)

model Mine {
  tokens    = 16Ki
  layers    = 12
  heads     = 12
  dim       = 768
  attention = mine()
}
`,
    ),
  },
];

/** The reason as comments of at most 100 characters a line, then the file. */
function template(title: string, reason: string, body: string): string {
  const lines = [`// ${title}`, '//'];
  let line = '//';
  for (const word of reason.split(' ')) {
    if (line.length + 1 + word.length > 100) {
      lines.push(line);
      line = '//';
    }
    line += ` ${word}`;
  }
  return `${[...lines, line].join('\n')}\n\n${body}`;
}
