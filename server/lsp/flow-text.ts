import type { FlowReport } from '../../runtime/analyse/flow-report.ts';
import { grouped, percent } from '../counting.ts';

/**
 * How information gets from key to query through several layers, in one or two sentences; undefined where too little is known:
 * `Every query hears of every key within 9 layers (diameter 9).`
 */
export function flowText(flow: FlowReport): string | undefined {
  const { reaches, missing, isolated, layers } = flow;
  if (reaches === null) return undefined;
  const alone =
    isolated.count === 0
      ? ''
      : ` ${counted(isolated.count, 'position')} ${isolated.count === 1 ? 'is' : 'are'} isolated.`;
  if (reaches === 'part') {
    const never =
      missing === null ? '' : `: query ${grouped(missing.query)} never hears of key ${grouped(missing.key)}`;
    return `Not connected by any number of layers${never} (diameter of what is: ${hopsText(flow.hops)}).${alone}`;
  }
  const keys = { all: 'every key', past: 'every earlier key', future: 'every later key' }[reaches];
  const heard = `Every query hears of ${keys}`;
  return `${layers === null ? `${heard} within ${hopsText(flow.hops)} ${isOne(flow) ? 'layer' : 'layers'} (diameter ${hopsText(flow.hops)}).` : ofModel(heard, flow, layers)}${alone}`;
}

function ofModel(heard: string, { full, byLayer, hops }: FlowReport, layers: number): string {
  const diameter = `(diameter ${hopsText(hops)})`;
  if (full === null) return `${heard} through enough layers ${diameter}.`;
  if (full.after !== null) return `${heard} after ${grouped(full.after)} of ${counted(layers, 'layer')} ${diameter}.`;
  const share = percent(byLayer.at(-1) ?? 0);
  const these = layers === 1 ? 'this layer connects' : `these ${grouped(layers)} layers connect`;
  return `${heard} through enough layers ${diameter}, but ${these} ${share}.`;
}

function isOne({ hops: { least, most } }: FlowReport): boolean {
  return least === 1 && most === 1;
}

/** `9`, `11 to 20`, `at least 11` */
function hopsText({ least, most, exact }: FlowReport['hops']): string {
  if (exact || least === most) return grouped(least);
  return Number.isFinite(most) ? `${grouped(least)} to ${grouped(most)}` : `at least ${grouped(least)}`;
}

function counted(number: number, what: string): string {
  return `${grouped(number)} ${what}${number === 1 ? '' : 's'}`;
}
