import { posix } from 'node:path';

/** What the people and the editor around the command do. */
export const editor = {
  format: '',
  written: new Map<string, Uint8Array>(),
  cancelled: false,
  saveDialogs: 0,
  writeProblem: '',
  /** A file that nothing can be put in the place of. */
  fixed: '',
  text: '',
  choice: undefined as string | undefined,
  commands: [] as string[],
  commandProblem: '',
  /** What warnings are answered with. */
  answer: undefined as string | undefined,
  place: '',
  offered: [] as { label: string; detail: string; description: string; format?: { id: string } }[],
  places: [] as string[],
  buttons: [] as string[],
  messages: [] as string[],
  progress: [] as number[],
  clipboard: '',
  placeHolder: '' as string | undefined,
  proposed: [] as string[],
  inWorkspace: true,
  /** What the editor keeps for the extension. */
  kept: {} as Record<string, unknown>,
};

const file = (path: string) => ({ scheme: 'file', path, toString: () => `file://${path}` });

/** What the commands ask the module `vscode` for. */
export const vscode = {
  CancellationTokenSource: class {
    token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };
    cancel(): void {}
    dispose(): void {}
  },
  ProgressLocation: { Notification: 15 },
  QuickPickItemKind: { Separator: -1 },
  UIKind: { Desktop: 1 },
  env: {
    uiKind: 2,
    clipboard: {
      writeText: (text: string) => {
        editor.clipboard = text;
        return Promise.resolve();
      },
    },
  },
  Uri: {
    parse: (text: string) => file(new URL(text).pathname),
    joinPath: (base: { path: string }, ...names: string[]) => file(posix.join(base.path, ...names)),
  },
  workspace: {
    getWorkspaceFolder: () => (editor.inWorkspace ? {} : undefined),
    openTextDocument: () => Promise.resolve({ getText: () => 'the text' }),
    fs: {
      stat: (file: { path: string }) =>
        editor.written.has(file.path)
          ? Promise.resolve({ size: editor.written.get(file.path)!.length })
          : Promise.reject(new Error('FileNotFound')),
      writeFile: (file: { path: string }, bytes: Uint8Array) =>
        editor.writeProblem === ''
          ? Promise.resolve(void editor.written.set(file.path, bytes))
          : Promise.reject(new Error(editor.writeProblem)),
      readFile: (file: { path: string }) => Promise.resolve(editor.written.get(file.path)),
      copy: async (from: { path: string }, to: { path: string }) =>
        void editor.written.set(to.path, editor.written.get(from.path)!),
      rename: async (from: { path: string }, to: { path: string }) => {
        if (to.path === editor.fixed) throw new Error('It is in use.');
        editor.written.set(to.path, editor.written.get(from.path)!);
        editor.written.delete(from.path);
      },
      delete: async (at: { path: string }) => void editor.written.delete(at.path),
    },
  },
  window: {
    showQuickPick: async (
      items: Promise<typeof editor.offered> | readonly { label: string }[],
      options?: { placeHolder?: string },
    ) => {
      editor.placeHolder = options?.placeHolder;
      if (Array.isArray(items)) {
        editor.places = items.map(({ label }) => label);
        return items.find(({ label }) => label === editor.place);
      }
      editor.offered = await (items as Promise<typeof editor.offered>);
      return editor.offered.find(({ format }) => format?.id === editor.format);
    },
    showErrorMessage: (message: string) => {
      editor.messages.push(message);
      return Promise.resolve(undefined);
    },
    showWarningMessage: (message: string) => {
      editor.messages.push(message);
      return Promise.resolve(editor.answer);
    },
    showSaveDialog: ({ defaultUri }: { defaultUri: { path: string } }) => {
      editor.saveDialogs++;
      editor.proposed.push(defaultUri.path);
      return Promise.resolve(defaultUri);
    },
    showInformationMessage: (message: string, ...buttons: string[]) => {
      editor.messages.push(message);
      editor.buttons = buttons;
      return Promise.resolve(editor.choice);
    },
    withProgress: (_: unknown, work: (progress: unknown, token: unknown) => Promise<unknown>) =>
      work(
        { report: ({ increment }: { increment: number }) => editor.progress.push(increment) },
        {
          isCancellationRequested: editor.cancelled,
          onCancellationRequested: () => ({ dispose: () => undefined }),
        },
      ),
  },
  commands: {
    executeCommand: (command: string, at?: { path: string }) => {
      editor.commands.push(at === undefined ? command : `${command} ${at.path}`);
      return editor.commandProblem === '' ? Promise.resolve() : Promise.reject(new Error(editor.commandProblem));
    },
  },
};
