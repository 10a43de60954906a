import { by, named } from '../expression.ts';
import { expressionOf, type Whole } from '../parts.ts';
import { are, args, type ByKind, library, type Name, type Of, prefixLength, unless } from './name.ts';
import { bandName } from './primitive.ts';

export function causalName(parts: ByKind, whole: Whole): Name | undefined {
  const { n } = whole;
  const { band, columns, strided, stepped, block, fixed, exponential, rows, restarts } = parts;
  const size = band === undefined ? undefined : band.before + 1;
  const start = prefixLength(columns);
  if (are(parts, 'band') && band !== undefined) return bandName(band, whole);
  if (are(parts, 'band', 'columns') && size !== undefined && start !== undefined)
    return {
      family: 'StreamingLLM',
      parameters: { recent: size, sinks: start },
      expression: library(
        'streaming',
        'streaming_llm',
        args(by('recent', size), unless('4', by('start', start))),
        whole,
      ),
    };
  if (are(parts, 'band', 'columns', 'rows') && size !== undefined && start !== undefined && rows !== undefined) {
    const [from, to] = rows.tokens;
    if (rows.tokens.length === 2 && from !== undefined && to === n)
      return {
        family: 'Tri-shape',
        parameters: { first: start, near: size, last: n - from },
        expression: library(
          'streaming',
          'tri_shape',
          args(by('first', start), [by('near', size)], unless('100', by('last', n - from))),
          whole,
        ),
      };
  }
  if (are(parts, 'band', 'strided') && size !== undefined && strided !== undefined && strided.offset === 0)
    if (size === strided.stride)
      return {
        family: 'Sparse Transformer, strided',
        parameters: { stride: size },
        expression: library('sparse-transformer', 'sparse_strided', [by('stride', size)], whole),
      };
  if (are(parts, 'block', 'fixed') && block !== undefined && fixed !== undefined && block.size === fixed.stride)
    return {
      family: 'Sparse Transformer, fixed',
      parameters: { stride: fixed.stride, columns: fixed.columns },
      expression: library(
        'sparse-transformer',
        'sparse_fixed',
        args(by('stride', fixed.stride), unless('8', by('columns', fixed.columns))),
        whole,
      ),
    };
  if (are(parts, 'stepped', 'columns') && start !== undefined && isEverySecond(stepped))
    return {
      family: 'MInference, dilated',
      parameters: { first: start, near: stepped.last + 1 },
      expression: library(
        'minference',
        'minference_dilated',
        [by('first', start), by('near', stepped.last + 1)],
        whole,
      ),
    };
  if (are(parts, 'band', 'stepped', 'columns') && size !== undefined && start !== undefined && isEverySecond(stepped)) {
    // An odd distance at the window's end is one of the steps, too.
    const dense = size + (size % 2);
    return {
      family: 'MInference, dilated and dense',
      parameters: { first: start, dense, near: stepped.last + 1 },
      expression: library(
        'minference',
        'minference_dilated_dense',
        [by('first', start), by('dense', dense), by('near', stepped.last + 1)],
        whole,
      ),
    };
  }
  if (are(parts, 'block', 'columns', 'rows') && block !== undefined && start === block.size && rows !== undefined) {
    const [from, to] = rows.tokens;
    if (rows.tokens.length === 2 && from !== undefined && to === n)
      return {
        family: 'Star attention',
        parameters: { block: block.size, question: n - from },
        expression: library(
          'streaming',
          'star_attention',
          args(by('size', block.size), unless('64', by('question', n - from))),
          whole,
        ),
      };
  }
  const isLog = exponential?.base === 2 && exponential.limit === undefined;
  if (are(parts, 'exponential') && isLog)
    return { family: 'LogSparse', parameters: {}, expression: library('log-sparse', 'log_sparse', [], whole) };
  if (are(parts, 'band', 'exponential') && isLog && size !== undefined)
    return {
      family: 'LogSparse, local',
      parameters: { near: size },
      expression: library(
        'log-sparse',
        'log_sparse_local',
        unless(String(Math.max(1, Math.ceil(Math.log2(n)))), by('near', size)),
        whole,
      ),
    };
  if (are(parts, 'restarts') && restarts !== undefined) {
    const { stretch, near } = restarts;
    const [usualStretch, usualNear] = [Math.max(2, Math.ceil(n / 4)), Math.max(1, Math.ceil(Math.log2(stretch)))];
    return {
      family: 'LogSparse with restarts',
      parameters: { stretch, near },
      expression: library(
        'log-sparse',
        'log_sparse_restart',
        stretch === usualStretch
          ? unless(String(usualNear), named('near', near))
          : args(by('stretch', stretch), unless(String(usualNear), by('near', near))),
        whole,
      ),
    };
  }
  if (are(parts, 'block') && block !== undefined)
    return { family: 'Causal chunks', parameters: { size: block.size }, expression: expressionOf(whole) };
  return undefined;
}

function isEverySecond(stepped: Of<'stepped'> | undefined): stepped is Of<'stepped'> {
  return stepped?.stride === 2 && stepped.offset === 1;
}
