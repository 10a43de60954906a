import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { chromiumFlags } from '../../scripts/hosts/chromium.mjs';
import { startVscodeServer } from '../../scripts/hosts/vscode-server.mjs';
import { startWebWorkbench } from '../../scripts/hosts/web-workbench.mjs';
import { startDesktop } from './desktop-host.ts';
import { extensionFolder } from './extension-under-test.ts';
import { ProbeBridge } from './probe-bridge.ts';

const hostKinds = ['web', 'server', 'desktop'] as const;

/** `web`: extensions in a web worker. `server`: in Node, the workbench in a browser. `desktop`: VS Code itself. */
export type HostKind = (typeof hostKinds)[number];

export function isHostKind(name: string): name is HostKind {
  return hostKinds.some(kind => kind === name);
}

export interface HostOptions {
  readonly kind: HostKind;
  readonly executable: string;
  /** Files of the opened folder, beside those of examples/. */
  readonly files?: Readonly<Record<string, string>>;
  /** Opened in the place of a folder of the disk: `memfs:/...`, which the probe serves from memory. Not on the desktop. */
  readonly folderUri?: string;
  /** More flags for Chromium. */
  readonly flags?: readonly string[];
  /** Leave WebGPU without an adapter, to see what happens then. */
  readonly withoutGpu?: boolean;
  /** Open the folder without trusting it (Restricted Mode). Only the VS Code server can. */
  readonly restricted?: boolean;
}

/** A running editor with the extension and the probe. */
export interface Host {
  readonly kind: HostKind;
  readonly page: Page;
  readonly probe: ProbeBridge;
  /** What the page wrote to its console, for the story behind a failure. */
  readonly console: readonly string[];
  close(): Promise<void>;
}

const settings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'extensions.ignoreRecommendations': true,
  'files.simpleDialog.enable': true,
  'files.autoSave': 'off',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
};

const untrusted = {
  'security.workspace.trust.enabled': true,
  'security.workspace.trust.startupPrompt': 'never',
  'security.workspace.trust.untrustedFiles': 'open',
};

const gpuFlags = new Set(['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan']);

/** Starts an editor on a fresh folder and profile. */
export async function openHost(options: HostOptions): Promise<Host> {
  const root = mkdtempSync(path.join(tmpdir(), `sparse-${options.kind}-`));
  const closers: (() => Promise<void>)[] = [async () => rmSync(root, { recursive: true, force: true, maxRetries: 5 })];
  const close = async () => {
    for (const each of closers.splice(0).reverse()) await each();
  };
  try {
    const folder = writeWorkspace(root, options.files ?? {});
    const probe = new ProbeBridge();
    await probe.listen();
    closers.push(() => probe.close());
    const page = await openPage(options, root, folder, probe.writeExtension(path.join(root, 'probe')), closers);
    const messages: string[] = [];
    page.on('console', message => messages.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', error => messages.push(`uncaught: ${error.message}`));
    await page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
    // The first answer of the probe: the extension host is up, with its folder.
    await probe.ask('workspaceUri', {}, 60_000);
    return { kind: options.kind, page, probe, console: messages, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function writeWorkspace(root: string, files: Readonly<Record<string, string>>): string {
  const folder = path.join(root, 'workspace');
  mkdirSync(folder);
  cpSync(path.resolve(import.meta.dirname, '../../examples'), folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}

async function openPage(
  options: HostOptions,
  root: string,
  folder: string,
  probe: string,
  closers: (() => Promise<void>)[],
): Promise<Page> {
  const extensions = [extensionFolder, probe];
  if (options.kind === 'desktop') {
    const data = path.join(root, 'data');
    const desktop = await startDesktop({ executable: options.executable, extensions, folder, data, settings });
    closers.push(() => desktop.close());
    return desktop.page;
  }
  const virtual = options.folderUri === undefined ? {} : { folderUri: options.folderUri };
  const log = path.resolve(`test-results/${options.kind}-host.log`);
  const server =
    options.kind === 'web'
      ? await startWebWorkbench({ extension: extensionFolder, moreExtensions: [probe], folder, log, ...virtual })
      : await startVscodeServer({
          extensions,
          folder,
          ...virtual,
          data: path.join(root, 'data'),
          settings: options.restricted ? { ...settings, ...untrusted } : settings,
          log,
          restricted: options.restricted === true,
        });
  closers.push(() => server.close());
  const flags = chromiumFlags().filter(flag => !(options.withoutGpu === true && gpuFlags.has(flag)));
  const browser = await chromium.launchPersistentContext(path.join(root, 'profile'), {
    executablePath: options.executable,
    headless: true,
    viewport: { width: 1400, height: 900 },
    args: [...flags, ...(options.flags ?? [])],
  });
  closers.push(() => browser.close());
  const page = browser.pages()[0] ?? (await browser.newPage());
  await page.goto(server.url);
  return page;
}
