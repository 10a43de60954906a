import type { HostProcess } from './host-process.mjs';

export function installVscodeServer(): { node: string; server: string };
export function startVscodeServer(options: {
  extensions: readonly string[];
  folder: string;
  data: string;
  settings?: Readonly<Record<string, unknown>>;
  log?: string;
  restricted?: boolean;
}): Promise<HostProcess & { url: string }>;
