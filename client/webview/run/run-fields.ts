import { html, nothing, type TemplateResult } from 'lit';
import { parseTokens } from '../format.ts';
import {
  DATA_SOURCES,
  type DataSource,
  MOST_HEADS,
  MOST_TOKENS,
  type RunOn,
  type RunSettings,
} from './run-settings.ts';

/** What the fields show besides what was chosen. */
export interface RunFields {
  readonly settings: RunSettings;
  /** What empty fields stand for. */
  readonly tokens: number;
  readonly width: number;
  /** Heads of the layer. */
  readonly heads: number;
  /** Is there an extension host that could run attention? */
  readonly canUseHost: boolean;
  /** The file of tensors in words, or null. */
  readonly tensors: string | null;
}

export interface RunFieldActions {
  set(settings: Partial<RunSettings>): void;
  /** Asks the user for a file of tensors. */
  pick(): void;
}

const BACKENDS: readonly { readonly id: RunOn; readonly name: string; readonly title: string }[] = [
  { id: 'gpu', name: 'WebGPU', title: 'WebGPU of the editor, or the CPU where there is no adapter' },
  { id: 'cpu', name: 'CPU', title: 'WebAssembly in workers of the editor' },
  {
    id: 'host',
    name: 'GPU (host)',
    title: 'Dawn on the machine where extensions run: over Remote, the machine of the files',
  },
];

/** Widths of a head that can be picked. */
const HEAD_DIMS = [16, 32, 64, 128];

const NAMES: Readonly<Record<DataSource, string>> = {
  random: 'random',
  local: 'local',
  sinks: 'sinks + local',
  clusters: 'clusters',
  needle: 'needle',
  tensors: 'a file...',
};
const DATA_TITLE =
  'Made-up queries and keys: random ones attend to all alike; local: to their neighbourhood; sinks + local: to the first ' +
  'four keys as well; clusters: to tokens of their own kind, which lie scattered; needle: to one key in each head. Or q, k ' +
  'and v of a .safetensors, .npz or .npy file.';

/** What a run computes, and where. */
export function runFields(fields: RunFields, actions: RunFieldActions): TemplateResult {
  const { settings } = fields;
  const fromFile = settings.data === 'tensors';
  return html`<div class="fields" role="group" aria-label="What a run computes">
    ${select(
      'backend',
      'on',
      'Where attention runs',
      BACKENDS.filter(({ id }) => id !== 'host' || fields.canUseHost).map(({ id, name }) => [id, name]),
      settings.runOn,
      value => actions.set({ runOn: BACKENDS.find(({ id }) => id === value)?.id ?? 'gpu' }),
      BACKENDS.map(({ name, title }) => `${name}: ${title}`).join('. '),
    )}
    ${select(
      'dtype',
      'dtype',
      'Numbers of the tensors',
      [
        ['f32', 'f32'],
        ['f16', 'f16'],
      ],
      settings.dtype,
      value => actions.set({ dtype: value === 'f16' ? 'f16' : 'f32' }),
      'float32; or float16 where the device is faster with it: tensors are rounded, sums stay float32',
    )}
    ${select(
      'data',
      'data',
      'Queries, keys and values',
      DATA_SOURCES.map(source => [source, NAMES[source]]),
      settings.data,
      value => {
        const data = DATA_SOURCES.find(source => source === value) ?? 'random';
        actions.set({ data });
        if (data === 'tensors' && settings.tensors === null) actions.pick();
      },
      DATA_TITLE,
    )}
    ${
      fromFile
        ? html`<span class="file">${fields.tensors ?? 'No file yet.'}</span>
            <vscode-button secondary @click=${actions.pick}>Pick a file...</vscode-button>`
        : html`${number('run-tokens', 'n', 'Length of a run', settings.tokens, fields.tokens, MOST_TOKENS, tokens => actions.set({ tokens }))}
            ${number('run-heads', 'heads', `Heads of a run; empty: the one that is shown${fields.heads > 1 ? `, of ${fields.heads}` : ''}`, settings.heads, 1, MOST_HEADS, heads => actions.set({ heads, ...(heads === null && { kvHeads: null }) }))}
            ${
              settings.heads === null || settings.heads === 1
                ? nothing
                : number(
                    'run-kv-heads',
                    'kv',
                    'Heads of keys and values, which divide the heads',
                    settings.kvHeads,
                    null,
                    settings.heads,
                    kvHeads => actions.set({ kvHeads }),
                  )
            }
            ${select(
              'width',
              'width',
              'Width of a head',
              [['', `own (${fields.width})`], ...HEAD_DIMS.map(width => [String(width), String(width)] as const)],
              String(settings.headDim ?? ''),
              value => actions.set({ headDim: Number(value) || null }),
              'Width of a head',
            )}`
    }
  </div>`;
}

function select(
  name: string,
  shown: string,
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  value: string,
  picked: (value: string) => void,
  title: string,
): TemplateResult {
  return html`<span class="field" title=${title}
    ><span aria-hidden="true">${shown}</span>
    <vscode-single-select
      class=${name}
      label=${label}
      aria-label=${label}
      .value=${value}
      @change=${(event: Event) => picked((event.target as HTMLSelectElement).value)}
    >
      ${options.map(([each, text]) => html`<vscode-option value=${each} ?selected=${each === value}>${text}</vscode-option>`)}
    </vscode-single-select>
  </span>`;
}

/** A whole number that may be left out. What makes no sense is taken back. */
function number(
  id: string,
  shown: string,
  label: string,
  value: number | null,
  stands: number | null,
  most: number,
  set: (value: number | null) => void,
): TemplateResult {
  const changed = (event: Event): void => {
    const field = event.target as HTMLInputElement;
    const text = field.value.trim();
    const typed = text === '' ? null : parseTokens(text);
    if (typed !== undefined && (typed === null || typed <= most)) set(typed);
    else field.value = value === null ? '' : String(value);
  };
  return html`<span class="field" title=${`${label}; 1 to ${most}`}
    ><span aria-hidden="true">${shown}</span>
    <vscode-textfield
      id=${id}
      .label=${label}
      placeholder=${stands === null ? '' : String(stands)}
      .value=${value === null ? '' : String(value)}
      @change=${changed}
    ></vscode-textfield>
  </span>`;
}
