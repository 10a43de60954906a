import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-checkbox/index.js';
import '@vscode-elements/elements/dist/vscode-option/index.js';
import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import './style.css';
import type { StartedWorkers } from '../preview/start-worker.ts';
import { host, onMessage } from './host.ts';
import { keptState } from './kept-state.ts';
import { startPage } from './page.ts';

const root = document.getElementById('preview');
if (root === null) throw new Error('The page has no place for the preview.');
const { sparseWorkers } = window as unknown as { readonly sparseWorkers: StartedWorkers };
onMessage(startPage(root, host, keptState(host.getState()), sparseWorkers));
