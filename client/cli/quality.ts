import { type Command, Option } from 'commander';
import { wrongUse } from './failure.ts';
import { withComputing } from './measure.ts';
import { parseCount, parseIndex } from './numbers.ts';
import { type ModelOptions, qualityOfModel } from './quality-model.ts';
import { qualityOfTensors, type TensorOptions } from './quality-tensors.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { withSubject } from './subject.ts';
import { withTensors } from './tensors.ts';

type QualityOptions = TensorOptions & Omit<ModelOptions, 'model'> & Partial<Pick<ModelOptions, 'model'>>;

/** What only one of the two ways to measure knows. */
const OF_TENSORS = ['input', 'q', 'k', 'v', 'layout', 'batch', 'quick', 'worst', 'curve'];
const OF_MODELS = ['sequences', 'text', 'byLayer'];

/** Adds `quality`: what a pattern loses against full attention. */
export function addQuality(program: Command, session: Session, sources: Sources): void {
  const subject = withSubject(
    program
      .command('quality')
      .summary('measure what a pattern loses against full attention')
      .description(
        'Runs attention over the pattern and full attention on your queries, keys and values, and tells for each head\n' +
          'which share of the probability of full attention the pattern keeps (recall), and how far the output is off.\n' +
          'A pattern in which no query sees a later key is measured against causal attention.\n' +
          'With --model it takes the place of attention in a language model of bytes, in all layers and heads (a model of\n' +
          'as many layers and heads brings its own for each), and is measured by how well held-out text is predicted.',
      ),
    'this head alone, from 0 (default: all heads)',
  );
  const command = withTensors(subject)
    .option('--model <FOLDER>', 'a language model: a folder with config.json, model.safetensors and heldout.txt')
    .addOption(
      new Option('--sequences <K>', 'with --model: how many sequences of the text (default: 2)').argParser(parseCount),
    )
    .option('--text <PATH>', 'with --model: predict this text instead of its heldout.txt')
    .option('--by-layer', 'with --model: also the pattern in one layer at a time')
    .addOption(
      new Option(
        '--against <WHAT>',
        'what it is measured against; causal also takes later keys out of the pattern',
      ).choices(['full', 'causal']),
    );
  withComputing(command)
    .option('--quick', 'leave out what needs every score once more: oracle, top-k, window, random, overlap, entropy')
    .addOption(new Option('--worst <ROWS>', 'also name so many rows that keep least').default(0).argParser(parseIndex))
    .addOption(
      new Option('--curve', 'also recall by density: the best masks, windows and random keys').conflicts('quick'),
    )
    .option('--json', 'print one JSON object, curves and worst rows with it')
    .addOption(
      new Option(
        '--csv',
        'print comma-separated values: a line for each head, with --curve for each point, with --model for each stretch of positions',
      ).conflicts('json'),
    )
    .addHelpText(
      'after',
      "\nExamples:\n  sparse quality --expr 'sliding(64)' --input qkv.safetensors --worst 10\n  sparse quality --expr 'topk(32) & causal()' --input qkv.safetensors --curve --csv\n  sparse quality --expr 'sliding(64)' --model examples/tiny-lm --tokens 512 --by-layer",
    )
    .action((file: string | undefined, options: QualityOptions) => {
      // Those with a default are always there.
      const given = command.options.filter(option => command.getOptionValueSource(option.attributeName()) === 'cli');
      refuseForeign(given, options.model === undefined);
      return run(file, options, session, sources);
    });
}

/** Throws Failure (2) for an option of the other way. */
function refuseForeign(given: readonly Option[], ofTensors: boolean): void {
  const names = ofTensors ? OF_MODELS : OF_TENSORS;
  const foreign = given.find(option => names.includes(option.attributeName()))?.long;
  if (foreign !== undefined) throw wrongUse(`${foreign} ${ofTensors ? 'needs' : 'has no meaning with'} --model`);
}

async function run(
  file: string | undefined,
  options: QualityOptions,
  session: Session,
  sources: Sources,
): Promise<void> {
  const { model } = options;
  if (model === undefined) await qualityOfTensors(file, options, session, sources);
  else await qualityOfModel(file, { ...options, model }, session, sources);
}
