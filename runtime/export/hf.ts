import { type DecoderLayer, decoderLayer, encoderWindow } from '../analyse/fit/hugging-face.ts';
import type { Fit } from '../analyse/fit/library.ts';
import { type FitSubject, fitSubjectOf } from '../analyse/fit/subject.ts';
import { type Intervals, rangesOf } from '../analyse/recognise/intervals.ts';
import { maskName } from '../pattern/mask-name.ts';
import { contentsOfText } from '../tensor/contents.ts';
import { fromInt64 } from '../tensor/convert.ts';
import { safetensorsContents } from '../tensor/safetensors.ts';
import { headsOf } from './head-masks.ts';
import { jsonText } from './json.ts';
import type { Misfit } from './misfit.ts';
import type { Exported, ExportedFile, ExportRequest } from './request.ts';

/** Fields of config.json, by the model types that read them. */
interface Configuration {
  readonly fields: Readonly<Record<string, object>>;
  /** Tokens that see all and are seen by all, which models are told when they run. */
  readonly global: Intervals;
}

/** Why no configuration of transformers means the masks of a request; undefined when one does. Throws CompileError. */
export function hfMisfit(request: ExportRequest): Misfit | undefined {
  const found = configurationOf(request);
  return 'reason' in found ? found : undefined;
}

/**
 * Fields of config.json for transformers 5.18 as JSON, by model type: `decoder` (any with `layer_types`: Mistral, Gemma,
 * Qwen, Llama 4...), or `longformer`, `led` and, without global tokens, `longt5`. A model has the kinds of all its layers. Global
 * tokens are beside it: `global_attention_mask` int64 [1, tokens], which Longformer and LED take as an argument.
 */
export function exportHf(request: ExportRequest): Exported {
  const found = configurationOf(request);
  if ('reason' in found) throw new RangeError(found.reason);
  const json: ExportedFile = { extension: 'json', contents: contentsOfText(`${jsonText(found.fields)}\n`) };
  if (found.global.length === 0) return { files: [json], addedPairs: 0 };
  const { tokens } = request.shape;
  const mask = new BigInt64Array(tokens);
  for (const [from, to] of rangesOf(found.global)) mask.fill(1n, from, to);
  const contents = safetensorsContents({ global_attention_mask: fromInt64(mask, [1, tokens]) }, { name: request.name });
  return { files: [json, { extension: 'safetensors', contents }], addedPairs: 0 };
}

function configurationOf(request: ExportRequest): Configuration | Misfit {
  const { layers, checkpoint } = request;
  // Layers that are alike are looked at once.
  const known = new Map<string, FitSubject>();
  const subjects = (layers ?? [headsOf(request)]).map(heads => {
    const names = heads.map(({ pattern, shape }) => maskName(pattern, shape)).join();
    const subject = known.get(names) ?? fitSubjectOf(heads, 1, checkpoint && { checkpoint });
    known.set(names, subject);
    return subject;
  });
  const causal = subjects[0]?.masks.every(mask => mask.causal.holds) === true;
  return causal ? decoder(subjects, layers !== undefined) : encoder(subjects, layers !== undefined);
}

function decoder(subjects: readonly FitSubject[], named: boolean): Configuration | Misfit {
  const kinds: DecoderLayer[] = [];
  for (const [layer, subject] of subjects.entries()) {
    const kind = decoderLayer(subject);
    if ('fits' in kind) return misfitOf(kind, subjects, layer);
    kinds.push(kind);
  }
  const fields: Record<string, unknown> = named ? { layer_types: kinds.map(({ type }) => type) } : {};
  for (const [type, field] of [
    ['sliding_attention', 'sliding_window'],
    ['chunked_attention', 'attention_chunk_size'],
  ] as const) {
    const sizes = [...new Set(kinds.filter(kind => kind.type === type).map(({ size }) => size))];
    if (sizes.length > 1)
      return { reason: `all layers have one ${field}, but here are ${sizes.join(' and ')}`, roundable: false };
    if (sizes.length === 1) fields[field] = sizes[0];
  }
  // A decoder that has no window by itself may have one by default.
  if (fields.sliding_window === undefined) fields.sliding_window = null;
  return { fields: { decoder: fields }, global: [] };
}

function encoder(subjects: readonly FitSubject[], named: boolean): Configuration | Misfit {
  const windows: number[] = [];
  let global: Intervals | undefined;
  for (const [layer, subject] of subjects.entries()) {
    const found = encoderWindow(subject);
    if ('fits' in found) return misfitOf(found, subjects, layer);
    global ??= found.global;
    if (global.join() !== found.global.join())
      return { reason: `all layers have the same global tokens, but layer ${layer} has others`, roundable: false };
    windows.push(2 * found.radius);
  }
  const [first = 0] = windows;
  const attention_window = named ? windows : first;
  const isLocal = global?.length === 0 && windows.every(window => window === first);
  return {
    fields: {
      longformer: { model_type: 'longformer', attention_window },
      led: { model_type: 'led', attention_window },
      ...(isLocal && { longt5: { model_type: 'longt5', encoder_attention_type: 'local', local_radius: first / 2 } }),
    },
    global: global ?? [],
  };
}

function misfitOf(fit: Fit, subjects: readonly FitSubject[], layer: number): Misfit {
  if (fit.fits) throw new RangeError('a mask that fits has no reason against it');
  const { because, pair } = fit;
  const where = subjects.length > 1 ? `layer ${layer}: ` : '';
  return { reason: `${where}${because}`, roundable: false, ...(pair && { pair }) };
}
