// A second extension beside the one under test, in the same extension host. It asks the test for work over HTTP and answers
// with what the API of VS Code says, so that a test can check data (bytes of a saved file, diagnostics) that pixels do not show.
const vscode = require('vscode');

// Files in memory, as an extension may bring them: nobody can search them, and they have no path on any disk.
const memory = new Map();
const changed = new vscode.EventEmitter();
const missing = uri => vscode.FileSystemError.FileNotFound(uri);
const isFolder = path =>
  path === '/' || [...memory.keys()].some(each => each.startsWith(`${path.replace(/\/$/, '')}/`));

const memoryFiles = {
  onDidChangeFile: changed.event,
  watch: () => ({ dispose: () => undefined }),
  stat(uri) {
    const bytes = memory.get(uri.path);
    if (bytes) return { type: vscode.FileType.File, ctime: 0, mtime: bytes.changed, size: bytes.length };
    // The folder that is opened is there before it has files.
    if (!isFolder(uri.path) && uri.path !== '/ws') throw missing(uri);
    return { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };
  },
  readDirectory({ path }) {
    const start = `${path.replace(/\/$/, '')}/`;
    const names = [...memory.keys()].filter(each => each.startsWith(start)).map(each => each.slice(start.length));
    const entry = name => [name.split('/')[0], name.includes('/') ? vscode.FileType.Directory : vscode.FileType.File];
    return [...new Map(names.map(name => [name.split('/')[0], entry(name)])).values()];
  },
  createDirectory: () => undefined,
  readFile(uri) {
    const bytes = memory.get(uri.path);
    if (!bytes) throw missing(uri);
    return bytes;
  },
  writeFile(uri, content) {
    const type = memory.has(uri.path) ? vscode.FileChangeType.Changed : vscode.FileChangeType.Created;
    memory.set(uri.path, Object.assign(new Uint8Array(content), { changed: Date.now() }));
    changed.fire([{ type, uri }]);
  },
  delete(uri) {
    if (!memory.delete(uri.path)) throw missing(uri);
    changed.fire([{ type: vscode.FileChangeType.Deleted, uri }]);
  },
  rename(from, to) {
    this.writeFile(to, this.readFile(from));
    this.delete(from);
  },
};

/** A path inside the opened folder, or a URI. */
function uriOf(file) {
  if (/^[a-z][a-z0-9+.-]+:/i.test(file)) return vscode.Uri.parse(file);
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!folder) throw new Error('No folder is open');
  return vscode.Uri.joinPath(folder.uri, file);
}

