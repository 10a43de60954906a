// Every entry of the standard library in a file of its own, at 131,072 tokens where it has no length of its own, in
// versions that differ in a number: no answer about one of them is known from another.

const TOKENS = 131_072;

/** Versions of one grid of about 131,072 points: 256 x 512, 257 x 510, 258 x 508, ... */
const grid = k => [256 + k, 512 - 2 * k];

/** Patterns whose parameters have to fit the length. */
const CALLS = {
  axial_image: k => gridCall('axial_image', grid(k)),
  axial_alternating: k => gridCall('axial_alternating', grid(k)),
  axial_video: k => gridCall('axial_video', [8, 32 + k, 512 - 16 * k]),
  nat: k => gridCall('nat', grid(k)),
  dinat: k => gridCall('dinat', grid(k)),
  swin: k => gridCall('swin', grid(k)),
};

function gridCall(name, extents) {
  return { call: `${name}(${extents.join(', ')})`, tokens: extents.reduce((product, extent) => product * extent) };
}

/** Number of versions. Grids have no more that are near 131,072 points. */
const VERSIONS = 24;

/**
 * The entries of library files: `{ name, kind, path, tokens, version(k, comment) }`. A version is a text and where in
 * it the pointer rests.
 */
export function libraryEntries(files) {
  return files.flatMap(({ path, text }) => {
    const names = [...text.matchAll(/^pattern (\w+)/gm)].map(([, name]) => name);
    const patterns = [...text.matchAll(/^pattern (\w+)(?:\(([^\n]*)\))? =/gm)].map(([, name, parameters]) =>
      patternEntry(path, name, parameters ?? ''),
    );
    const models = [...text.matchAll(/^model (\w+) \{[^}]*\}/gm)].map(([whole, name]) =>
      modelEntry(path, names, name, whole),
    );
    return [...patterns, ...models];
  });
}

function patternEntry(path, name, parameters) {
  const number = /(\w+)(?:: number)? = (\d+)\b(?!\s*[*/+-])/.exec(parameters);
  return {
    name,
    kind: 'pattern',
    path,
    version(k, comment) {
      const version = k % VERSIONS;
      const { call, tokens } =
        CALLS[name]?.(version) ??
        (number === null
          ? { call: name, tokens: TOKENS - version }
          : { call: `${name}(${number[1]}: ${Number(number[2]) + version})`, tokens: TOKENS });
      const head = `import { ${name} } from "${path}"\n\n// ${comment}\nmodel Bench {\n  tokens = ${tokens}\n  layers = 6\n  heads = 4\n  attention = `;
      return { text: `${head}${call}\n}\n`, at: head.length, tokens };
    },
  };
}

function modelEntry(path, names, name, whole) {
  const used = names.filter(pattern => new RegExp(`\\b${pattern}\\b`).test(whole));
  // What is a grid, or a pattern of documents, keeps its length; the number of heads changes instead.
  const own = /tokens\s*=\s*([^\n]*)/.exec(whole)?.[1] ?? '';
  const isGrid = own.includes('*');
  return {
    name,
    kind: 'model',
    path,
    version(k, comment) {
      const version = k % VERSIONS;
      const tokens = isGrid
        ? own.split('*').reduce((product, factor) => product * Number(factor), 1)
        : TOKENS - version;
      const body = isGrid
        ? whole
            .replace(/^ *(?:dim|kv_heads)\s*=.*\n/gm, '')
            .replace(/(heads\s*=\s*)(\d+)/, (_, before, heads) => before + (Number(heads) + version))
        : whole.replace(/(tokens\s*=\s*)[^\n]*/, `$1${tokens}`);
      const head = `import { ${used.join(', ')} } from "${path}"\n\n// ${comment}\n`;
      return { text: `${head}${body}\n`, at: head.length + 'model '.length, tokens };
    },
  };
}
