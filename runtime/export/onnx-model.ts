import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type Contents, contentsOf, type Made, type Pieces, piecesOf } from '../tensor/contents.ts';

// The part of onnx.proto (ONNX 1.23) that a graph of few nodes needs. Field numbers are those of that file.

/** Element types of `TensorProto`. */
export const ONNX_TYPES = { float: 1, int32: 6, int64: 7, bool: 9 } as const;
type OnnxType = keyof typeof ONNX_TYPES;

/** Bytes of an element. */
const WIDTHS: Readonly<Record<OnnxType, number>> = { float: 4, int32: 4, int64: 8, bool: 1 };

/** Little-endian elements of a tensor in row-major order. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** The same, which may be made while it is written. */
export type OnnxConstant = Made<OnnxTensor>;

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
  readonly constants: readonly OnnxConstant[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Oldest format of files that knows the operators used here. */
const IR_VERSION = 10;

/** A model as a .onnx file. */
export function onnxContents(model: OnnxModel): Contents {
  const graph = graphOf(model);
  const start = new BinaryWriter();
  start.tag(1, WireType.Varint).int64(IR_VERSION);
  text(start, 2, 'sparse-attention');
  start.tag(7, WireType.LengthDelimited).uint32(sizeOf(graph));
  const end = new BinaryWriter();
  for (const [domain, version] of Object.entries(model.opsets))
    message(end, 8, opset => {
      text(opset, 1, domain);
      opset.tag(2, WireType.Varint).int64(version);
    });
  for (const [key, value] of Object.entries(model.metadata))
    message(end, 14, entry => {
      text(entry, 1, key);
      text(entry, 2, value);
    });
  const parts = [part(start), ...graph, part(end)];
  return contentsOf(function* () {
    for (const { data } of parts) yield* piecesOf(data);
  }, sizeOf(parts));
}

/** Bytes of a file: a message names its size before all that is in it, which may not be there yet. */
interface Part {
  readonly size: number;
  readonly data: Uint8Array | Pieces;
}

function part(written: BinaryWriter): Part {
  const data = written.finish();
  return { size: data.length, data };
}

function sizeOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

function graphOf(model: OnnxModel): readonly Part[] {
  const start = new BinaryWriter();
  for (const node of model.nodes) message(start, 1, each => writeNode(each, node));
  text(start, 2, model.name);
  const constants = model.constants.flatMap(constant => {
    const { shape, type, data } = constant;
    const own = { size: shape.reduce((product, extent) => product * extent, WIDTHS[type]), data };
    const inside = new BinaryWriter();
    writeTensorHead(inside, constant);
    const head = part(inside.uint32(own.size));
    const before = new BinaryWriter();
    before.tag(5, WireType.LengthDelimited).uint32(head.size + own.size);
    return [part(before), head, own];
  });
  const end = new BinaryWriter();
  text(end, 10, model.documentation);
  for (const value of model.inputs) message(end, 11, each => writeValue(each, value));
  for (const value of model.outputs) message(end, 12, each => writeValue(each, value));
  return [part(start), ...constants, part(end)];
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

function writeTensor(out: BinaryWriter, tensor: OnnxTensor): void {
  writeTensorHead(out, tensor);
  out.bytes(tensor.data);
}

/** All of a tensor but its bytes and their number, which come last. */
function writeTensorHead(out: BinaryWriter, { name, type, shape }: Omit<OnnxTensor, 'data'>): void {
  for (const extent of shape) out.tag(1, WireType.Varint).int64(extent);
  out.tag(2, WireType.Varint).int32(ONNX_TYPES[type]);
  text(out, 8, name);
  out.tag(9, WireType.LengthDelimited);
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
