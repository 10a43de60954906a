import type { HostProcess } from './host-process.mjs';

export function installWebWorkbench(): string;
export function startWebWorkbench(options: {
  extension: string;
  folder: string;
  port?: number;
  moreExtensions?: readonly string[];
  log?: string;
}): Promise<HostProcess & { url: string }>;
