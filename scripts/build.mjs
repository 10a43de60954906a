// Bundles everything that ships: the extension for desktop and web, the language server for both, the preview's page, the
// command-line tool and the library.
//
//   node scripts/build.mjs [--production] [--watch] [--partial]
//
// Results go to dist/; dist/build.json remembers from which files, so that ensure.mjs can tell when they are out of date.
// All messages go to stderr: a build may run before a command whose stdout is data.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';
import { writeDeclarations } from './declarations.mjs';
import { EnsureError } from './ensure.mjs';
import { projectRoot } from './project-root.mjs';

const outputFolder = path.join(projectRoot, 'dist');

/** Bundled CommonJS packages ask for Node's built-in modules with `require`, which an ES module does not have. */
const requireForEsm =
  "import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);";

/** The modules of the library, each a file of its own, so that a bundler takes only those that are used. */
const libraryModules = ['index.node', 'index.web', 'attend.node', 'attend.web', 'compile', 'export-mask', 'parse'];

/** @type {Record<string, esbuild.BuildOptions & { entry: string }>} by the file each one makes, or the folder of several */
const targets = {
  'extension.cjs': {
    entry: 'client/extension.ts',
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode', 'webgpu'],
  },
  'extension.web.cjs': {
    entry: 'client/extension.web.ts',
    platform: 'browser',
    format: 'cjs',
    target: 'es2022',
    external: ['vscode'],
  },
  'server.cjs': { entry: 'server/main.ts', platform: 'node', format: 'cjs', target: 'node20' },
  'server.web.js': { entry: 'server/main.browser.ts', platform: 'browser', format: 'iife', target: 'es2022' },
  // Work of commands that takes long, away from the extension host.
  'job-worker.js': {
    entry: 'client/jobs/job-worker.ts',
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
  },
  // The preview's page. What the first picture needs (main.js, and chunk.js, which it shares with the rest) travels in the
  // page; the rest is fetched when the picture is there. The page says where the scripts of this made-up scheme are.
  'webview/': {
    entry: 'client/webview/main.ts',
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    splitting: true,
    // Without a hash: a second part that is shared would have the same name, and the build would fail.
    chunkNames: '[name]',
    publicPath: 'sparse:/',
  },
  // The worker that draws the picture: its text travels with the page.
  'tile-drawer.js': {
    entry: 'client/webview/tile-drawer.ts',
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
  },
  // A webview cannot load a worker from a file: the page fetches this text and starts it from there.
  'draw-worker.js': {
    entry: 'client/webview/draw-worker.ts',
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
  },
  // The same, for what runs attention, measures quality and searches for patterns: fetched when somebody asks.
  'compute-worker.js': {
    entry: 'client/run/compute-worker.ts',
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
  },
  // What makes that script run in a process of the extension host's machine.
  'run-process.cjs': {
    entry: 'client/run/run-process.node.ts',
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['webgpu'],
  },
  'cli.mjs': {
    entry: 'client/cli/main.ts',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['webgpu'],
    banner: { js: requireForEsm },
  },
  'api/': {
    entry: 'client/api/index.node.ts',
    entryPoints: libraryModules.map(name => `client/api/${name}.ts`),
    // Packages that have a build for each take that of pages, which runs in Node too.
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    splitting: true,
    chunkNames: 'shared-[hash]',
    external: ['node:*', 'webgpu'],
    // Whoever uses it makes it small, and would like to read it before that.
    minify: false,
  },
};

/** Node's resolution would put this package into a bundle twice: as CommonJS for those that require it, and as a module. */
const once = {
  'vscode-languageserver-types': path.join(projectRoot, 'node_modules/vscode-languageserver-types/lib/esm/main.js'),
};

/** @returns {esbuild.BuildOptions} */
function buildOptions(name, { entry, ...options }, production) {
  return {
    absWorkingDir: projectRoot,
    entryPoints: [entry],
    ...(name.endsWith('/') ? { outdir: path.join('dist', name) } : { outfile: path.join('dist', name) }),
    bundle: true,
    alias: once,
    minify: production,
    sourcemap: !production,
    // Paths in a source map that end in VS Code's debugger at the right file.
    sourcesContent: false,
    metafile: true,
    legalComments: 'none',
    logLevel: 'silent',
    define: { 'process.env.NODE_ENV': production ? '"production"' : '"development"' },
    ...options,
  };
}

/** How the library is built for its users, with a metafile: for those who want to know what is in its files. */
export function libraryBuild() {
  return { ...buildOptions('api/', targets['api/'], true), write: false };
}

