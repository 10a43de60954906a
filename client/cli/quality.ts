import { type Command, Option } from 'commander';
import { withComputing } from './measure.ts';
import { parseIndex } from './numbers.ts';
import { qualityOfTensors, type TensorOptions } from './quality-tensors.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { withSubject } from './subject.ts';
import { withTensors } from './tensors.ts';

/** Adds `quality`: what a pattern loses against full attention. */
export function addQuality(program: Command, session: Session, sources: Sources): void {
  const subject = withSubject(
    program
      .command('quality')
      .summary('measure what a pattern loses against full attention')
      .description(
        'Runs attention over the pattern and full attention on your queries, keys and values, and tells for each head\n' +
          'which share of the probability of full attention the pattern keeps (recall), and how far the output is off.\n' +
          'A pattern in which no query sees a later key is measured against causal attention.',
      ),
    'this head alone, from 0 (default: all heads)',
  );
  const command = withTensors(subject).addOption(
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
      new Option('--csv', 'print comma-separated values: a line for each head, with --curve for each point').conflicts(
        'json',
      ),
    )
    .addHelpText(
      'after',
      "\nExamples:\n  sparse quality --expr 'sliding(64)' --input qkv.safetensors --worst 10\n  sparse quality --expr 'topk(32) & causal()' --input qkv.safetensors --curve --csv",
    )
    .action((file: string | undefined, options: TensorOptions) => qualityOfTensors(file, options, session, sources));
}
