import './style.css';
import type { StartedWorkers } from '../preview/first-script.ts';
import { host, onMessage } from './host.ts';
import { keptState } from './kept-state.ts';
import { startPage } from './page.ts';

performance.mark('sparse/script');
const root = document.getElementById('preview');
if (root === null) throw new Error('The page has no place for the preview.');
const { sparseWorkers } = window as unknown as { readonly sparseWorkers: StartedWorkers };
onMessage(startPage(root, host, keptState(host.getState()), sparseWorkers));
