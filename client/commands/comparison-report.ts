import type { MaskComparison, ModelComparison } from '../../runtime/analyse/compare-models.ts';
import { placesText } from '../../runtime/analyse/places.ts';
import type { Count } from '../../runtime/compile/count.ts';

/** One side of a comparison, as people know it. */
export interface Side {
  readonly name: string;
  /** The name of its file. */
  readonly file: string;
  /** Leads to the declaration. */
  readonly link: string;
}

/** The outcome of a comparison as Markdown that also reads well as it is. */
export function comparisonReport(first: Side, second: Side, comparison: ModelComparison): string {
  const { tokens, queries, layers, heads, masks } = comparison;
  const [a, b] = labels(first, second);
  const lines = [
    `# ${a} and ${b}`,
    '',
    `- first: ${a}, [${first.file}](${first.link})`,
    `- second: ${b}, [${second.file}](${second.link})`,
    `- ${number(tokens)} tokens${queries === tokens ? '' : `, ${number(queries)} queries`}`,
  ];
  for (const mask of masks) {
    lines.push('');
    if (layers > 1 || heads > 1) lines.push(`## ${capital(placesText(mask.at, layers, heads))}`, '');
    lines.push(...maskLines(a, b, mask));
  }
  return `${lines.join('\n')}\n`;
}

/** Names that tell the two apart. */
function labels(first: Side, second: Side): [string, string] {
  if (first.name !== second.name) return [first.name, second.name];
  if (first.file !== second.file) return [`${first.name} (${first.file})`, `${second.name} (${second.file})`];
  return [`${first.name} (first)`, `${second.name} (second)`];
}

function maskLines(a: string, b: string, mask: MaskComparison): string[] {
  const { relation, onlyFirst, onlySecond, both, difference } = mask;
  const verdict = {
    equal: `${a} and ${b} are **equal**: they hold the same pairs.`,
    contained: `${a} is **contained** in ${b}, which holds ${pairs(onlySecond)} more.`,
    containing: `${b} is **contained** in ${a}, which holds ${pairs(onlyFirst)} more.`,
    disjoint: `${a} and ${b} are **disjoint**: no pair is in both.`,
    overlapping: `${a} and ${b} **overlap**: each holds pairs that the other lacks.`,
  }[relation];
  const rows: [string, Count][] = [
    [`only in ${a}`, onlyFirst],
    [`only in ${b}`, onlySecond],
    ['in both', both],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const digits = Math.max('pairs'.length, ...rows.map(([, count]) => number(count).length));
  return [
    verdict,
    '',
    `| ${' '.repeat(width)} | ${'pairs'.padStart(digits)} |`,
    `| ${'-'.repeat(width)} | ${'-'.repeat(digits - 1)}: |`,
    ...rows.map(([label, count]) => `| ${label.padEnd(width)} | ${number(count).padStart(digits)} |`),
    ...(difference === undefined
      ? []
      : [
          '',
          `First difference: query ${difference.query} attends to key ${difference.key} in ${difference.heldBy === 'first' ? a : b} only.`,
        ]),
  ];
}

function pairs(count: Count): string {
  return count === 1 ? '1 pair' : `${number(count)} pairs`;
}

function number(value: Count): string {
  return value.toLocaleString('en-US');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
