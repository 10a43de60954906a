import path from 'node:path';
import { isDynamic } from '../../runtime/pattern/bind.ts';
import type { Pattern } from '../../runtime/pattern/ir.ts';
import { patternAt } from '../../runtime/pattern/model.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import { badFile } from './failure.ts';
import { inThread } from './in-thread.ts';
import { problemOfTensors } from './run-problem.ts';
import type { Session } from './session.ts';
import type { Subject, SubjectOptions } from './subject.ts';
import { readInput } from './tensors.ts';

/** The option that brings data for patterns that choose by content. */
export interface ContentOptions extends SubjectOptions {
  readonly input?: string;
}

/** Flags of the option, and what it does. */
export const INPUT_OPTION = [
  '--input <PATH>',
  'a .safetensors file with q, k and v as `run` takes them: what is chosen by content is chosen among them',
] as const;

/**
 * The subject with the masks that content chooses for the tensors of --input, whose name it then carries; the subject itself
 * without that option.
 *
 * @param head the head that is asked for; undefined: all of them
 * @throws Failure when the tensors do not fit, and JobError when the masks are too large
 */
export async function chosenFor(
  subject: Subject,
  options: ContentOptions,
  head: number | undefined,
  session: Session,
): Promise<Subject> {
  const { input: file } = options;
  if (file === undefined) return subject;
  const { head: _, ...others } = options;
  const tensors = await readInput(file, options.layer === undefined ? {} : { layer: options.layer }, session.signal);
  const asked = head === undefined ? others : { ...others, head };
  const { model, layer, heads, input } = problemOfTensors(subject, asked, file, tensors);
  const name = `${subject.name} for ${path.basename(file)}`;
  const chooses = heads.some(each => {
    const pattern = patternAt(model, layer, each);
    return pattern !== undefined && isDynamic(pattern);
  });
  if (!chooses) {
    session.note(`nothing in ${subject.name} is chosen by content: --input gives its length alone`);
    return { ...subject, model };
  }
  const { v: _values, ...content } = input;
  const chosen = await session.during('Choosing keys', progress =>
    inThread({ kind: 'choose', model, layer, heads, content }, session.signal, done => progress.update(done)),
  );
  return { ...subject, name, model: chosen };
}

/** Throws Failure when keys are to be chosen by content, and there is none. */
export function checkChosen({ name }: Subject, pattern: Pattern, shape: Shape): void {
  if (isDynamic(pattern, shape))
    throw badFile(
      `${name} chooses keys by content: it has a mask for given queries and keys alone; add --input with a .safetensors file of q, k and v`,
    );
}
