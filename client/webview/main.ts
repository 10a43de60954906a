import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-checkbox/index.js';
import '@vscode-elements/elements/dist/vscode-option/index.js';
import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import './style.css';
import { App } from './app.ts';
import { host, onMessage } from './host.ts';
import { savedState } from './saved-state.ts';

const root = document.getElementById('preview');
if (root === null) throw new Error('The page has no place for the preview.');
const app = new App(root, savedState(host.getState()));
onMessage(message => app.receive(message));
host.postMessage({ type: 'ready', tokens: app.tokens });
