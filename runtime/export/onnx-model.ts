import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

// The part of onnx.proto (ONNX 1.23) that a graph of few nodes needs. Field numbers are those of that file.

/** Element types of `TensorProto`. */
export const ONNX_TYPES = { float: 1, int32: 6, int64: 7, bool: 9 } as const;
type OnnxType = keyof typeof ONNX_TYPES;

/** Little-endian elements of a tensor in row-major order. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** An input or output: extents are numbers, or names of what is known only when the model runs. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly (number | string)[];
}

export interface OnnxNode {
  readonly operator: string;
  /** Absent: ONNX's own operators. */
  readonly domain?: string;
  /** An empty name leaves an optional one out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | readonly number[] | OnnxTensor>>;
}

export interface OnnxModel {
  readonly name: string;
  readonly documentation: string;
  /** Version of each operator set, by domain; `''` is ONNX's own. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Oldest format of files that knows the operators used here. */
const IR_VERSION = 10;

/** A model as the bytes of a .onnx file. */
export function writeOnnx(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const out = new BinaryWriter();
  out.tag(1, WireType.Varint).int64(IR_VERSION);
  text(out, 2, 'sparse-attention');
  message(out, 7, graph => {
    for (const node of model.nodes) message(graph, 1, each => writeNode(each, node));
    text(graph, 2, model.name);
    for (const constant of model.constants) message(graph, 5, each => writeTensor(each, constant));
    text(graph, 10, model.documentation);
    for (const value of model.inputs) message(graph, 11, each => writeValue(each, value));
    for (const value of model.outputs) message(graph, 12, each => writeValue(each, value));
  });
  for (const [domain, version] of Object.entries(model.opsets))
    message(out, 8, opset => {
      text(opset, 1, domain);
      opset.tag(2, WireType.Varint).int64(version);
    });
  for (const [key, value] of Object.entries(model.metadata))
    message(out, 14, entry => {
      text(entry, 1, key);
      text(entry, 2, value);
    });
  return out.finish();
}

function writeNode(out: BinaryWriter, { operator, domain, inputs, outputs, attributes }: OnnxNode): void {
  for (const input of inputs) text(out, 1, input);
  for (const output of outputs) text(out, 2, output);
  text(out, 4, operator);
  for (const [name, value] of Object.entries(attributes ?? {}))
    message(out, 5, attribute => {
      text(attribute, 1, name);
      const type = writeAttribute(attribute, value);
      attribute.tag(20, WireType.Varint).int32(type);
    });
  if (domain !== undefined) text(out, 7, domain);
}

/** Writes a value and returns its `AttributeProto.AttributeType`. */
function writeAttribute(out: BinaryWriter, value: number | readonly number[] | OnnxTensor): number {
  if (typeof value === 'number') {
    out.tag(3, WireType.Varint).int64(value);
    return 2;
  }
  if ('name' in value) {
    message(out, 5, tensor => writeTensor(tensor, value));
    return 4;
  }
  for (const each of value) out.tag(8, WireType.Varint).int64(each);
  return 7;
}

function writeTensor(out: BinaryWriter, { name, type, shape, data }: OnnxTensor): void {
  for (const extent of shape) out.tag(1, WireType.Varint).int64(extent);
  out.tag(2, WireType.Varint).int32(ONNX_TYPES[type]);
  text(out, 8, name);
  out.tag(9, WireType.LengthDelimited).bytes(data);
}

function writeValue(out: BinaryWriter, { name, type, shape }: OnnxValue): void {
  text(out, 1, name);
  message(out, 2, types =>
    message(types, 1, tensor => {
      tensor.tag(1, WireType.Varint).int32(ONNX_TYPES[type]);
      message(tensor, 2, extents => {
        for (const extent of shape)
          message(extents, 1, each => {
            if (typeof extent === 'number') each.tag(1, WireType.Varint).int64(extent);
            else text(each, 2, extent);
          });
      });
    }),
  );
}

function text(out: BinaryWriter, field: number, value: string): void {
  out.tag(field, WireType.LengthDelimited).string(value);
}

function message(out: BinaryWriter, field: number, write: (inside: BinaryWriter) => void): void {
  out.tag(field, WireType.LengthDelimited).fork();
  write(out);
  out.join();
}
