// How fast the language server answers: a client over stdio, as an editor is one.
//
//   npm run bench:editor -- [--only start,diagnostics,hover,session] [--edits 200] [--session-edits 3600]
//                           [--server dist/server.cjs] [--entry NAME] [--no-limits] [--details]
//
// Exit code 1 when a limit is broken. Times are of this machine: it should be idle.
import { cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../../scripts/ensure.mjs';
import { projectRoot } from '../../scripts/project-root.mjs';
import { EditorClient } from './editor/editor-client.mjs';
import { libraryEntries } from './editor/library-entries.mjs';
import { keystrokes, longFile, randomFrom } from './editor/long-file.mjs';
import { MiB, median, ms, p95, table } from './editor/statistics.mjs';

/** What the editor has to feel like. */
const LIMITS = { hover: 30, diagnostics: 100, start: 1000, memory: 250 * MiB };

const LINES = 1000;
const MAIN = 'file:///bench/main.sparse';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: 'start,diagnostics,hover,session' },
    edits: { type: 'string', default: '200' },
    'session-edits': { type: 'string', default: '3600' },
    server: { type: 'string' },
    entry: { type: 'string' },
    'no-limits': { type: 'boolean', default: false },
    details: { type: 'boolean', default: false },
  },
});
const edits = Number(options.edits);
// What ships is measured.
if (options.server === undefined) ensureBuilt({ production: true });
const server = path.resolve(options.server ?? path.join(projectRoot, 'dist/server.cjs'));

const broken = [];
function limit(what, value, most, shown) {
  const holds = value <= most;
  if (!holds) broken.push(`${what}: ${shown(value)}, at most ${shown(most)} are allowed`);
  return `${shown(most)}${holds ? '' : ' BROKEN'}`;
}
const milliseconds = value => `${ms(value)} ms`;
const mebibytes = value => `${Math.round(value / MiB)} MiB`;

async function timed(action) {
  const start = performance.now();
  const result = await action();
  return { time: performance.now() - start, result };
}

/** From starting the process to the first diagnostics of a file. */
async function benchStart() {
  const rows = [];
  for (const [what, text] of [
    ['a small file', 'pattern a = window(8) | window(64)\n'],
    [`a file of ${LINES.toLocaleString('en-US')} lines`, longFile(LINES)],
  ]) {
    const times = [];
    const used = [];
    for (let k = 0; k < 9; k++) {
      const client = await EditorClient.start(server);
      await client.open(MAIN, text);
      times.push(performance.now() - client.started);
      used.push(client.cpu());
      await client.stop();
    }
    const cpu = used.includes(null) ? '' : ms(median(used));
    rows.push([
      what,
      times.length,
      ms(median(times)),
      ms(p95(times)),
      cpu,
      limit(`start, ${what}`, p95(times), LIMITS.start, milliseconds),
    ]);
  }
  console.log('\n### Start to first diagnostics\n');
  console.log(table(['opening', 'starts', 'median ms', 'p95 ms', 'CPU ms', 'limit'], rows));
}

/** From a keystroke in a long file to its diagnostics. */
async function benchDiagnostics() {
  const client = await EditorClient.start(server);
  const text = longFile(LINES);
  const first = await client.open(MAIN, text);
  if (first.some(({ severity }) => severity === 1))
    throw new Error(`the long file has mistakes: ${JSON.stringify(first)}`);
  await quiet(client);
  const rows = [];
  for (const [what, also] of [
    ['typing, a pause between keystrokes', async () => quiet(client)],
    ['typing fast', async () => undefined],
    ['with what an editor asks for after each', async () => client.refresh(MAIN)],
  ]) {
    const times = [];
    const typing = keystrokes(client.text(MAIN), 2 + rows.length);
    for (let k = 0; k < 20; k++) {
      await client.edit(MAIN, typing.next().value);
      await also();
    }
    const before = client.cpu();
    for (let k = 0; k < edits; k++) {
      times.push((await timed(() => client.edit(MAIN, typing.next().value))).time);
      await also();
    }
    const cpu = before === null ? '' : ms((client.cpu() - before) / edits);
    if (options.details) console.error(what, times.map(time => Math.round(time)).join(' '));
    rows.push([
      what,
      edits,
      ms(median(times)),
      ms(p95(times)),
      ms(Math.max(...times)),
      cpu,
      limit(`diagnostics, ${what}`, p95(times), LIMITS.diagnostics, milliseconds),
    ]);
    await quiet(client);
  }
  await client.stop();
  console.log(`\n### Keystroke to diagnostics, a file of ${LINES.toLocaleString('en-US')} lines\n`);
  console.log(table(['edits', 'count', 'median ms', 'p95 ms', 'most ms', 'CPU ms per edit', 'limit'], rows));
}

/** Waits until the server has nothing more to find out: it uses no processor time. */
async function quiet(client) {
  for (let before = client.cpu(), still = 0; still < 2; ) {
    await new Promise(resolve => setTimeout(resolve, 60));
    const now = client.cpu();
    still = now === null || now - before <= 10 ? still + 1 : 0;
    before = now;
  }
}

/** Does a hover have the pairs once nobody typed for a moment? */
async function eventually(client, uri, at) {
  for (let k = 0; k < 10; k++) {
    if (/\d pairs/.test((await client.hover(uri, at))?.contents?.value ?? '')) return true;
    await new Promise(resolve => setTimeout(resolve, 300));
  }
  return false;
}

