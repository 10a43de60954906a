import { type DecoderLayer, decoderLayer, encoderWindow, seesAll } from '../analyse/fit/hugging-face.ts';
import type { Fit } from '../analyse/fit/library.ts';
import { isNotSquare } from '../analyse/fit/reasons.ts';
import { type FitSubject, fitSubjectOf } from '../analyse/fit/subject.ts';
import { EMPTY, type Intervals, rangesOf } from '../analyse/recognise/intervals.ts';
import { isDynamic } from '../pattern/bind.ts';
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
 * Qwen, Llama 4...), or `longformer`, `led` and, without global tokens, `longt5` and for models `modernbert`, which alone may
 * have layers that see everything. A model has the kinds of all its layers. Global tokens are beside it:
 * `global_attention_mask` int64 [1, tokens], which Longformer and LED take as an argument.
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
  if (layers?.flat().some(({ pattern, shape }) => isDynamic(pattern, shape)))
    return { reason: 'it configures all layers and heads, and some of them choose keys by content', roundable: false };
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

/** What an encoder's layer sees: all, or a window and global tokens. */
type EncoderLayer = 'all' | { readonly radius: number; readonly global: Intervals };

function encoder(subjects: readonly FitSubject[], named: boolean): Configuration | Misfit {
  const layers: EncoderLayer[] = [];
  for (const [layer, subject] of subjects.entries()) {
    // Only layers that have names can differ in kind.
    const found = named && isNotSquare(subject) === undefined && seesAll(subject) ? 'all' : encoderWindow(subject);
    if (found !== 'all' && 'fits' in found) return misfitOf(found, subjects, layer);
    layers.push(found);
  }
  const windows = layers.filter(layer => layer !== 'all');
  const global = windows[0]?.global ?? EMPTY;
  const other = layers.findIndex(layer => layer !== 'all' && layer.global.join() !== global.join());
  if (other >= 0)
    return { reason: `all layers have the same global tokens, but layer ${other} has others`, roundable: false };
  const sizes = [...new Set(windows.map(({ radius }) => 2 * radius))];
  const [size = 0] = sizes;
  const everywhere = layers.indexOf('all');
  if (everywhere >= 0) {
    const because =
      global.length > 0
        ? 'which no model has beside global tokens'
        : sizes.length > 1
          ? `beside which all windows have one size, but here are ${sizes.join(' and ')}`
          : undefined;
    if (because !== undefined) return { reason: `layer ${everywhere} sees everything, ${because}`, roundable: false };
    return { fields: { modernbert: modernBert(layers, size) }, global };
  }
  const attention_window = named ? windows.map(({ radius }) => 2 * radius) : size;
  const isLocal = global.length === 0 && sizes.length === 1;
  return {
    fields: {
      longformer: { model_type: 'longformer', attention_window },
      led: { model_type: 'led', attention_window },
      ...(isLocal && { longt5: { model_type: 'longt5', encoder_attention_type: 'local', local_radius: size / 2 } }),
      ...(isLocal && named && { modernbert: modernBert(layers, size) }),
    },
    global,
  };
}

/** The first layers of every three see everything unless the configuration says what each does. */
function modernBert(layers: readonly EncoderLayer[], size: number): object {
  const layer_types = layers.map(layer => (layer === 'all' ? 'full_attention' : 'sliding_attention'));
  return { model_type: 'modernbert', ...(size > 0 && { local_attention: size }), layer_types };
}

function misfitOf(fit: Fit, subjects: readonly FitSubject[], layer: number): Misfit {
  if (fit.fits) throw new RangeError('a mask that fits has no reason against it');
  const { because, pair } = fit;
  const where = subjects.length > 1 ? `layer ${layer}: ` : '';
  return { reason: `${where}${because}`, roundable: false, ...(pair && { pair }) };
}
