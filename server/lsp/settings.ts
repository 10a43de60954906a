import { DefaultConfigurationProvider } from 'langium';
import type { DidChangeConfigurationParams, InitializeParams } from 'vscode-languageserver-protocol';

type Initialized = Parameters<DefaultConfigurationProvider['initialized']>[0];

const SECTION = 'sparse';

/** The settings of a person that the server reads, with what holds when the editor has none. */
export interface Settings {
  readonly hover: { readonly picture: boolean; readonly analysis: boolean };
  readonly codeLens: { readonly actions: boolean; readonly density: boolean; readonly design: boolean };
  readonly inlayHints: { readonly density: boolean; readonly parameterNames: boolean };
}

/**
 * Settings as the editor has them: asked for when it starts and when they change, or taken as it sends them. Editors
 * that know neither get the defaults.
 */
export class SparseConfiguration extends DefaultConfigurationProvider {
  #fetch: Initialized['fetchConfiguration'];
  #tellsOfChanges = false;
  readonly #listeners = new Set<() => void>();

  get current(): Settings {
    const isOn = (group: string, name: string): boolean => {
      const settings: unknown = this.settings[SECTION]?.[group];
      return typeof settings !== 'object' || settings === null || Reflect.get(settings, name) !== false;
    };
    return {
      hover: { picture: isOn('hover', 'picture'), analysis: isOn('hover', 'analysis') },
      codeLens: {
        actions: isOn('codeLens', 'actions'),
        density: isOn('codeLens', 'density'),
        design: isOn('codeLens', 'design'),
      },
      inlayHints: { density: isOn('inlayHints', 'density'), parameterNames: isOn('inlayHints', 'parameterNames') },
    };
  }

  /** Calls `listener` after settings changed. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  override initialize(params: InitializeParams): void {
    super.initialize(params);
    this.#tellsOfChanges = params.capabilities.workspace?.didChangeConfiguration?.dynamicRegistration === true;
  }

  override async initialized({ register: registering, ...params }: Initialized): Promise<void> {
    this.#fetch = this.workspaceConfig ? params.fetchConfiguration : undefined;
    const register = this.#tellsOfChanges ? registering : undefined;
    try {
      await super.initialized({
        ...params,
        // An editor may refuse to tell about changes: its settings are then those of the start.
        ...(register === undefined ? {} : { register: options => void quietly(() => register(options)) }),
      });
    } catch {
      this._ready.resolve();
    }
    this.#tell();
  }

  override updateConfiguration(change: DidChangeConfigurationParams): void {
    super.updateConfiguration(change);
    const pushed: unknown = change.settings;
    if (this.#fetch === undefined || (typeof pushed === 'object' && pushed !== null && SECTION in pushed)) this.#tell();
    else void quietly(() => this.#ask());
  }

  async #ask(): Promise<void> {
    const [settings] = (await this.#fetch?.([{ section: SECTION }])) ?? [];
    this.updateSectionConfiguration(SECTION, settings);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

async function quietly(action: () => unknown): Promise<void> {
  try {
    await action();
  } catch {
    // The editor does not know what it was asked for.
  }
}
