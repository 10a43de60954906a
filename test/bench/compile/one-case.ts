// One pattern or model at one length, in a process of its own so that its peak of memory is its own. Prints JSON.
import { complexity } from '../../../runtime/analyse/complexity.ts';
import { statisticsOf } from '../../../runtime/analyse/statistics.ts';
import { buildMaskTree, CompileError } from '../../../runtime/compile/mask-tree.ts';
import { planOf } from '../../../runtime/compile/plan.ts';
import { compileParts } from '../../../runtime/compile/reorder.ts';
import { maskCount } from '../../../runtime/compile/tile-plan.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import { maskName } from '../../../runtime/pattern/mask-name.ts';
import { patternAt, shapeAt } from '../../../runtime/pattern/model.ts';
import { PatternError } from '../../../runtime/pattern/primitive.ts';
import { createLanguage, LowerError, NO_FILES } from '../../../server/language.ts';
import { libraryModules } from '../../../server/library.ts';

/** Longer lists are compiled in parts with orders of their own. */
const LONG_LIST = 2 ** 20;

const [command = '', ...args] = process.argv.slice(2);
console.log(JSON.stringify(command === 'list' ? await list() : await measure(command, ...args)));

/** Everything in the standard library that stands alone, as `sparse:module#name`. */
async function list(): Promise<string[]> {
  const language = createLanguage(NO_FILES);
  const names: string[] = [];
  for (const { path, uri, text } of libraryModules) {
    const file = await language.open(uri.toString(), text);
    for (const { name, problem } of file.declarations()) if (problem === null) names.push(`${path}#${name}`);
  }
  return names;
}

async function measure(what = '', tokensText = '', side = '128'): Promise<object> {
  const tokens = Number(tokensText);
  try {
    const model = await modelOf(what, tokens);
    const tile = { queries: Number(side), keys: Number(side) };
    warmUp(model, Math.min(tokens, 1024), tile);
    return { ...compile(model, tokens, tile), peakMiB: process.resourceUsage().maxRSS / 1024 };
  } catch (error) {
    if (error instanceof PatternError && error.neededTokens !== undefined) return { neededTokens: error.neededTokens };
    if (error instanceof PatternError || error instanceof CompileError || error instanceof LowerError)
      return { problem: error.message };
    throw error;
  }
}

/** The engine has to have seen the code once, as in an editor that is open: a small case that is not measured. */
function warmUp(model: Model, tokens: number, tile: { queries: number; keys: number }): void {
  try {
    compile(model, tokens, tile);
  } catch (error) {
    // A pattern for one length only.
    if (!(error instanceof PatternError)) throw error;
  }
}

async function modelOf(what: string, tokens: number): Promise<Model> {
  const language = createLanguage(NO_FILES);
  if (!what.startsWith('sparse:')) return language.lowerExpression(what);
  const [path, name = ''] = what.split('#');
  const module = libraryModules.find(each => each.path === path);
  if (module === undefined) throw new Error(`there is no ${path}`);
  const file = await language.open(module.uri.toString(), module.text);
  return file.lower(name, file.declarations().find(each => each.name === name)?.kind === 'model' ? { tokens } : {});
}

/** Counts and plans of every mask that differs between the layers and heads. */
function compile(model: Model, tokens: number, tile: { queries: number; keys: number }): object {
  const done = new Set<string>();
  const total = {
    countMs: 0,
    numbersMs: 0,
    planMs: 0,
    slowestPlanMs: 0,
    quadratic: false,
    pairs: 0,
    tiles: 0,
    tilesAsTheyAre: 0,
    uniqueMasks: 0,
    parts: 0,
    masks: 0,
  };
  for (let layer = 0; layer < model.layers; layer++)
    for (let head = 0; head < model.heads; head++) {
      const pattern = patternAt(model, layer, head);
      if (pattern === undefined) throw new Error(`no rule reaches layer ${layer}, head ${head}`);
      const shape = shapeAt(model, layer, head, tokens);
      const name = maskName(pattern, shape);
      if (done.has(name)) continue;
      done.add(name);
      const start = performance.now();
      const mask = bindPattern(pattern, shape);
      const tree = buildMaskTree(mask, shape, { tile });
      const counted = performance.now();
      const tiles = (tree.root?.fullTiles ?? 0) + (tree.root?.partialTiles ?? 0);
      const plans = tiles > LONG_LIST ? compileParts(mask, shape, { tile }) : [planOf(tree)];
      const planMs = performance.now() - counted;
      total.planMs += planMs;
      total.slowestPlanMs = Math.max(total.slowestPlanMs, planMs);
      total.quadratic ||= tiles > LONG_LIST;
      total.countMs += counted - start;
      const planned = performance.now();
      total.pairs += Number(statisticsOf(tree, complexity(pattern), shape.offset).pairs);
      total.numbersMs += performance.now() - planned;
      total.tilesAsTheyAre += tiles;
      total.masks++;
      for (const plan of plans) {
        total.tiles += plan.column.length;
        total.uniqueMasks += maskCount(plan);
        total.parts++;
      }
    }
  return total;
}