/** Prints what esbuild found, in its own format, with the place. */
function report(messages, kind) {
  for (const text of esbuild.formatMessagesSync(messages, { kind, color: process.stderr.isTTY, terminalWidth: 120 })) {
    process.stderr.write(text);
  }
}

/** A reader never sees half a file: two builds may run at once. */
function writeAtomically(file, contents) {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, contents);
  renameSync(temporary, file);
}

/** Removes the scripts of a folder that were not written. */
function removeOthers(folder, written) {
  for (const file of readdirSync(folder)) {
    if (/\.js(\.map)?$/.test(file) && !written.has(path.relative(outputFolder, path.join(folder, file))))
      rmSync(path.join(folder, file), { force: true });
  }
}

function relevantInputs(metafile) {
  return Object.keys(metafile.inputs).filter(file => !file.includes('node_modules/') && !file.startsWith('('));
}

/**
 * Builds every target once.
 *
 * @param {{ production?: boolean, partial?: boolean }} options `partial` leaves out targets whose entry file does not
 *   exist, with a warning, instead of failing.
 * @returns {Promise<boolean>} did everything build?
 */
export async function build({ production = false, partial = false } = {}) {
  const started = Date.now();
  mkdirSync(outputFolder, { recursive: true });
  const inputs = new Set(['package.json', 'package-lock.json', 'tsconfig.json', 'scripts/build.mjs']);
  const missing = [];
  const written = new Set();
  let failed = false;
  for (const [name, target] of Object.entries(targets)) {
    if (!existsSync(path.join(projectRoot, target.entry))) {
      console.error(`${partial ? 'warning' : 'error'}: ${target.entry} does not exist, so dist/${name} was not built`);
      missing.push(target.entry);
      failed ||= !partial;
      continue;
    }
    try {
      const result = await esbuild.build({ ...buildOptions(name, target, production), write: false });
      report(result.warnings, 'warning');
      for (const file of relevantInputs(result.metafile)) inputs.add(file);
      for (const file of result.outputFiles) {
        writeAtomically(file.path, file.contents);
        written.add(path.relative(outputFolder, file.path));
      }
      // Shared parts are named by their contents, and so pile up.
      if (name.endsWith('/')) removeOthers(path.join(outputFolder, name), written);
    } catch (error) {
      if (!error.errors) throw error;
      report(error.warnings, 'warning');
      report(error.errors, 'error');
      failed = true;
    }
  }
  // Scripts of an earlier version would pile up as well.
  if (!failed && missing.length === 0) removeOthers(outputFolder, written);
  const stamp = path.join(outputFolder, 'build.json');
  if (failed) {
    rmSync(stamp, { force: true });
    return false;
  }
  if (production) {
    try {
      writeDeclarations();
      written.add('api/types/client/api/index.node.d.ts');
    } catch (error) {
      if (!(error instanceof EnsureError)) throw error;
      console.error(error.message);
      rmSync(stamp, { force: true });
      return false;
    }
    // A development build leaves source maps, which the production build does not overwrite.
    for (const name of written) rmSync(path.join(outputFolder, `${name}.map`), { force: true });
  }
  writeAtomically(
    stamp,
    `${JSON.stringify({ started, production, missing, inputs: [...inputs].sort(), outputs: [...written].sort() }, null, 2)}\n`,
  );
  return true;
}

/** Builds again after every change, until it is stopped. */
async function watch() {
  // Not the product of one moment: whoever needs it fresh has to build it themselves.
  rmSync(path.join(outputFolder, 'build.json'), { force: true });
  for (const [name, target] of Object.entries(targets)) {
    if (!existsSync(path.join(projectRoot, target.entry))) {
      console.error(`warning: ${target.entry} does not exist, so dist/${name} is not watched`);
      continue;
    }
    const tell = {
      name: 'tell',
      setup(events) {
        events.onEnd(result => {
          report(result.warnings, 'warning');
          report(result.errors, 'error');
          console.error(`${new Date().toLocaleTimeString()} dist/${name}${result.errors.length ? ' FAILED' : ''}`);
        });
      },
    };
    const context = await esbuild.context({ ...buildOptions(name, target, false), plugins: [tell] });
    await context.watch();
  }
}

/** What the last complete build says about itself, or null. */
export function readBuildStamp() {
  try {
    return JSON.parse(readFileSync(path.join(outputFolder, 'build.json'), 'utf8'));
  } catch {
    return null;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: { production: { type: 'boolean' }, watch: { type: 'boolean' }, partial: { type: 'boolean' } },
  });
  if (values.watch) await watch();
  else process.exitCode = (await build(values)) ? 0 : 1;
}
