import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { invocationOf } from '../../test/support/invocation.ts';
import { refused, rejected } from '../../test/support/refused.ts';
import { knownOptions } from '../options/option-reader.ts';
import type { Flag } from '../options/options.ts';
import { displayWidth } from '../report/text/text.ts';
import { readRunOptions } from './argv.ts';
import { commands } from './commands.ts';
import { runProgram } from './program.ts';

const invoke = (...argv: string[]) => invocationOf(argv);

async function help(columns: number, ...argv: string[]): Promise<string> {
  const spec = { name: 'uring-bench', version: () => '1.2.3', commands, columns };
  const { code, text } = await runProgram(spec, [...argv, '--help']);
  assert.equal(code, 0);
  return text;
}

const spec80 = { name: 'uring-bench', version: () => '1.2.3', commands, columns: 80 };
const words = (name: string) => (name === '' ? [] : [name]);

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
    await rejected(invoke('show'), /^missing required argument 'RESULTS' \(see uring-bench show --help\)/);
    await rejected(invoke('backends', 'x'), /^too many arguments/);
  });

  it('says its version', async () => {
    const spec = { name: 'uring-bench', version: () => '1.2.3', commands, columns: 80 };
    assert.deepEqual(await runProgram(spec, ['--version']), { code: 0, text: '1.2.3\n' });
  });

  it('fits its help into any terminal, but for words that are wider', async () => {
    const unbreakable = Math.max(...knownOptions.map(({ flag }) => flag.length)) + 10;
    for (const columns of [40, 60, 80, 100, 200]) {
      const lines = [[], ['ladder'], ['show'], ['backends'], ['sweep'], ['article'], ['gate']];
      for (const argv of [...lines, ...lines.map((line) => [...line, '--all'])]) {
        for (const line of (await help(columns, ...argv)).split('\n')) {
          if (/^Usage:/.test(line) || /^ *[^ ]*( \\)?$/.test(line)) continue;
          assert.ok(displayWidth(line) <= Math.max(columns, unbreakable), `${columns}: ${line}`);
        }
      }
    }
  });

  it('shows every option with --all, and those that have a brief line on a page that fits a screen', async () => {
    const shown = (text: string, flag: string) =>
      new RegExp(`^ +--(no-|\\[no-\\])?${flag}\\b(?!-)`, 'm').test(text);
    for (const { name, flags, help: own } of commands) {
      const [page, all] = [await help(80, ...words(name)), await help(80, ...words(name), '--all')];
      for (const flag of flags) assert.ok(shown(all, flag), `${name} ${flag}`);
      const left = flags.filter((flag) => !shown(page, flag));
      const told = knownOptions.filter(
        ({ brief, scope }) => brief !== undefined || (name !== '' && scope === 'compare'),
      );
      for (const { flag } of told) assert.ok(!left.includes(flag), `${name} ${flag}`);
      for (const flag of Object.keys(own ?? {})) assert.ok(!left.includes(flag as Flag), `${name} ${flag}`);
      if (left.length > 0) assert.match(page, /--help --all/);
      else assert.equal(page, all);
    }
    const page = await help(80);
    assert.ok(page.trimEnd().split('\n').length <= 50);
    assert.ok(page.indexOf('Commands:') < page.indexOf('--backend'));
    for (const { brief } of [...knownOptions, ...commands]) {
      assert.ok(brief === undefined || page.includes(`  ${brief}\n`), `'${brief}' takes more than a line`);
    }
  });

  it('is asked for --all with help alone', async () => {
    assert.equal(await help(80, '--all'), (await runProgram(spec80, ['help', '--all'])).text);
    assert.equal(
      await help(80, 'sweep', '--all'),
      (await runProgram(spec80, ['help', 'sweep', '--all'])).text,
    );
    for (const line of [['--all'], ['show', '--all', 'x'], ['--bs=4k', '--all']]) {
      await rejected(runProgram(spec80, line), /^--all is only of --help/);
    }
    refused(() => readRunOptions(['--bs=4k', '--all']), /^'--all' behind -- is no option of a run/);
  });

  it('folds examples as a shell takes them', async () => {
    const text = await help(40);
    assert.match(
      text,
      /\n {2}uring-bench --job \\\n {4}'rw=write fdatasync=1' --job \\\n {4}'rw=randread iodepth=16'\n/,
    );
  });
});
