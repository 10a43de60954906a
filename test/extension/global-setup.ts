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
  if (!isHostKind(project.name)) throw new Error(`There is no editor called ${project.name}`);
  prepareExtension();
  if (project.name === 'web') installWebWorkbench();
  if (project.name === 'server') installVscodeServer();
  project.provide('hostKind', project.name);
  project.provide('executable', project.name === 'desktop' ? await installDesktop() : ensureChromium());
}
