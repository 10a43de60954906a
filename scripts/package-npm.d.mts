export function packageLibrary(folder?: string): string;
