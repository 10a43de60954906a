export function ensureChromium(): string;
export function swiftShaderDriver(chromium: string): string | undefined;
export function chromiumFlags(): string[];
