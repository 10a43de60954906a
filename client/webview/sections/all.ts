import { chartsSection } from '../charts/charts-section.ts';
import { headsSection } from '../heads-section.ts';
import { legendSection } from '../legend.ts';
import { qualitySection } from '../quality/quality-section.ts';
import { runSection } from '../run/run-section.ts';
import { costSection } from './cost.ts';
import { designSection } from './design.ts';
import { fitSection } from './fit.ts';
import { flowSection } from './flow.ts';
import { numbersSection } from './numbers.ts';
import type { MakeSection } from './section.ts';

/** The sections beside the picture, from top to bottom. */
export const makeSections: readonly MakeSection[] = [
  legendSection,
  headsSection,
  numbersSection,
  designSection,
  runSection,
  qualitySection,
  costSection,
  flowSection,
  fitSection,
  chartsSection,
];