/** Hover over every entry of the library, after edits that change a number or only a comment. */
async function benchHover() {
  const client = await EditorClient.start(server);
  const entries = libraryEntries(await client.request('sparse/library', {})).filter(
    ({ name }) => options.entry === undefined || name === options.entry,
  );
  const rows = [];
  const all = { cold: [], warm: [] };
  const before = client.cpu();
  for (const { name, kind, path: file, version } of entries) {
    const uri = `file:///bench/${name}.sparse`;
    const first = version(0, 'a');
    const diagnostics = await client.open(uri, first.text);
    const error = diagnostics.find(({ severity }) => severity === 1);
    if (error !== undefined) {
      broken.push(`${file} ${name} at ${first.tokens} tokens: ${error.message}`);
      await client.close(uri);
      continue;
    }
    const [cold, warm] = [[], []];
    let exact = 0;
    for (let k = 0; k < edits; k++) {
      // By turns: another number, never seen before as long as there are any, and another comment.
      const { text, at } = version(Math.ceil(k / 2), k % 2 === 0 ? 'a' : 'b');
      if (k > 0) await client.edit(uri, text);
      const { time, result } = await timed(() => client.hover(uri, at));
      if (/\d pairs/.test(result?.contents?.value ?? '')) exact++;
      const isNew = k % 2 === 1 ? Math.ceil(k / 2) < 24 : k === 0;
      (isNew ? cold : warm).push(time);
    }
    const later = await eventually(client, uri, version(Math.ceil((edits - 1) / 2), 'a').at);
    await client.close(uri);
    all.cold.push(...cold);
    all.warm.push(...warm);
    const times = [...cold, ...warm];
    rows.push({
      worst: p95(times),
      cells: [
        `${file.replace('sparse:', '')} ${name}`,
        kind,
        first.tokens.toLocaleString('en-US'),
        ms(cold[0]),
        ms(median(cold)),
        ms(p95(cold)),
        ms(median(warm)),
        ms(p95(warm)),
        ms(p95(times)),
        exact === edits ? 'all' : `${exact} of ${edits}`,
        later ? 'yes' : 'no',
        limit(`hover over ${name}`, p95(times), LIMITS.hover, milliseconds),
      ],
    });
  }
  const cpu = before === null ? '' : `${ms((client.cpu() - before) / (entries.length * edits))} ms`;
  await client.stop();
  rows.sort((a, b) => b.worst - a.worst);
  console.log(`\n### Hover, ${entries.length} entries of the library, ${edits} edits each\n`);
  const head = [
    'entry',
    'kind',
    'tokens',
    'first ms',
    'new: median',
    'new: p95',
    'known: median',
    'known: p95',
    'p95 ms',
    'pairs at once',
    'later',
    'limit',
  ];
  console.log(
    table(
      head,
      (options.details ? rows : rows.slice(0, 12)).map(({ cells }) => cells),
    ),
  );
  console.log(
    `\nAll together: never seen before median ${ms(median(all.cold))} ms, p95 ${ms(p95(all.cold))} ms; known median ${ms(median(all.warm))} ms, p95 ${ms(p95(all.warm))} ms; ${cpu} of processor time per edit and hover.`,
  );
}

/** An hour of editing, as fast as the server answers: about one keystroke a second, and what an editor asks for. */
async function benchSession() {
  const client = await EditorClient.start(server);
  await client.open(MAIN, longFile(LINES));
  const entries = libraryEntries(await client.request('sparse/library', {}));
  const typing = keystrokes(client.text(MAIN), 5);
  const random = randomFrom(6);
  const count = Number(options['session-edits']);
  const used = [];
  let opened = 0;
  const { time } = await timed(async () => {
    for (let k = 0; k < count; k++) {
      await client.edit(MAIN, typing.next().value);
      if (k % 2 === 0) {
        const names = [...client.text(MAIN).matchAll(/\bp\d+\b|window|sliding|strided/g)];
        await client.hover(MAIN, names[Math.floor(random() * names.length)].index);
      }
      if (k % 5 === 0) await client.completion(MAIN, Math.floor(random() * client.text(MAIN).length));
      if (k % 10 === 0) await client.refresh(MAIN);
      if (k % 25 === 0) {
        // A look at the library.
        const entry = entries[opened % entries.length];
        const { text, at } = entry.version(opened++, 'a');
        const uri = `file:///bench/look${opened}.sparse`;
        await client.open(uri, text);
        await client.hover(uri, at);
        await client.close(uri);
      }
      if (k % Math.ceil(count / 6) === 0) used.push(client.memory());
    }
  });
  await quiet(client);
  const memory = client.memory();
  const cpu = client.cpu();
  await client.stop();
  console.log(`\n### ${count.toLocaleString('en-US')} edits with hovers, completions and files of the library\n`);
  if (memory === null) {
    console.log('How much memory a process holds can be read on Linux only.');
    return;
  }
  console.log(
    table(
      ['', 'MiB', 'limit'],
      [
        ...used.map((each, k) => [`after ${Math.ceil(count / 6) * k} edits`, Math.round(each.now / MiB), '']),
        ['at the end', Math.round(memory.now / MiB), limit('memory at the end', memory.now, LIMITS.memory, mebibytes)],
        ['at most', Math.round(memory.most / MiB), limit('memory at most', memory.most, LIMITS.memory, mebibytes)],
      ],
    ),
  );
  console.log(`\n${Math.round(time / 1000)} s in all, ${Math.round(cpu / 1000)} s of processor time of the server.`);
}

const parts = { start: benchStart, diagnostics: benchDiagnostics, hover: benchHover, session: benchSession };
console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}`);
for (const name of options.only.split(',')) {
  const part = parts[name.trim()];
  if (part === undefined) throw new Error(`--only takes ${Object.keys(parts).join(', ')}, not ${name}`);
  await part();
}
if (broken.length > 0) {
  console.log(`\nLimits broken:\n${broken.map(line => `- ${line}`).join('\n')}`);
  if (!options['no-limits']) process.exitCode = 1;
} else console.log('\nAll limits hold.');
