/**
 * An address from which workers start: a page in VS Code may load one only from a blob of its own. Kept for the life of
 * the page.
 */
export async function workerUrl(script: string): Promise<string> {
  const response = await fetch(script);
  return URL.createObjectURL(new Blob([await response.text()], { type: 'text/javascript' }));
}
