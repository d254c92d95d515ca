/** --report: more reports in one go, each as --output-format would have made it. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXIT } from '../src/errors.ts';
import { bench, benchFails } from './support/bench.ts';
import { filesIn } from './support/disk.ts';
import { scratchFolder } from './support/scratch.ts';

const RUN = ['--backend=null', '--runtime=20ms', '--trials=1', '--warmup-trials=0', '--size=1m'];
const MORE = '--report=junit=r.xml,md=r.md,csv=r.csv';

function check(folder: string, xml = /^<\?xml/): void {
  assert.match(readFileSync(join(folder, 'r.xml'), 'utf8'), xml);
  assert.match(readFileSync(join(folder, 'r.md'), 'utf8'), /^\*\*|^- \*\*|^\|/m);
  assert.match(readFileSync(join(folder, 'r.csv'), 'utf8').split('\n')[0] ?? '', /,/);
}

test('a run writes them beside its own', async (t) => {
  const folder = scratchFolder(t);
  const ended = await bench(folder, [...RUN, MORE, '--no-save']);
  assert.equal(ended.code, EXIT.ok, ended.stderr);
  assert.match(ended.stdout, /^verdict/);
  assert.match(ended.stderr, /\nReport: r\.xml\nReport: r\.md\nReport: r\.csv\n/);
  check(folder);
});

test('show, compare and gate do, too, and each is what its format gives alone', async (t) => {
  const folder = scratchFolder(t);
  assert.equal((await bench(folder, [...RUN, '--quiet'])).code, EXIT.ok);
  const stored = filesIn(folder).find((one) => one.endsWith('.json')) ?? '';
  for (const args of [
    ['show', stored],
    ['compare', stored, stored],
  ]) {
    const ended = await bench(folder, [...args, MORE]);
    assert.equal(ended.code, EXIT.ok, ended.stderr);
    check(folder);
    const alone = await bench(folder, [...args, '--output-format=markdown']);
    assert.equal(readFileSync(join(folder, 'r.md'), 'utf8'), alone.stdout);
  }
  const gate = [
    'gate',
    `--baseline=${stored}`,
    MORE,
    '--no-save',
    '--',
    ...RUN.filter((arg) => !arg.startsWith('--trials')),
  ];
  const ended = await bench(folder, gate);
  assert.ok([EXIT.ok, EXIT.regression, EXIT.undecided].includes(ended.code as 0), ended.stderr);
  check(folder);
});

test('a sweep has those that it has', async (t) => {
  const folder = scratchFolder(t);
  const sweep = ['sweep', ...RUN, '--iodepth=1,2', '--no-save'];
  assert.equal((await bench(folder, [...sweep, '--report=md=r.md,csv=r.csv'])).code, EXIT.ok);
  assert.match(readFileSync(join(folder, 'r.md'), 'utf8'), /\| iodepth \|/);
  await benchFails(folder, [...sweep, MORE], EXIT.usage);
});

test('lists have those of their own formats', async (t) => {
  const folder = scratchFolder(t);
  assert.equal((await bench(folder, [...RUN, '--quiet'])).code, EXIT.ok);
  for (const [command, formats] of [
    ['ls', ['json', 'csv', 'table']],
    ['history', ['json', 'csv', 'markdown', 'table']],
    ['backends', ['json', 'table']],
    ['doctor', ['json', 'table']],
  ] as const) {
    const asked = formats.map((format) => `${format}=r.${format}`).join(',');
    const ended = await bench(folder, [command, `--report=${asked}`]);
    assert.equal(ended.code, EXIT.ok, ended.stderr);
    assert.equal(ended.stdout, readFileSync(join(folder, 'r.table'), 'utf8'), command);
    assert.ok(JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8')), command);
    for (const format of formats) assert.match(ended.stderr, new RegExp(`^Report: r\\.${format}$`, 'm'));
    const refused = await benchFails(folder, [command, '--report=json=a,junit=b'], EXIT.usage);
    assert.match(
      refused,
      new RegExp(`${command} has no report=junit \\(one of: table, (markdown, csv, )?json`),
    );
  }
  const none = await bench(folder, ['ls', '--where=bs=8k', '--report=table=none.txt']);
  assert.equal(none.code, EXIT.ok, none.stderr);
  assert.equal(readFileSync(join(folder, 'none.txt'), 'utf8'), 'nothing found in 1 result\n');
  assert.match(
    await benchFails(folder, ['clean', '--report=json=r.json'], EXIT.usage),
    /clean has no option '--report' \(a run, ladder, .*\bdoctor: these have it\)/,
  );
});

test('what cannot be is said before anything runs', async (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'data'), Buffer.alloc(2 ** 20));
  for (const [args, said] of [
    [['--report=junit'], /report=junit is no FORMAT=FILE/],
    [['--report=xml=a'], /unknown value output-format=xml/],
    [['--report=csv=a,md=a'], /a would take two reports/],
    [['--output=a', '--report=csv=a'], /a would take two reports/],
    [['--report=csv=missing/a'], /missing/],
    [['--report=csv=data', '--filename=data'], /data/],
  ] as const) {
    assert.match(await benchFails(folder, [...RUN, '--no-save', ...args], EXIT.usage), said);
  }
  assert.deepEqual(filesIn(folder), ['data']);
});
