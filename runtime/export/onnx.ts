import { layoutCount, localWindowSize, sparseBlockSize } from '../analyse/fit/onnx.ts';
import { fitSubjectOf } from '../analyse/fit/subject.ts';
import type { Contents } from '../tensor/contents.ts';
import { fromInt32, fromInt64 } from '../tensor/convert.ts';
import { headsOf, plansOf } from './head-masks.ts';
import { maskRows } from './mask-rows.ts';
import { denseRows } from './npy.ts';
import { type OnnxConstant, type OnnxNode, type OnnxTensor, type OnnxValue, onnxContents } from './onnx-model.ts';
import type { ExportRequest } from './request.ts';
import { checkExportSize, PROTOBUF_LIMIT } from './size-limit.ts';

/** The attention of a graph: what it is computed with, between queries, keys and values of four axes and an output of four. */
interface Core {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  /** Inputs and outputs beyond q, k, v and output. */
  readonly inputs?: readonly OnnxValue[];
  readonly outputs?: readonly OnnxValue[];
  readonly operator: string;
  /** Heads of queries, and of keys and values: numbers, or names where any will do. */
  readonly heads: readonly [number | string, number | string];
  /** For people: what a caller has to know besides shapes. */
  readonly note: string;
}

const MICROSOFT = 'com.microsoft';

/**
 * An ONNX model with one attention node: inputs `query` [batch, heads, queries, dim], `key` and `value`
 * [batch, kv_heads, keys, dim], all float32, and `output` like `query`; the scale is 1 / sqrt(dim).
 *
 * Square causal windows become GroupQueryAttention with local_window_size, square masks of whole blocks cut to the past
 * SparseAttention (both operators of ONNX Runtime, dim a multiple of 8), all others Attention of opset 23 with the mask as
 * a bool constant, in which queries without keys give zeros. SparseAttention writes keys and values through to
 * `present_key` and `present_value`, which must share their memory with the inputs `past_key` and `past_value`.
 *
 * @throws ExportSizeError when the mask is more than a protocol buffer can hold, 2 GiB
 */
export function exportOnnx(request: ExportRequest): Contents {
  const { shape, name, source } = request;
  const heads = headsOf(request).length;
  const kvHeads = request.kvHeads ?? heads;
  const core = coreOf(request, heads, kvHeads);
  return onnxContents({
    name: 'attention',
    documentation: `${core.operator}: ${core.note}`,
    // Readers may refuse a domain that no node is of, or not know it.
    opsets: core.nodes.some(({ domain }) => domain === MICROSOFT) ? { '': 23, [MICROSOFT]: 1 } : { '': 23 },
    inputs: [
      tensor('query', core.heads[0], shape.queries),
      tensor('key', core.heads[1], shape.tokens),
      tensor('value', core.heads[1], shape.tokens),
      ...(core.inputs ?? []),
    ],
    outputs: [tensor('output', core.heads[0], shape.queries), ...(core.outputs ?? [])],
    nodes: core.nodes,
    constants: core.constants,
    metadata: {
      name,
      ...(source === undefined ? {} : { source }),
      operator: core.operator,
      queries: String(shape.queries),
      keys: String(shape.tokens),
    },
  });
}

/** Batch and head dimension are the caller's choice. */
function tensor(name: string, heads: number | string, length: number): OnnxValue {
  return { name, type: 'float', shape: ['batch', heads, length, 'dim'] };
}

function coreOf(request: ExportRequest, heads: number, kvHeads: number): Core {
  const { shape, checkpoint } = request;
  const isSquare = shape.queries === shape.tokens;
  const subject = fitSubjectOf(headsOf(request), heads / kvHeads, checkpoint && { checkpoint });
  const window = isSquare ? localWindowSize(subject) : undefined;
  if (typeof window === 'number') return groupQuery(window, heads, kvHeads, shape.tokens);
  const hasKeys = subject.masks.every(({ noEmptyQuery }) => noEmptyQuery.holds);
  const block = isSquare && hasKeys ? sparseBlockSize(subject) : undefined;
  if (typeof block === 'number') return sparse(request, block, layoutCount(subject.headMask), kvHeads);
  return withMask(request);
}

/** Heads side by side in three axes, as ONNX Runtime's operators want them, and apart again afterwards. */
function sideBySide(heads: number, core: Core): Core {
  const turned = { perm: [0, 2, 1, 3] };
  const inputs = ['query', 'key', 'value'].flatMap((name): OnnxNode[] => [
    { operator: 'Transpose', inputs: [name], outputs: [`${name}_rows`], attributes: turned },
    { operator: 'Reshape', inputs: [`${name}_rows`, 'side_by_side'], outputs: [`${name}_wide`] },
  ]);
  const output: OnnxNode[] = [
    { operator: 'Reshape', inputs: ['output_wide', 'apart'], outputs: ['output_rows'] },
    { operator: 'Transpose', inputs: ['output_rows'], outputs: ['output'], attributes: turned },
  ];
  return {
    ...core,
    nodes: [...inputs, ...core.nodes, ...output],
    constants: [int64('side_by_side', [0, 0, -1]), int64('apart', [0, 0, heads, -1]), ...core.constants],
  };
}

