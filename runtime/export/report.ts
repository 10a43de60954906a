import { toBase64 } from '../tensor/base64.ts';
import { type Contents, contentsOfText } from '../tensor/contents.ts';
import { summarise } from './json.ts';
import { pictureOf } from './picture.ts';
import type { ExportRequest } from './request.ts';

/** One page of Markdown: the pattern, its numbers and its picture. Throws PatternError and CompileError. */
export function exportReport(request: ExportRequest): Contents {
  const { checkpoint, shape, name, source } = request;
  const facts = summarise(request, checkpoint && { checkpoint });
  const { png, parts, approximate } = pictureOf(request);
  const numbers: readonly (readonly [string, string])[] = [
    ['queries x keys', `${grouped(shape.queries)} x ${grouped(shape.tokens)}`],
    ...(shape.layers > 1 ? [['layer', `${shape.layer} of ${shape.layers}`] as const] : []),
    ...(shape.heads > 1 ? [['head', `${shape.head} of ${shape.heads}`] as const] : []),
    ['allowed pairs', grouped(facts.pairs)],
    ['density', `${Number((100 * facts.density).toPrecision(6))} %`],
    ['complexity', facts.complexity],
    ['queries without a key', grouped(facts.emptyQueries)],
  ];
  const fence = '`'.repeat(Math.max(3, longestRun(source ?? '') + 1));
  return contentsOfText(
    [
      `# ${name.replaceAll(/[\\`*_[\]<>#|]/g, '\\$&')}`,
      ...(source === undefined ? [] : [`${fence}sparse\n${source.trimEnd()}\n${fence}`]),
      ['| | |', '|---|---|', ...numbers.map(([what, value]) => `| ${what} | ${value} |`)].join('\n'),
      `![The mask, queries from top to bottom, keys from left to right](data:image/png;base64,${toBase64(png)})`,
      parts.map(({ label, colour }) => `- \`${label}\`: rgb(${colour.join(', ')})`).join('\n'),
      ...(approximate ? ['Some pixels show the density of a sample.'] : []),
    ]
      .join('\n\n')
      .concat('\n'),
  );
}

function longestRun(text: string): number {
  return Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
}

function grouped(value: number | bigint): string {
  return value.toLocaleString('en-US');
}
