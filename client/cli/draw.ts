import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DARK, LIGHT, ON_NOTHING } from '../../runtime/draw/palette.ts';
import type { Crop, Picture } from '../../runtime/draw/picture.ts';
import { encodePng } from '../../runtime/draw/png.ts';
import { encodeSvg } from '../../runtime/draw/svg.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import { type ContentOptions, checkChosen, chosenFor, INPUT_OPTION } from './chosen-subject.ts';
import { cropWithin, parseCrop } from './crop.ts';
import { wrongUse } from './failure.ts';
import { inThread } from './in-thread.ts';
import { jsonDocument } from './json-output.ts';
import { bytes, counted, grouped } from './numbers.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { maskOf, openSubject, withSubject } from './subject.ts';
import { type ColourDepth, colouredLines, legendLine, plainLines } from './terminal-picture.ts';
import { checkNew, checkWritable, writeWholeFile } from './write-file.ts';

const KINDS = ['png', 'svg'] as const;
type Kind = (typeof KINDS)[number];

interface DrawOptions extends ContentOptions {
  readonly out?: string;
  readonly format?: Kind;
  readonly crop?: Crop;
  readonly size?: number;
  readonly theme?: 'light' | 'dark';
  readonly legend: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Pixels of the longer side of a file, unless it is said. */
const FILE_SIDE = 1024;
const LARGEST_SIDE = 8192;
/** Columns where nobody says how wide the terminal is. */
const USUAL_COLUMNS = 80;
/** A cell is two columns wide at most, and so about square. */
const COLUMNS_OF_CELL = 2;

/** Adds `draw`: a picture of a mask in a file, or in the terminal. */
export function addDraw(program: Command, session: Session, sources: Sources): void {
  withSubject(
    program
      .command('draw')
      .summary('draw a mask, in the terminal or to a PNG or SVG file')
      .description(
        'Draws the mask of one layer and head, queries from top to bottom, keys from left to right: each cell in the colour\n' +
          'of the primitive that lit it, or, where a dot stands for many cells, the stronger the more of them are lit.\n' +
          'Without --out the picture is made of characters, with colours where stdout is a terminal.\n' +
          'What is chosen by content is drawn for the tensors of --input.',
      ),
    'head, from 0 (default: 0); any will do for a pattern without a model',
  )
    .option(...INPUT_OPTION)
    .option('--out <PATH>', 'the file to write, which ends in .png or .svg; - for stdout, with --format')
    .addOption(new Option('--format <KIND>', 'kind of picture, where the name of the file does not say').choices(KINDS))
    .addOption(
      new Option('--crop <RANGES>', 'only these positions: 0..512, or queries and keys: 0..512,1Ki..2Ki').argParser(
        parseCrop,
      ),
    )
    .addOption(
      new Option(
        '--size <PIXELS>',
        `longer side of the picture at most (default: ${FILE_SIDE}; in the terminal its width)`,
      ).argParser(parseSize),
    )
    .addOption(
      new Option('--theme <THEME>', 'background (default: light; in the terminal dark)').choices(['light', 'dark']),
    )
    .option('--no-legend', 'leave out what the colours mean, which SVG files and the terminal tell')
    .option('--force', 'replace the file when it exists')
    .option('--json', 'print one JSON object that says what was drawn')
    .addHelpText(
      'after',
      "\nExamples:\n  sparse draw examples/bigbird.sparse --of bigbird --tokens 256\n  sparse draw --expr 'sliding(64) | columns([0..4])' --tokens 4Ki --crop 0..512 --theme dark --out mask.svg\n  sparse draw --expr 'topk(16, within: causal())' --input qkv.safetensors",
    )
    .action((file: string | undefined, options: DrawOptions) => draw(file, options, session, sources));
}

function parseSize(text: string): number {
  const size = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (size < 1 || size > LARGEST_SIDE)
    throw new InvalidArgumentError(`Write a whole number of pixels from 1 to ${LARGEST_SIDE}.`);
  return size;
}

async function draw(file: string | undefined, options: DrawOptions, session: Session, sources: Sources): Promise<void> {
  const { out, json = false, legend } = options;
  const kind = kindOf(options);
  if (json && kind === undefined) throw wrongUse('--json says what was drawn to a file: add --out mask.png');
  if (json && out === '-') throw wrongUse('--json says on stdout what was drawn, so that --out has to name a file');
  const written = await openSubject(sources, file, options);
  const subject = await chosenFor(written, options, options.head ?? 0, session);
  const { pattern, shape } = maskOf(subject, options);
  checkChosen(subject, pattern, shape);
  const crop = options.crop && cropWithin(options.crop, shape);
  if (out !== undefined && out !== '-') {
    await checkWritable(out);
    if (options.force !== true) await checkNew(out);
  }
  const depth = kind === undefined ? depthOf(session) : undefined;
  const theme = options.theme ?? (kind === undefined ? 'dark' : 'light');
  const palette = theme === 'dark' ? DARK : LIGHT;
  const choice = {
    side: kind === undefined ? columnsOf(session, options, crop, shape) : (options.size ?? FILE_SIDE),
    // Without colours, how opaque a pixel is says how much is lit.
    palette: kind === undefined && depth === undefined ? ON_NOTHING : palette,
    ...(crop && { crop }),
  };
  const picture = await session.during('Drawing', () =>
    inThread({ kind: 'draw', pattern, shape, choice }, session.signal),
  );
  const title = titleOf(subject.name, shape, crop);
  if (kind === undefined || out === undefined) {
    for (const line of depth === undefined ? plainLines(picture) : colouredLines(picture, depth)) session.print(line);
    if (legend) session.print(legendOf(title, picture, depth));
    return;
  }
  const { pixels, width, height, parts, approximate } = picture;
  const contents = kind === 'png' ? encodePng(pixels, width, height) : encodeSvg(picture, title, palette, legend);
  if (out === '-') {
    await session.write(contents);
    return;
  }
  if (options.force !== true) await checkNew(out);
  await writeWholeFile(out, contents, session.signal);
  session.note(`wrote ${out} (${bytes(contents.length)})`);
  if (!json) return;
  const { rows, keys } = crop ?? { rows: [0, shape.queries], keys: [0, shape.tokens] };
  const { layer, head, tokens, queries } = shape;
  session.print(
    jsonDocument('draw', {
      name: subject.name,
      tokens,
      queries,
      layer,
      head,
      rows,
      keys,
      path: out,
      bytes: contents.length,
      width,
      height,
      theme,
      parts,
      approximate,
    }),
  );
}

/** PNG, SVG, or undefined for the terminal. Throws Failure (2). */
function kindOf({ out, format, size, force }: DrawOptions): Kind | undefined {
  if (out === undefined) {
    if (format !== undefined) throw wrongUse(`--format ${format} needs --out: the file to write, or - for stdout`);
    if (force === true) throw wrongUse('--force needs --out: the file to replace');
    if (size !== undefined && size < COLUMNS_OF_CELL) throw wrongUse('--size is at least 2 columns in the terminal');
    return undefined;
  }
  const ending = path.extname(out).slice(1).toLowerCase();
  const kind = format ?? KINDS.find(each => each === ending);
  if (kind !== undefined) return kind;
  throw wrongUse(
    out === '-'
      ? 'say with --format png or --format svg what goes to stdout'
      : `the name ${out} does not end in .png or .svg; say with --format what is meant`,
  );
}

/** Columns of the picture in a terminal. */
function columnsOf(
  { columns }: Session,
  { size }: DrawOptions,
  crop: Crop | undefined,
  { queries, tokens }: Shape,
): number {
  const longer = crop ? Math.max(crop.rows[1] - crop.rows[0], crop.keys[1] - crop.keys[0]) : Math.max(queries, tokens);
  return Math.min(size ?? columns ?? USUAL_COLUMNS, COLUMNS_OF_CELL * longer);
}

function depthOf({ colours }: Session): ColourDepth | undefined {
  if (!colours.isColorSupported) return undefined;
  return /^(truecolor|24bit)$/.test(process.env.COLORTERM ?? '') ? '24-bit' : '256';
}

function titleOf(name: string, { queries, tokens }: Shape, crop: Crop | undefined): string {
  const size = `${grouped(queries)} ${queries === 1 ? 'query' : 'queries'}, ${counted(tokens, 'key')}`;
  if (crop === undefined) return `${name}: ${size}`;
  const [rows, keys] = [crop.rows.map(grouped).join('..'), crop.keys.map(grouped).join('..')];
  return `${name}: queries ${rows}, keys ${keys} of ${size}`;
}

function legendOf(title: string, { parts, approximate }: Picture, depth: ColourDepth | undefined): string {
  return [
    title,
    ...parts.map(({ label, colour }) => legendLine(label, colour, depth)),
    ...(approximate ? ['Some dots show the density of a sample.'] : []),
  ].join('\n');
}
