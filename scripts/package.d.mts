export function packageExtension(file?: string): string;
