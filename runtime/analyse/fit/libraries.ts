import { blockSparseAttention, flashInfer, spargeAttn } from './block-kernels.ts';
import { huggingFaceBigBird, huggingFaceDecoders, huggingFaceLongformer } from './hugging-face.ts';
import { flashAttention, flashAttention4, flashMask, flexAttention, magiAttention } from './kernels.ts';
import { deepSpeed, openaiBlocksparse, tritonLayout } from './layouts.ts';
import type { Library } from './library.ts';
import { splash, xformers } from './mask-classes.ts';
import { natten } from './natten.ts';
import { onnxAttention, onnxGroupQuery, onnxLongformer, onnxSparse } from './onnx.ts';

/** Every library that is asked, those for training first. */
export const libraries: readonly Library[] = [
  flexAttention,
  flashAttention4,
  flashAttention,
  flashMask,
  magiAttention,
  blockSparseAttention,
  spargeAttn,
  flashInfer,
  natten,
  xformers,
  splash,
  deepSpeed,
  tritonLayout,
  openaiBlocksparse,
  huggingFaceLongformer,
  huggingFaceBigBird,
  huggingFaceDecoders,
  onnxAttention,
  onnxGroupQuery,
  onnxSparse,
  onnxLongformer,
];
