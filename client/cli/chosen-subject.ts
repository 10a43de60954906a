import path from 'node:path';
import { choosesByContent } from '../../runtime/dynamic/select-heads.ts';
import { isDynamic } from '../../runtime/pattern/bind.ts';
import type { Pattern } from '../../runtime/pattern/ir.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import { badFile } from './failure.ts';
import { inThread } from './in-thread.ts';
import { problemOfTensors } from './run-problem.ts';
import type { Session } from './session.ts';
import type { Subject, SubjectOptions } from './subject.ts';
import { nameOfTensors, readInput, type TensorChoice } from './tensors.ts';

/** The options that bring data for patterns that choose by content. */
export interface ContentOptions extends SubjectOptions, TensorChoice {
  readonly input?: string;
}

/**
 * The subject with the masks that content chooses for the tensors that are named, whose name it then carries; the subject
 * itself without them.
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
  const file = nameOfTensors(options);
  if (file === null) return subject;
  const { head: _, ...others } = options;
  const tensors = await readInput(options.input, options, session.signal);
  const asked = head === undefined ? others : { ...others, head };
  const { model, layer, heads, input } = problemOfTensors(subject, asked, file, tensors);
  const name = `${subject.name} for ${path.basename(file)}`;
  if (!choosesByContent(model, layer, heads)) {
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
