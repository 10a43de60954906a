import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Complete } from '@bomb.sh/tab';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { formatNames } from '../../runtime/export/format-names.ts';

/** Options whose value is the path of any file. */
const PATHS = ['out', 'input', 'output', 'svg', 'text'];
/** Where to look for names; no file of people is longer. */
const LONGEST_SOURCE = 2 ** 20;

/**
 * Adds `completion`: scripts that let shells complete commands, options, their values, `.sparse` files and the names in
 * them. All other commands have to be there already.
 */
export function addCompletion(program: Command): void {
  const completions = tab(program, { completionCommandName: 'completion' });
  program.commands
    .find(command => command.name() === 'completion')
    ?.summary('print a script that completes commands in your shell')
    .description(
      'Prints a script for bash (with bash-completion), zsh, fish or PowerShell that completes commands, options and\n' +
        'their values. For bash, `source <(sparse completion bash)` in ~/.bashrc; for zsh the same with zsh in ~/.zshrc,\n' +
        'after compinit; for fish `sparse completion fish > ~/.config/fish/completions/sparse.fish`.',
    )
    .addHelpText('after', '\nExample:\n  sparse completion bash');
  // What the shell has so far; the scripts hand on all words after `--`.
  const words = process.argv.slice(process.argv.indexOf('--') + 1);
  const started = words.at(-1) ?? '';
  for (const [name, command] of completions.commands) {
    // One line: the scripts read lines.
    command.description = program.commands.find(each => each.name() === name)?.summary() ?? command.description;
    for (const argument of command.arguments.values())
      argument.handler ??= complete => completePath(started, name => name.endsWith('.sparse'), complete);
    for (const id of PATHS) {
      const option = command.options.get(id);
      if (option !== undefined) option.handler = complete => completePath(started, () => true, complete);
    }
    const of = command.options.get('of');
    if (of !== undefined) of.handler = complete => completeNames(words, complete);
  }
  // Its words are checked by the command itself, whose message says more than a list of choices could.
  const format = completions.commands.get('export')?.options.get('format');
  if (format !== undefined)
    format.handler = complete => {
      for (const { id, title } of formatNames) complete(id, title);
    };
}

/** Files that are wanted, and folders, which may hold some. */
function completePath(started: string, isWanted: (name: string) => boolean, complete: Complete): void {
  const folder = started.slice(0, started.lastIndexOf('/') + 1);
  try {
    for (const entry of readdirSync(folder || '.', { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) complete(`${folder}${entry.name}/`, 'folder');
      else if (isWanted(entry.name)) complete(folder + entry.name, 'file');
    }
  } catch {
    // A folder that is not there holds nothing.
  }
}

/** Names of what the first file among the words declares. */
function completeNames(words: readonly string[], complete: Complete): void {
  const file = words.find(word => path.extname(word) === '.sparse');
  if (file === undefined) return;
  try {
    const text = readFileSync(file, 'utf8').slice(0, LONGEST_SOURCE);
    for (const [, kind, name] of text.matchAll(/^\s*(pattern|model)\s+(\w+)/gm)) complete(name ?? '', kind ?? '');
  } catch {
    // Whoever runs the command is told.
  }
}
