import type { Question } from './inquirer.ts';
import type { PageServices } from './page-services.ts';

/** Has these questions asked again whenever another mask is shown. Those of folded sections wait until one is opened. */
export function inquire({ inquirer }: PageServices, questions: readonly Question[]): void {
  inquirer.add(questions);
}