/** One number for each sequence of the batch. */
function perSequence(name: string, value: number): OnnxNode[] {
  return [
    { operator: 'Shape', inputs: ['query'], outputs: ['batch'], attributes: { start: 0, end: 1 } },
    {
      operator: 'ConstantOfShape',
      inputs: ['batch'],
      outputs: [name],
      attributes: { value: int32('', [value], [1]) },
    },
  ];
}

function groupQuery(window: number, heads: number, kvHeads: number, tokens: number): Core {
  return sideBySide(heads, {
    operator: 'com.microsoft.GroupQueryAttention',
    note: 'for ONNX Runtime; dim is a multiple of 8',
    heads: [heads, kvHeads],
    constants: [int32('total', [tokens], [])],
    nodes: [
      ...perSequence('last_keys', tokens - 1),
      {
        operator: 'GroupQueryAttention',
        domain: MICROSOFT,
        inputs: ['query_wide', 'key_wide', 'value_wide', '', '', 'last_keys', 'total'],
        outputs: ['output_wide', 'present_key', 'present_value'],
        attributes: { num_heads: heads, kv_num_heads: kvHeads, local_window_size: window },
      },
    ],
  });
}

function sparse(request: ExportRequest, block: number, layouts: number, kvHeads: number): Core {
  const { distinct, head } = plansOf(request, { queries: block, keys: block });
  const heads = head.length;
  const { tokens } = request.shape;
  const plans = Array.from({ length: layouts }, (_, layout) => distinct[head[layout] ?? 0]).filter(
    plan => plan !== undefined,
  );
  const rows = Math.ceil(tokens / block) + 1;
  const most = plans.reduce((longest, { column }) => Math.max(longest, column.length), 0);
  const rowStart = new Int32Array(layouts * rows);
  const column = new Int32Array(layouts * most).fill(-1);
  for (const [layout, plan] of plans.entries()) {
    rowStart.set(plan.rowStart, layout * rows);
    column.set(plan.column, layout * most);
  }
  const cache = (name: string): OnnxValue => tensor(name, kvHeads, tokens);
  return sideBySide(heads, {
    operator: 'com.microsoft.SparseAttention',
    note: 'for ONNX Runtime; dim is a multiple of 8, and present_key and present_value are bound to the memory of past_key and past_value',
    heads: [heads, kvHeads],
    inputs: [cache('past_key'), cache('past_value')],
    outputs: [cache('present_key'), cache('present_value')],
    constants: [
      int32('total', [tokens], [1]),
      int32('block_row_indices', rowStart, [layouts, rows]),
      int32('block_col_indices', column, [layouts, most]),
    ],
    nodes: [
      ...perSequence('keys', tokens),
      {
        operator: 'SparseAttention',
        domain: MICROSOFT,
        inputs: [
          ...['query_wide', 'key_wide', 'value_wide', 'past_key', 'past_value'],
          ...['block_row_indices', 'block_col_indices', 'total', 'keys'],
        ],
        outputs: ['output_wide', 'present_key', 'present_value'],
        attributes: { num_heads: heads, kv_num_heads: kvHeads, sparse_block_size: block },
      },
    ],
  });
}

function withMask(request: ExportRequest): Core {
  const { queries, tokens } = request.shape;
  const heads = headsOf(request).length;
  checkExportSize(
    `The mask of ${heads} x ${queries} x ${tokens} in an ONNX model`,
    heads * queries * (tokens + 1),
    PROTOBUF_LIMIT,
    'Export it as flex or safetensors, which list only what is allowed.',
  );
  const { distinct, head } = plansOf(request);
  const shape = [1, heads, queries, tokens];
  const hasKeys = new Uint8Array(head.length * queries);
  for (const [at, index] of head.entries()) {
    const plan = distinct[index];
    if (plan === undefined) continue;
    for (const { row, runs } of maskRows(plan)) hasKeys[at * queries + row] = runs.length > 0 ? 1 : 0;
  }
  const allHaveKeys = !hasKeys.includes(0);
  return {
    operator: 'ai.onnx.Attention',
    note: `opset 23; the mask is a constant${allHaveKeys ? '' : ', and queries without keys give zeros'}`,
    heads: request.heads === undefined ? ['heads', 'kv_heads'] : [head.length, request.kvHeads ?? head.length],
    constants: [
      { name: 'mask', type: 'bool', shape, data: () => denseRows({ distinct, head }) },
      ...(allHaveKeys
        ? []
        : [
            { name: 'has_keys', type: 'bool', shape: [1, head.length, queries, 1], data: hasKeys } as const,
            { name: 'zero', type: 'float', shape: [], data: new Uint8Array(4) } as const,
          ]),
    ],
    nodes: [
      {
        operator: 'Attention',
        inputs: ['query', 'key', 'value', 'mask'],
        outputs: [allHaveKeys ? 'output' : 'attended'],
      },
      // What an operator makes of scores that are all masked differs.
      ...(allHaveKeys ? [] : [{ operator: 'Where', inputs: ['has_keys', 'attended', 'zero'], outputs: ['output'] }]),
    ],
  };
}

function int32(name: string, values: ArrayLike<number>, shape: readonly number[]): OnnxTensor {
  return { name, type: 'int32', shape, data: fromInt32(Int32Array.from(values), shape).data };
}

function int64(name: string, values: readonly number[]): OnnxTensor {
  const shape = [values.length];
  return { name, type: 'int64', shape, data: fromInt64(BigInt64Array.from(values, BigInt), shape).data };
}
