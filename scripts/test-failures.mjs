import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { projectRoot } from './project-root.mjs';

/** Lines of a message that are shown: the first ones say what happened, the rest where. */
const SHOWN_LINES = 12;

/**
 * What did not pass in a report of Vitest (its JSON reporter), each with its file, its name and the reason. A test that did
 * not run has not passed: those of a file whose preparation failed are among them. A file that failed outside its tests
 * counts once.
 *
 * @param {{ testResults: { name: string, status: string, message?: string, assertionResults: { status: string, fullName: string, failureMessages?: string[] }[] }[] }} report
 * @returns {string[]}
 */
export function failuresOf(report) {
  return report.testResults.flatMap(file => {
    const where = path.relative(projectRoot, file.name);
    const notPassed = file.assertionResults.filter(({ status }) => status !== 'passed');
    if (notPassed.length === 0) {
      return file.status === 'failed' ? [described(where, 'failed outside its tests', [file.message ?? ''])] : [];
    }
    return notPassed.map(({ status, fullName, failureMessages = [] }) =>
      status === 'failed'
        ? described(where, fullName, failureMessages)
        : described(where, `${fullName}: did not run (${status})`, [file.message ?? '']),
    );
  });
}

function described(where, what, messages) {
  const lines = stripVTControlCharacters(messages.join('\n'))
    .split('\n')
    .filter(line => line.trim() !== '' && !line.includes('node_modules'));
  return [`${where}: ${what}`, ...lines.slice(0, SHOWN_LINES).map(line => `    ${line}`)].join('\n');
}
