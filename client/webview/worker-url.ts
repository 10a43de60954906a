/**
 * An address from which workers start: a page in VS Code may load one only from a blob of its own. Kept for the life of
 * the page.
 */
async function workerUrl(script: string): Promise<string> {
  const response = await fetch(script);
  return URL.createObjectURL(new Blob([await response.text()], { type: 'text/javascript' }));
}

/** The same, fetched when somebody asks for it first. */
export function workerUrlLater(script: string): () => Promise<string> {
  let url: Promise<string> | undefined;
  return () => {
    url ??= workerUrl(script).catch(error => {
      // It may be there the next time.
      url = undefined;
      throw error;
    });
    return url;
  };
}
