// ONNX models of one attention operator, written by hand: a model is a few hundred bytes of protocol buffers.

/** `varint` of a whole number. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

const number = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const bytes = (field: number, content: readonly number[]): number[] => [
  ...varint(field * 8 + 2),
  ...varint(content.length),
  ...content,
];
const text = (field: number, value: string): number[] => bytes(field, [...new TextEncoder().encode(value)]);

const FLOAT = 1;

/** ValueInfoProto of a float32 tensor. */
function tensor(field: number, name: string, shape: readonly number[]): number[] {
  const dims = shape.flatMap(size => bytes(1, number(1, size)));
  return bytes(field, [...text(1, name), ...bytes(2, bytes(1, [...number(1, FLOAT), ...bytes(2, dims)]))]);
}

export interface OnnxShape {
  readonly heads: number;
  readonly tokens: number;
  readonly headDim: number;
  /** Has the model a bias, [1, 1, tokens, tokens], that is added to the scores of all heads? */
  readonly bias: boolean;
}

/**
 * com.microsoft.MultiHeadAttention over q, k, v of [1, tokens, heads * headDim], float32, and `bias` when there is one; its
 * output is `o`, of the same shape.
 */
export function multiHeadAttention({ heads, tokens, headDim, bias }: OnnxShape): Uint8Array {
  const rows = [1, tokens, heads * headDim];
  const inputs = bias ? ['q', 'k', 'v', '', '', 'bias'] : ['q', 'k', 'v'];
  const node = [
    ...inputs.flatMap(name => text(1, name)),
    ...text(2, 'o'),
    ...text(4, 'MultiHeadAttention'),
    ...bytes(5, [...text(1, 'num_heads'), ...number(3, heads), ...number(20, 2)]),
    ...text(7, 'com.microsoft'),
  ];
  const graph = [
    ...bytes(1, node),
    ...text(2, 'attention'),
    ...['q', 'k', 'v'].flatMap(name => tensor(11, name, rows)),
    ...(bias ? tensor(11, 'bias', [1, 1, tokens, tokens]) : []),
    ...tensor(12, 'o', rows),
  ];
  const opset = (domain: string, version: number): number[] => bytes(8, [...text(1, domain), ...number(2, version)]);
  return Uint8Array.from([...number(1, 10), ...bytes(7, graph), ...opset('', 17), ...opset('com.microsoft', 1)]);
}

/** [heads][tokens][headDim] -> [tokens][heads][headDim]; with heads and tokens exchanged, back again. */
export function exchange(data: Float32Array, heads: number, tokens: number, headDim: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let head = 0; head < heads; head++)
    for (let token = 0; token < tokens; token++) {
      const at = (head * tokens + token) * headDim;
      out.set(data.subarray(at, at + headDim), (token * heads + head) * headDim);
    }
  return out;
}
