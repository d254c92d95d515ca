import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CommanderError } from 'commander';
import { refused } from '../../test/support/refused.ts';
import { knownOptions } from '../options/option-reader.ts';
import type { Flag } from '../options/options.ts';
import { TableCommand } from './argv.ts';

/** A command whose options, as they are read, and whose operands go into `seen`, with its name before them. */
function recorded(name: string, flags: readonly Flag[], seen: string[]): TableCommand {
  const command = new TableCommand(name).exitOverride().configureOutput({
    writeOut: (text) => seen.push(text.startsWith('Usage') ? '--help' : '--version'),
    writeErr: () => {},
  });
  command.flags = flags;
  command.argument('[operand...]').hook('preSubcommand', (_, called) => void seen.push(called.name()));
  for (const flag of flags) command.option(`--${flag} <text>`, '');
  for (const flag of flags) command.on(`option:${flag}`, (text) => seen.push(`--${flag}=${text}`));
  return command.action(() => {
    if (command.args.length > 0) seen.push('--', ...command.args);
  });
}

/** What is read of a command line: `[command, --flag=text..., --, operands...]`. */
function normalize(...argv: string[]): string[] {
  const seen: string[] = [];
  const all = knownOptions.map(({ flag }) => flag);
  const program = recorded('uring-bench', all, seen).version('1', '-V, --version');
  program.addCommand(recorded('show', ['output-format', 'color'], seen));
  program.addCommand(recorded('backends', ['output-format'], seen));
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
  }
  return seen;
}

describe('the command line', () => {
  it('takes --opt value, --opt=value, _ for -, and other names', () => {
    assert.deepEqual(normalize('--iodepth', '8', '--bs=4k'), ['--iodepth=8', '--bs=4k']);
    assert.deepEqual(normalize('--iodepth_batch_submit=2'), ['--iodepth-batch-submit=2']);
    assert.deepEqual(normalize('--iodepth_batch', '2'), ['--iodepth-batch-submit=2']);
    assert.deepEqual(normalize('--ioengine', 'libaio'), ['--backend=libaio']);
    assert.deepEqual(normalize('-rw=read', '-bs', '8k', '-direct'), ['--rw=read', '--bs=8k', '--direct=1']);
    assert.deepEqual(normalize('--filename=a=b'), ['--filename=a=b']);
    assert.deepEqual(normalize('--nice', '-5'), ['--nice=-5']);
    assert.deepEqual(normalize('--filename', ''), ['--filename=']);
  });

  it('takes booleans in every form, and never a value that is not theirs', () => {
    assert.deepEqual(normalize('--direct'), ['--direct=1']);
    assert.deepEqual(normalize('--direct=0'), ['--direct=0']);
    assert.deepEqual(normalize('--direct', '0', '--bs', '4k'), ['--direct=0', '--bs=4k']);
    assert.deepEqual(normalize('--direct', '0,1', '--bs=4k,8k'), ['--direct=0,1', '--bs=4k,8k']);
    assert.deepEqual(normalize('--no-direct'), ['--direct=0']);
    assert.deepEqual(normalize('--no_time_based'), ['--time-based=0']);
    assert.deepEqual(normalize('--norandommap'), ['--norandommap=1']);
    assert.deepEqual(normalize('--no-color', 'show', 'file'), ['show', '--color=0', '--', 'file']);
    assert.deepEqual(normalize('show', '--color', 'file'), ['show', '--color=1', '--', 'file']);
  });

  it('lets an option with a bare meaning stand alone', () => {
    assert.deepEqual(normalize('--sync'), ['--sync=sync']);
    assert.deepEqual(normalize('--sync', '--direct'), ['--sync=sync', '--direct=1']);
    assert.deepEqual(normalize('--sync', 'dsync'), ['--sync=dsync']);
    assert.deepEqual(normalize('--continue-on-error'), ['--continue-on-error=all']);
  });

  it('finds the command wherever the options stand', () => {
    assert.deepEqual(normalize('show', 'a', '--output-format', 'json', 'b'), [
      'show',
      '--output-format=json',
      '--',
      'a',
      'b',
    ]);
    assert.deepEqual(normalize('show', '--', '--odd-name'), ['show', '--', '--odd-name']);
    assert.deepEqual(normalize('show', '-'), ['show', '--', '-']);
    assert.deepEqual(normalize('help'), ['--help']);
    assert.deepEqual(normalize('help', 'show'), ['show', '--help']);
    assert.deepEqual(normalize('--version'), ['--version']);
  });

  it('refuses what it does not know', () => {
    refused(() => normalize('--iodept', '8'), /^unknown option '--iodept': did you mean '--iodepth'\?/);
    refused(() => normalize('--no-iodepth'), /^unknown option '--no-iodepth'/);
    refused(() => normalize('--no-direct=1'), /takes no value/);
    for (const word of ['-x', '-nothing=1', '-5']) {
      refused(() => normalize(word), new RegExp(`^unknown option '${word}'`));
    }
    refused(() => normalize('--iodepth'), /^option '--iodepth' needs a value/);
    refused(() => normalize('--iodepth', '--direct'), /^option '--iodepth' needs a value/);
    refused(() => normalize('shwo', 'file'), /^unknown command 'shwo': did you mean 'show'\?/);
    refused(() => normalize('show', '--iodepth=8', 'file'), /^show has no option '--iodepth'/);
    refused(() => normalize('help', 'me'), /^unknown command 'me'/);
  });
});
