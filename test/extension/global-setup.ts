import type { TestProject } from 'vitest/node';
import { ensureChromium } from '../../scripts/hosts/chromium.mjs';
import { installVscodeServer } from '../../scripts/hosts/vscode-server.mjs';
import { installWebWorkbench } from '../../scripts/hosts/web-workbench.mjs';
import { installDesktop } from './desktop-host.ts';
import { prepareExtension } from './extension-under-test.ts';
import { type HostKind, isHostKind } from './host.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    hostKind: HostKind;
    /** The browser, or the desktop editor itself. */
    executable: string;
  }
}

/** Once per editor: installs what it needs, so that no test's time limit has to cover a download, and packages the extension. */
export default async function setup(project: TestProject): Promise<void> {
  const kind = ['screenshots', 'bench'].includes(project.name) ? 'web' : project.name;
  if (!isHostKind(kind)) throw new Error(`There is no editor called ${kind}`);
  prepareExtension();
  if (kind === 'web') installWebWorkbench();
  if (kind === 'server') installVscodeServer();
  project.provide('hostKind', kind);
  project.provide('executable', kind === 'desktop' ? await installDesktop() : ensureChromium());
}
