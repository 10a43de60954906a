import type { BuildOptions } from 'esbuild';

export function libraryBuild(): BuildOptions;