function toBase64(bytes) {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

const handlers = {
  workspaceUri: () => vscode.workspace.workspaceFolders?.[0]?.uri.toString() ?? null,
  readFile: async ({ file }) => toBase64(await vscode.workspace.fs.readFile(uriOf(file))),
  writeFile: async ({ file, text }) => {
    await vscode.workspace.fs.writeFile(uriOf(file), new TextEncoder().encode(text));
    return null;
  },
  openUntitled: async ({ text }) => {
    const document = await vscode.workspace.openTextDocument({ language: 'sparse', content: text });
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.One });
    return document.uri.toString();
  },
  diff: async ({ left, right }) => {
    const options = { viewColumn: vscode.ViewColumn.One };
    await vscode.commands.executeCommand('vscode.diff', uriOf(left), uriOf(right), 'Difference', options);
    return null;
  },
  references: async ({ file, line, character }) => {
    const position = new vscode.Position(line, character);
    const found = await vscode.commands.executeCommand('vscode.executeReferenceProvider', uriOf(file), position);
    return (found ?? []).map(({ uri }) => uri.toString());
  },
  // Where nothing can be searched Quick Open finds no file.
  open: async ({ file }) => {
    await vscode.window.showTextDocument(uriOf(file), { viewColumn: vscode.ViewColumn.One });
    return null;
  },
  diagnostics: ({ file }) =>
    vscode.languages.getDiagnostics(uriOf(file)).map(({ message, severity, range, code }) => ({
      message,
      severity: vscode.DiagnosticSeverity[severity].toLowerCase(),
      start: { line: range.start.line, character: range.start.character },
      end: { line: range.end.line, character: range.end.character },
      code: typeof code === 'object' ? String(code.value) : code === undefined ? null : String(code),
    })),
  text: async ({ file }) => (await vscode.workspace.openTextDocument(uriOf(file))).getText(),
  // As the explorer does it: extensions are told.
  rename: async ({ from, to }) => {
    const edit = new vscode.WorkspaceEdit();
    edit.renameFile(uriOf(from), uriOf(to));
    return vscode.workspace.applyEdit(edit);
  },
  delete: async ({ file }) => {
    const edit = new vscode.WorkspaceEdit();
    edit.deleteFile(uriOf(file));
    return vscode.workspace.applyEdit(edit);
  },
  // Through an edit and not the keyboard: typing would meet completion and closing brackets.
  replaceText: async ({ file, from, to }) => {
    const document = await vscode.workspace.openTextDocument(uriOf(file));
    const text = document.getText();
    const at = from === null ? 0 : text.indexOf(from);
    if (at < 0) throw new Error(`${file} does not contain ${JSON.stringify(from)}`);
    const end = at + (from === null ? text.length : from.length);
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, new vscode.Range(document.positionAt(at), document.positionAt(end)), to);
    return vscode.workspace.applyEdit(edit);
  },
  activeEditor: () => {
    const editor = vscode.window.activeTextEditor;
    return editor
      ? {
          file: vscode.workspace.asRelativePath(editor.document.uri),
          languageId: editor.document.languageId,
          line: editor.selection.active.line,
          character: editor.selection.active.character,
        }
      : null;
  },
  extension: ({ id }) => {
    const extension = vscode.extensions.getExtension(id);
    // Only extensions of the probe's own extension host are known here.
    const runsIn = typeof process === 'object' && process.versions?.node ? 'node' : 'worker';
    return extension ? { isActive: extension.isActive, runsIn } : null;
  },
  configure: async ({ key, value }) => {
    await vscode.workspace.getConfiguration().update(key, value, vscode.ConfigurationTarget.Global);
    return null;
  },
  executeCommand: async ({ command, args }) =>
    JSON.parse(JSON.stringify((await vscode.commands.executeCommand(command, ...args)) ?? null)),
  // Answers with the time at which the command began, by the clock that pages have too.
  startCommand: ({ command, args }) => {
    const start = Date.now();
    void vscode.commands.executeCommand(command, ...args);
    return start;
  },
  clipboard: () => vscode.env.clipboard.readText(),
  // What VS Code itself needs for a webview: a page that says at once that it is there.
  emptyWebview: async () => {
    const start = Date.now();
    const panel = vscode.window.createWebviewPanel(
      'probe.empty',
      'Empty',
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true },
    );
    const there = new Promise(resolve => panel.webview.onDidReceiveMessage(resolve));
    panel.webview.html = '<!DOCTYPE html><script>acquireVsCodeApi().postMessage(Date.now())</script>';
    const end = await there;
    panel.dispose();
    return end - start;
  },
};

async function answer(request) {
  try {
    return { id: request.id, result: await handlers[request.method](request.params) };
  } catch (error) {
    return { id: request.id, error: String(error?.message ?? error) };
  }
}

exports.activate = context => {
  const { bridge } = context.extension.packageJSON;
  context.subscriptions.push(vscode.workspace.registerFileSystemProvider('memfs', memoryFiles));
  let running = true;
  context.subscriptions.push({ dispose: () => (running = false) });
  // A content type of text spares the request the question whether it is allowed.
  const post = message => fetch(bridge, { method: 'POST', body: JSON.stringify(message) }).then(reply => reply.json());
  void (async () => {
    while (running) {
      try {
        const request = await post({ next: true });
        // Not awaited: a command that waits for the user must not hold up the requests that act as the user.
        if (request.id !== undefined)
          void answer(request)
            .then(post)
            .catch(() => {});
      } catch {
        await new Promise(resolve => setTimeout(resolve, 200));
      }
    }
  })();
};
