import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { invocationOf } from '../../test/support/invocation.ts';
import { rejected } from '../../test/support/refused.ts';
import { knownOptions } from '../options/option-reader.ts';
import { displayWidth } from '../report/text/text.ts';
import { commands } from './commands.ts';
import { runProgram } from './program.ts';

const invoke = (...argv: string[]) => invocationOf(argv);

async function help(columns: number, ...argv: string[]): Promise<string> {
  const spec = { name: 'uring-bench', version: () => '1.2.3', commands, columns };
  const { code, text } = await runProgram(spec, [...argv, '--help']);
  assert.equal(code, 0);
  return text;
}

describe('the program', () => {
  it('hands a command its options and operands', async () => {
    const run = await invoke('--iodepth', '8', '--filename=a', '--filename=b', '--no-save');
    assert.equal(run.command, '');
    assert.deepEqual(run.argv, ['--iodepth', '8', '--filename=a', '--filename=b', '--no-save']);
    const options = run.options.map(({ flag, text }) => `${flag}=${text}`).sort();
    assert.deepEqual(options, ['filename=a', 'filename=b', 'iodepth=8', 'save=0']);
    const show = await invoke('show', '--output-format', 'json', 'x', 'y');
    assert.deepEqual(show.operands, ['x', 'y']);
    assert.deepEqual(show.options, [{ flag: 'output-format', text: 'json' }]);
  });

  it('passes every option of each command on', async () => {
    for (const { name, flags, operands } of commands) {
      const argv = [...(name === '' ? [] : [name]), ...flags.map((flag) => `--${flag}=text`)];
      const { options, command } = await invoke(...argv, ...(operands ? ['x'] : []));
      assert.equal(command, name);
      assert.equal(options.length, flags.length);
    }
  });

  it('has a command for every option of the table', () => {
    const known = new Set(commands.flatMap(({ flags }) => flags));
    assert.deepEqual(
      knownOptions.filter(({ flag }) => !known.has(flag)),
      [],
    );
  });

  it('hands what stands behind -- to a command that runs something', async () => {
    const { operands, options } = await invoke('gate', '--baseline', 'b', '--update', '--', '--bs', '8k');
    assert.deepEqual(operands, ['--bs', '8k']);
    assert.deepEqual(options.map(({ flag, text }) => `${flag}=${text}`).sort(), [
      'baseline=b',
      'update=always',
    ]);
    await rejected(
      invoke('gate', '--bs=8k'),
      /^gate has no option '--bs' \(options of the run stand behind --\)/,
    );
    await rejected(invoke('compare', '--bs=8k'), /^compare has no option '--bs' \(see uring-bench compare/);
    await rejected(
      invoke('--fail-on=x'),
      /^a run has no option '--fail-on' \(compare, gate: these have it\)/,
    );
  });

  it('turns what commander refuses into errors of its own', async () => {
    await rejected(invoke('show'), /^missing required argument 'FILE' \(see uring-bench show --help\)/);
    await rejected(invoke('backends', 'x'), /^too many arguments/);
  });

  it('says its version', async () => {
    const spec = { name: 'uring-bench', version: () => '1.2.3', commands, columns: 80 };
    assert.deepEqual(await runProgram(spec, ['--version']), { code: 0, text: '1.2.3\n' });
  });

  it('fits its help into any terminal, but for names and examples that are wider', async () => {
    const unbreakable = Math.max(...knownOptions.map(({ flag }) => flag.length)) + 10;
    for (const columns of [40, 60, 80, 100, 200]) {
      for (const argv of [[], ['ladder'], ['show'], ['backends'], ['sweep'], ['article']]) {
        for (const line of (await help(columns, ...argv)).split('\n')) {
          if (/^(Usage:| {2}uring-bench)/.test(line)) continue;
          assert.ok(displayWidth(line) <= Math.max(columns, unbreakable), `${columns}: ${line}`);
        }
      }
    }
  });

  it('shows every option in its help', async () => {
    const text = await help(80);
    const run = commands.find(({ name }) => name === '');
    for (const flag of run?.flags ?? []) assert.match(text, new RegExp(`--(no-|\\[no-\\])?${flag}\\b`), flag);
  });
});
