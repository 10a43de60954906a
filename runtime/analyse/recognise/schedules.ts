/** Layers that follow each other and are the same design, as a file would write it. */
export interface ScheduleStep {
  readonly layers: number;
  readonly text: string;
}

/** A published way to let layers take turns. `$` stands for numbers, the same ones wherever it stands. */
interface TakingTurns {
  readonly family: string;
  /** Where the library has it. */
  readonly module: string;
  /** One round: how many layers, and which design. */
  readonly round: readonly (readonly [layers: number, text: string])[];
  readonly text: string;
  /** What `$` usually is, where several are alike but for that. */
  readonly usual?: string;
}

const DESIGNS: readonly TakingTurns[] = [
  {
    family: 'Gemma 2',
    module: 'sparse:gemma',
    round: [
      [1, 'sliding($)'],
      [1, 'causal()'],
    ],
    text: 'gemma2($)',
    usual: '4096',
  },
  {
    family: 'GPT-OSS',
    module: 'sparse:gpt-oss',
    round: [
      [1, 'sliding($)'],
      [1, 'causal()'],
    ],
    text: 'gpt_oss($)',
    usual: '128',
  },
  {
    family: 'Gemma 3',
    module: 'sparse:gemma',
    round: [
      [5, 'sliding($)'],
      [1, 'causal()'],
    ],
    text: 'gemma3($)',
  },
  {
    family: 'Cohere 2',
    module: 'sparse:cohere',
    round: [
      [3, 'sliding($)'],
      [1, 'causal()'],
    ],
    text: 'cohere2($)',
  },
  {
    family: 'OLMo 3',
    module: 'sparse:olmo',
    round: [
      [3, 'sliding($)'],
      [1, 'causal()'],
    ],
    text: 'olmo3($)',
  },
  {
    family: 'Llama 4',
    module: 'sparse:llama',
    round: [
      [3, 'block($) & causal()'],
      [1, 'causal()'],
    ],
    text: 'llama4($)',
  },
  {
    family: 'ModernBERT',
    module: 'sparse:modernbert',
    round: [
      [1, 'full()'],
      [2, 'window($)'],
    ],
    text: 'modernbert($)',
  },
  {
    family: 'Phi-3-small',
    module: 'sparse:phi',
    round: [
      [1, 'phi3_small_sparse($)'],
      [1, 'causal()'],
    ],
    text: 'phi3_small($)',
  },
  {
    family: 'Sparse Transformer, interleaved',
    module: 'sparse:sparse-transformer',
    round: [
      [1, 'sliding($)'],
      [1, 'strided($) & causal()'],
    ],
    text: 'sparse_strided_interleaved($)',
  },
  {
    family: 'Axial attention, alternating',
    module: 'sparse:axial',
    round: [
      [1, 'block($)'],
      [1, 'strided($)'],
    ],
    text: 'axial_alternating(n / $, $)',
  },
  {
    family: 'Dilated neighbourhood',
    module: 'sparse:neighborhood',
    round: [
      [1, 'neighborhood([$], $kernel)'],
      [1, 'neighborhood([$], $kernel, dilation: $dilation)'],
    ],
    text: 'dinat($, $kernel, $dilation)',
  },
];

/** The published designs that a round is, with the same numbers everywhere; those that usually have these numbers, if any. */
export function designsOf(
  round: readonly ScheduleStep[],
): readonly { readonly family: string; readonly module: string; readonly text: string }[] {
  const found = DESIGNS.flatMap(design => {
    const values = valuesOf(design, round);
    return values === undefined ? [] : [{ design, values }];
  });
  const usual = found.filter(({ design, values }) => design.usual === values.get('$'));
  const told = usual.length > 0 && found.some(({ design }) => design.usual !== undefined) ? usual : found;
  return told.map(({ design: { family, module, text }, values }) => ({
    family,
    module,
    text: text.replace(PLACES, place => values.get(place) ?? place),
  }));
}

const PLACES = /\$[a-z]*/g;

/** What stands in the places of a design; undefined where it is another one. */
function valuesOf(design: TakingTurns, round: readonly ScheduleStep[]): ReadonlyMap<string, string> | undefined {
  if (design.round.length !== round.length) return undefined;
  const values = new Map<string, string>();
  for (const [index, [layers, text]] of design.round.entries()) {
    const step = round[index];
    if (step?.layers !== layers) return undefined;
    const places = text.match(PLACES) ?? [];
    const pattern = text
      .split(PLACES)
      .map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('([\\d, a-z_:]+)');
    const match = new RegExp(`^${pattern}$`).exec(step.text);
    if (match === null) return undefined;
    for (const [at, place] of places.entries()) {
      const value = match[at + 1] ?? '';
      if ((values.get(place) ?? value) !== value) return undefined;
      values.set(place, value);
    }
  }
  return values;
}
