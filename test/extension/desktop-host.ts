// The scenarios on desktop VS Code. UNTESTED where it was written: no machine at hand could download the editor or had one.
// It uses nothing but the documented interfaces of @vscode/test-electron (download) and of Playwright (Electron).
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { downloadAndUnzipVSCode } from '@vscode/test-electron';
import { _electron, type Page } from 'playwright-core';

/** @returns the executable: VSCODE_EXECUTABLE, or a downloaded stable version */
export async function installDesktop(): Promise<string> {
  return process.env.VSCODE_EXECUTABLE || (await downloadAndUnzipVSCode('stable'));
}

export interface DesktopOptions {
  readonly executable: string;
  readonly extensions: readonly string[];
  readonly folder: string;
  /** An empty folder for everything the editor writes. */
  readonly data: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

export async function startDesktop(options: DesktopOptions): Promise<{ page: Page; close(): Promise<void> }> {
  const { executable, extensions, folder, data, settings } = options;
  const user = path.join(data, 'user/User');
  mkdirSync(user, { recursive: true });
  writeFileSync(path.join(user, 'settings.json'), JSON.stringify(settings));
  const app = await _electron.launch({
    executablePath: executable,
    args: [
      folder,
      ...extensions.map(each => `--extensionDevelopmentPath=${each}`),
      `--user-data-dir=${path.join(data, 'user')}`,
      `--extensions-dir=${path.join(data, 'extensions')}`,
      '--disable-workspace-trust',
      '--skip-welcome',
      '--skip-release-notes',
      '--disable-updates',
      '--disable-telemetry',
      '--enable-unsafe-webgpu',
      // Electron's sandbox, like Chromium's, refuses to run as root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
  return { page: await app.firstWindow(), close: () => app.close() };
}
