import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { fromFloat32 } from '../../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { modelFiles, smallConfiguration } from '../../runtime/language-model/slow-model.ts';
import { buildFirst, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
writeFileSync(
  path.join(cwd, 'model.sparse'),
  `pattern mine(size = 8) = window(size) | global([0])
model Small {
  tokens = 64
  layers = 2
  heads = 2
  dim = 32
  attention = mine() & causal()
  attention layers [1] = mine(16)
}
`,
);
writeFileSync(path.join(cwd, 'bad.sparse'), 'pattern p = wnidow(3)\n');

const { q, k, v } = sampleInput({ heads: 2, kvHeads: 2, queries: 64, keys: 64, headDim: 16 });
const tensor = (data: Float32Array) => fromFloat32(data, [2, 64, 16]);
writeFileSync(path.join(cwd, 'qkv.safetensors'), writeSafetensors({ q: tensor(q), k: tensor(k), v: tensor(v) }));

mkdirSync(path.join(cwd, 'tiny'));
for (const [name, contents] of Object.entries(modelFiles(smallConfiguration, 2)))
  writeFileSync(path.join(cwd, 'tiny', name), contents);

type Schema = { properties?: Record<string, Schema>; [key: string]: unknown };

/** Programs should pass over fields that they do not know; here every field has to be described. */
function strict(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema), (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'properties' in value && 'required' in value
      ? { additionalProperties: false, ...value }
      : value,
  ) as Schema;
}

const published = JSON.parse(readFileSync(new URL('../../../docs/schema.json', import.meta.url), 'utf8')) as Schema;
const kinds = Object.entries(published.$defs as Record<string, Schema>)
  .filter(([, { properties }]) => properties?.version !== undefined)
  .map(([name]) => name);
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true, strict: true }).compile(strict(published));
/** Of what says that it is of one kind, with errors that are about that kind alone. */
const validateKind = (kind: string) =>
  new Ajv2020({ allErrors: true, allowUnionTypes: true, strict: true }).compile({
    ...strict(published),
    oneOf: undefined,
    $ref: `#/$defs/${kind}`,
  });

const outputs: readonly [kind: string, args: readonly string[], code?: number][] = [
  ['summary', ['stats', 'model.sparse']],
  ['summary', ['stats', 'model.sparse', '--from', '60', '--to', '3', '--tile', '32x16']],
  ['summary', ['stats', '--expr', 'none()', '--tokens', '1', '--flow']],
  ['summary', ['stats', '--expr', 'causal()', '--tokens', '1024Mi']],
  ['budget', ['stats', '--expr', 'topk(8)', '--tokens', '64']],
  ['estimate', ['stats', '--expr', 'where (i, j) => (i * i * 31 + j * j * 17) % 1009 < 5', '--tokens', '1Mi']],
  ['check', ['check', 'model.sparse', 'bad.sparse', 'nowhere.sparse'], 2],
  ['check', ['check', '--expr', 'windw(3)'], 1],
  ['diff', ['diff', 'model.sparse#Small', '--expr', 'window(8)'], 1],
  ['diff', ['diff', 'model.sparse#Small', 'model.sparse#Small']],
  ['fit', ['fit', 'model.sparse']],
  ['fit', ['fit', '--expr', 'random(3)', '--tokens', '100']],
  ['draw', ['draw', 'model.sparse', '--crop', '8..16,0..32', '--out', 'mask.svg']],
  ['export', ['export', 'model.sparse', '--format', 'npy', '--out', 'mask.npy']],
  ['export', ['export', 'model.sparse', '--all-heads', '--format', 'flex', '--out', 'mask.py']],
  // Of two files that the format may have, this mask needs one.
  ['export', ['export', '--expr', 'sliding(5)', '--tokens', '20', '--format', 'hf', '--out', 'past.json']],
  ['formats', ['formats']],
  ['run', ['run', 'model.sparse', '--backend', 'cpu']],
  ['run', ['run', '--expr', 'window(4)', '--tokens', '1', '--backend', 'reference']],
  ['run', ['run', '--expr', 'topk(4)', '--tokens', '40', '--backend', 'cpu']],
  ['bench', ['bench', '--expr', 'lsh(4)', '--tokens', '40', '--backend', 'cpu']],
  ['bench', ['bench', 'model.sparse', '--tokens', '32,48', '--backend', 'cpu']],
  ['bench', ['bench', '--expr', 'documents([32])', '--tokens', '32,48', '--backend', 'cpu']],
  ['bench', ['bench', '--expr', 'blocked(8, topk(2))', '--tokens', '32', '--backend', 'cpu'], 1],
  ['quality', ['quality', '--expr', 'sliding(4)', '--input', 'qkv.safetensors', '--backend', 'cpu']],
  ['quality-model', ['quality', '--expr', 'sliding(4)', '--model', 'tiny', '--by-layer', '--backend', 'cpu']],
  ['suggest', ['suggest', '--input', 'qkv.safetensors', '--svg', 'frontier.svg', '--backend', 'cpu']],
  ['suggest', ['suggest', '--model', 'tiny', '--density', '0.3', '--backend', 'cpu']],
  ['backends', ['backends']],
  ['format', ['format', 'model.sparse', 'bad.sparse', 'nowhere.sparse'], 2],
];

describe.concurrent('--json', () => {
  it.each(outputs)('%s, from %j, is as docs/schema.json says', { timeout: 120_000 }, async (kind, args, code = 0) => {
    const outcome = await sparse([...args, '--json'], { cwd });
    expect(outcome.code, outcome.stderr).toBe(code);
    const found = JSON.parse(outcome.stdout) as { format: string };
    expect(found.format).toBe(`sparse-attention/${kind}`);
    const ofKind = validateKind(kind);
    ofKind(found);
    expect(ofKind.errors).toBeNull();
    expect(validate(found)).toBe(true);
  });

  it('has a schema for every kind, and an example of each here', () => {
    expect([...new Set(outputs.map(([kind]) => kind))].sort()).toEqual([...kinds].sort());
  });

  it('notices what the schema does not say', async () => {
    const { stdout } = await sparse(['formats', '--json'], { cwd });
    const found = JSON.parse(stdout) as Record<string, unknown>;
    expect(validate({ ...found, more: 1 })).toBe(false);
    expect(validate({ ...found, version: 2 })).toBe(false);
    expect(validate({ ...found, formats: undefined })).toBe(false);
  });
});
