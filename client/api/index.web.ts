/**
 * The package for pages and their bundlers: read patterns (`parse`), compile them (`compile`), run attention over them
 * (`attend`), measure what they lose (`quality`), have one suggested (`suggest`, `suggestWithin`) and write them for other
 * libraries (`exportMask`).
 *
 * @packageDocumentation
 */
export * from './attend.web.ts';
export * from './export-mask.ts';
export * from './parse.ts';
export * from './quality.web.ts';
