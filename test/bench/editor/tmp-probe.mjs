import { EditorClient } from './editor-client.mjs';
import * as L from 'vscode-languageserver-protocol/node.js';
const server = process.argv[2];
const texts = {
  empty: '', space: ' \n\n\t', bom: '\ufeffpattern a = full()\n', nul: 'pattern a\0 = full()\n',
  garbage: 'import { x } from "react";\nconst f = async () => { await fetch("/x").then(r => r.json()); };\n<div className="x">{`a${b}`}</div>\nclass A extends B {}\n#include <stdio.h>\nint main() { return 0; }\n',
  python: 'import torch\ndef mask(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) & (q_idx - kv_idx < 512)\n',
  json: '{"attention": {"window": 512, "tokens": [0, 1]}}',
  n1: 'model M { tokens = 1 attention = window(8) | global([0]) }\nmodel K { tokens = 1 attention = random(3) | strided(4) & causal() }',
  n5M: 'model M { tokens = 5_000_000 attention = sliding(4096) | columns([0..4]) }\nmodel W { tokens = 5_000_000 attention = where (i, j) => (i * j) % 7 == 0 }\nmodel R { tokens = 5_000_000 heads = 12 dim = 768 attention = window(512) | random(3, per_head: true) | global([0, -1]) }',
  n64M: 'model M { tokens = 64Mi attention = sliding(4096) }\nmodel N { tokens = 128Mi attention = sliding(4096) }',
  wide: 'model M { tokens = 100 attention = window(5000) }\nmodel S { tokens = 100 attention = sliding(200) | strided(300) }\npattern a = window(1e9)',
  neg: 'model M { tokens = 0 attention = full() }\nmodel N { tokens = -5 layers = 0 heads = 1.5 attention = window(-3) }\npattern p = window(0) | sliding(0) | block(0) | strided(0) | random(-1)',
  unicode: '/** Ünïcödé 🦄 模式 */\npattern 模式 = full()\n// 🦄🦄🦄 comment\npattern a = window(8) /* 𝔘 */ | global([0]) // ﷽\nmodel 𝔐 { tokens = 64 attention = a() }\nmodel M { tokens = 64 attention = a() | wïndow(3) }',
  crlf: 'pattern a = window(8)\r\nmodel M {\r\n  tokens = 64\r\n  attention = a() | window(4)\r\n}\r\n',
  deep: `pattern a = ${'('.repeat(3000)}full()${')'.repeat(3000)}`, deepnot: `pattern a = ${'!'.repeat(5000)}full()`,
  longunion: `pattern a = ${Array.from({ length: 3000 }, (_, k) => `window(${k + 1})`).join(' | ')}`,
  longlist: `pattern a = global([${Array.from({ length: 20000 }, (_, k) => k * 2).join(', ')}])\nmodel M { tokens = 64Ki attention = a() }`,
  huge: Array.from({ length: 10000 }, (_, k) => `/** Number ${k}. */\npattern p${k}(w = ${k % 100 + 1}) = window(w) | global([${k % 7}])`).join('\n'),
  oneline: 'pattern a = full() '.repeat(2000), unclosed: 'pattern a = window(8 /* never closed', string: 'import { a } from "never closed\npattern b = a',
  bignum: 'const a = 1e400\nconst b = 99999999999999999999999999\npattern p = window(1e308 * 10)\npattern q = strided(2 ** 60)\npattern r = where (i, j) => i ** j ** 5 < 3 && 1 / (i - j) > 0',
  expo: 'pattern a0 = full()\n' + Array.from({ length: 40 }, (_, k) => `pattern a${k + 1} = a${k} | a${k}`).join('\n'),
  cyc: 'pattern a = b\npattern b = a\nimport { c } from "./main.sparse"\npattern d(x = d()) = x',
  grid: 'model M { tokens = 1_000_000 attention = neighborhood([100, 100, 100], [7, 7, 7], dilation: [2, 1, 3]) | axial([1000, 1000]) }\nmodel S { tokens = 12 attention = tiles([3, 4], [2, 2], shift: 1) | neighborhood([3, 4], [5, 5]) }',
  manyheads: 'model M { tokens = 4096 layers = 200 heads = 256 dim = 8192 attention = random(8, per_head: true) | window(8 + head + layer) }',
  words: 'where where where attention layers heads step model pattern const import', models: 'model { } model M model M { attention } model M { attention layers 0..1e9 = full() tokens = 8 }',
};
const only = process.argv[3];
for (const [name, text] of Object.entries(texts)) {
  if (only && only !== name) continue;
  const client = await EditorClient.start(server);
  const uri = `file:///probe/${name}.sparse`;
  const t0 = performance.now();
  let diags = [];
  try { diags = await client.open(uri, text); } catch (e) { console.log(name, 'OPEN FAILED', e.message); continue; }
  const t1 = performance.now() - t0;
  const td = { uri };
  const pos = o => { const b = text.slice(0, o); const l = b.split('\n').length - 1; return { line: l, character: o - (b.lastIndexOf('\n') + 1) }; };
  const range = { start: { line: 0, character: 0 }, end: pos(text.length) };
  const slow = [], bad = [];
  const ask = async (what, type, params) => { const t = performance.now(); if (process.env.LOG) console.log(what); try { const r = await client.request(type, params); const ms = performance.now() - t; if (ms > 150) slow.push(`${what} ${ms.toFixed(0)}`); return r; } catch (e) { bad.push(`${what}: ${e.message.slice(0, 120)}`); } };
  const offsets = [...new Set([0, text.length, ...Array.from({ length: 24 }, (_, k) => Math.floor((text.length * k) / 24))])];
  for (const o of offsets) { const p = { textDocument: td, position: pos(o) };
    for (const m of ['hover', 'completion', 'signatureHelp', 'definition', 'documentHighlight', 'prepareRename', 'prepareCallHierarchy', 'linkedEditingRange']) await ask(m, `textDocument/${m}`, p);
    await ask('references', 'textDocument/references', { ...p, context: { includeDeclaration: true } });
    await ask('action', 'textDocument/codeAction', { textDocument: td, range: { start: pos(o), end: pos(o) }, context: { diagnostics: [] } });
    await ask('selection', 'textDocument/selectionRange', { textDocument: td, positions: [pos(o)] });
    await ask('density', 'sparse/density', { uri, position: pos(o) });
    await ask('onType', 'textDocument/onTypeFormatting', { ...p, ch: '}', options: { tabSize: 2, insertSpaces: true } });
  }
  for (const m of ['foldingRange', 'documentSymbol', 'codeLens', 'documentLink', 'semanticTokens/full']) await ask(m, `textDocument/${m}`, { textDocument: td });
  await ask('inlay', 'textDocument/inlayHint', { textDocument: td, range });
  await ask('format', 'textDocument/formatting', { textDocument: td, options: { tabSize: 2, insertSpaces: true } });
  await ask('declarations', 'sparse/declarations', { uri });
  await new Promise(r => setTimeout(r, 400));
  const errs = diags.filter(d => d.severity === 1).length;
  console.log(`${name}: open ${t1.toFixed(0)} ms, ${diags.length} diagnostics (${errs} errors), mem ${(client.memory().now / 2 ** 20).toFixed(0)} MiB${slow.length ? ' SLOW ' + slow.slice(0, 6).join('; ') : ''}${bad.length ? ' BAD ' + [...new Set(bad)].slice(0, 4).join(' | ') : ''}`);
  console.log('   ', [...new Set(diags.map(d => `${d.code?.value ?? d.code}: ${d.message}`))].slice(0, 5).map(s => s.slice(0, 150)).join('\n     '));
  await client.stop().catch(e => console.log('STOP', e.message));
}
