import * as vscode from 'vscode';

/** Folders that are looked into where VS Code itself cannot search. */
const MOST_FOLDERS = 2000;
/** Where nobody taught VS Code to search it waits without end for somebody who does. Others answer within this time. */
const PATIENCE_MS = 2000;

/** VS Code itself searches these. */
const SEARCHED: ReadonlySet<string> = new Set(['file', 'vscode-remote']);
/** Nobody has answered for these. */
const silent = new Set<string>();

/**
 * Files of the workspace whose addresses end so, but those in `node_modules`. VS Code searches on disks and wherever
 * an extension taught it to; other file systems that extensions bring are walked through.
 */
export async function findFiles(
  endings: readonly string[],
  most: number,
  token?: vscode.CancellationToken,
): Promise<readonly vscode.Uri[]> {
  const found: vscode.Uri[] = [];
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    const left = most - found.length;
    if (left <= 0) break;
    found.push(...((await search(uri, endings, left, token)) ?? (await walk(uri, endings, left, token))));
  }
  return found;
}

/** Undefined where nothing can be searched. */
async function search(
  folder: vscode.Uri,
  endings: readonly string[],
  most: number,
  token: vscode.CancellationToken | undefined,
): Promise<readonly vscode.Uri[] | undefined> {
  const { scheme } = folder;
  if (silent.has(scheme)) return undefined;
  const glob = new vscode.RelativePattern(folder, `**/*{${endings.join()}}`);
  const searching = new vscode.CancellationTokenSource();
  const stop = token?.onCancellationRequested(() => searching.cancel());
  let patience: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<undefined>(resolve => {
    if (!SEARCHED.has(scheme)) patience = setTimeout(resolve, PATIENCE_MS, undefined);
  });
  try {
    const files = vscode.workspace.findFiles(glob, '**/node_modules/**', most, searching.token);
    const found = await Promise.race([files, tooLate]);
    if (found === undefined) silent.add(scheme);
    return found;
  } finally {
    clearTimeout(patience);
    searching.cancel();
    searching.dispose();
    stop?.dispose();
  }
}

/** The nearest files first. */
async function walk(
  root: vscode.Uri,
  endings: readonly string[],
  most: number,
  token: vscode.CancellationToken | undefined,
): Promise<vscode.Uri[]> {
  const found: vscode.Uri[] = [];
  const folders = [root];
  for (let at = 0; at < folders.length && at < MOST_FOLDERS; at++) {
    const folder = folders[at];
    if (folder === undefined || found.length >= most || token?.isCancellationRequested === true) break;
    // A folder that cannot be read has no files to offer.
    const entries = await vscode.workspace.fs.readDirectory(folder).then(
      all => all,
      () => [],
    );
    for (const [name, type] of entries) {
      const uri = vscode.Uri.joinPath(folder, name);
      if ((type & vscode.FileType.Directory) !== 0) {
        // Links may lead back.
        const isLink = (type & vscode.FileType.SymbolicLink) !== 0;
        if (!isLink && name !== 'node_modules' && name !== '.git') folders.push(uri);
      } else if (endings.some(ending => name.endsWith(ending)) && found.length < most) found.push(uri);
    }
  }
  return found;
}
