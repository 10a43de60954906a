import type { LangiumDocument } from 'langium';
import { fileOf } from '../imports.ts';
import { maskFileOf, maskLiterals } from '../mask-files.ts';
import type { Findings } from './finding.ts';

/** Mask files that cannot be read, once at each string that names one. */
export function checkMaskFiles(document: LangiumDocument, findings: Findings): void {
  const file = fileOf(document);
  if (file === undefined) return;
  for (const literal of maskLiterals(file)) {
    const read = maskFileOf(literal);
    if ('problem' in read) findings.at(literal, 'mask-file', read.problem);
  }
}
