/**
 * The package for Node: read patterns (`parse`), compile them (`compile`), run attention over them
 * (`attend`), measure what they lose (`quality`), have one suggested (`suggest`, `suggestWithin`) and write them for other
 * libraries (`exportMask`).
 *
 * @packageDocumentation
 */
export * from './attend.node.ts';
export * from './export-mask.ts';
export * from './parse.ts';
export * from './quality.node.ts';
