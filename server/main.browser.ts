import { BrowserMessageReader, BrowserMessageWriter, createConnection } from 'vscode-languageserver/browser.js';
import { startSparseServer } from './lsp/start.ts';

// The server as a worker: VS Code for the Web.
declare const self: DedicatedWorkerGlobalScope;
startSparseServer(createConnection(new BrowserMessageReader(self), new BrowserMessageWriter(self)));
