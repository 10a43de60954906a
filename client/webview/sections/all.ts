import { chartsSection } from '../charts/charts-section.ts';
import { comparisonSection } from '../compare/comparison-section.ts';
import { fieldSection } from '../field/field-section.ts';
import { headsSection } from '../heads-section.ts';
import { legendSection } from '../legend.ts';
import { parametersSection } from '../parameters/parameters-section.ts';
import { qualitySection } from '../quality/quality-section.ts';
import { runSection } from '../run/run-section.ts';
import { pictureSection } from '../save/picture-section.ts';
import { suggestSection } from '../suggest/suggest-section.ts';
import { costSection } from './cost.ts';
import { designSection } from './design.ts';
import { fitSection } from './fit.ts';
import { flowSection } from './flow.ts';
import { numbersSection } from './numbers.ts';
import type { MakeSection } from './section.ts';

/** The sections beside the picture, from top to bottom. */
export const makeSections: readonly MakeSection[] = [
  comparisonSection,
  legendSection,
  parametersSection,
  headsSection,
  numbersSection,
  designSection,
  runSection,
  qualitySection,
  suggestSection,
  costSection,
  flowSection,
  fieldSection,
  fitSection,
  chartsSection,
  pictureSection,
];
