// A second extension beside the one under test, in the same extension host. It asks the test for work over HTTP and answers
// with what the API of VS Code says, so that a test can check data (bytes of a saved file, diagnostics) that pixels do not show.
const vscode = require('vscode');

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
  diagnostics: ({ file }) =>
    vscode.languages.getDiagnostics(uriOf(file)).map(({ message, severity, range, code }) => ({
      message,
      severity: vscode.DiagnosticSeverity[severity].toLowerCase(),
      start: { line: range.start.line, character: range.start.character },
      end: { line: range.end.line, character: range.end.character },
      code: typeof code === 'object' ? String(code.value) : code === undefined ? null : String(code),
    })),
  text: async ({ file }) => (await vscode.workspace.openTextDocument(uriOf(file))).getText(),
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
