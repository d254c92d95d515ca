/** The benchmark as it is called, short and on a small file: what it prints, not how fast anything is. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { EnvironmentSchema } from '../src/results/schema.ts';
import { scratchFolder } from '../test/support/scratch.ts';
import { firstReason, hasCommand, needsCommand } from '../test/support/witness.ts';
import type { Report } from './report.ts';
import { rows } from './rows.ts';
import { type RowSummary, tools } from './summary.ts';

const script = fileURLToPath(new URL('./run.ts', import.meta.url));
const tsx = import.meta.resolve('tsx');
const SHORT = ['--rounds=1', '--seconds=0.3', '--size=4', '--no-build'];

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): { child: ChildProcess; ended: Promise<Ended> } {
  const { NODE_TEST_CONTEXT, ...clean } = env;
  const child = spawn(process.execPath, ['--import', tsx, script, ...args], { env: clean });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...said }));
  });
  return { child, ended };
}

test('a short run measures everything and leaves nothing behind', async (t) => {
  const folder = scratchFolder(t);
  const { code, stdout, stderr } = await start([...SHORT, `--directory=${folder}`, '--json']).ended;
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(folder), []);
  const report = JSON.parse(stdout) as Report;
  assert.equal(report.fio !== null, hasCommand('fio'));
  const ajv = new Ajv({ strict: true });
  assert.ok(
    ajv.validate(JSON.parse(JSON.stringify(EnvironmentSchema)), report.environment),
    ajv.errorsText(),
  );
  const { comparison, floor, limits } = report;
  assert.ok(comparison && floor && limits);
  for (const row of rows) {
    const ran: string[] = comparison.samples
      .filter((sample) => sample.row === row.name)
      .map(({ tool }) => tool);
    // Of one way to call fio it is known, and then said, that it may hang.
    const hung: boolean = comparison.warnings.some((text) => text.startsWith(`${row.name}: fio hung`));
    assert.ok(!hung || row.fio.includes('--io_submit_mode=offload'), row.name);
    const hasFio: boolean = report.fio !== null && !hung;
    const expected: string[] = tools.filter(
      (tool) => (tool !== 'fio' || hasFio) && (tool !== 'bare' || row.bare),
    );
    assert.deepEqual(ran.sort(), expected.sort(), row.name);
    const summary: RowSummary | undefined = comparison.rows.find((one) => one.row === row.name);
    assert.ok((summary?.ops['uring-bench']?.median ?? 0) > 1000, row.name);
    assert.equal(summary?.vsBare !== null, row.bare !== null);
  }
  assert.deepEqual(
    comparison.warnings.filter((text) => /page cache/.test(text)),
    [],
    'the file stayed hot',
  );
  assert.equal(floor.rows.length, 5);
  for (const { with: kept, without } of floor.rows) assert.ok(kept.min > 0.5 && without.min > 0.5);
  assert.ok(floor.clock.median > 0.5);
  assert.equal(limits.length, 8);
  for (const { name, value } of limits) assert.ok(value > 0, name);
});

test('without fio it says so, and compares with the rest', {
  skip: firstReason(...['cc', 'as', 'ld'].map(needsCommand)),
}, async (t) => {
  const folder = scratchFolder(t);
  const path = scratchFolder(t);
  for (const name of ['cc', 'as', 'ld']) {
    const from = (process.env.PATH ?? '')
      .split(delimiter)
      .find((place) => readdirOrNone(place).includes(name));
    symlinkSync(join(from ?? '', name), join(path, name));
  }
  const args = [...SHORT, `--directory=${folder}`, '--parts=comparison', '--markdown'];
  const { code, stdout, stderr } = await start(args, { ...process.env, PATH: path }).ended;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /there is no fio in PATH/);
  assert.match(stdout, /^- \d{4}-\d\d-\d\d: .*, Linux \S+ \S+\n- no fio, Node v/);
  const table = stdout.split('\n').filter((line) => line.startsWith('| '));
  assert.equal(table.length, rows.length + 2);
  const cells = table.map((line) => line.split(' | '));
  assert.deepEqual(new Set(cells.map(({ length }) => length)).size, 1);
  assert.deepEqual(
    cells.slice(2).map(([, fio]) => fio),
    rows.map(() => ''),
  );
  assert.match(stdout, /warning: there is no fio in PATH/);
});

function readdirOrNone(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} ends it at once and removes the file`, async (t) => {
    const folder = scratchFolder(t);
    const args = ['--rounds=1', '--seconds=20', '--size=4', '--no-build', `--directory=${folder}`];
    const { child, ended } = start(args);
    await new Promise<void>((resolve) => {
      child.stderr?.on('data', (text: string) => {
        if (text.includes('round 1 of 1')) resolve();
      });
    });
    assert.equal(readdirSync(folder).length, 1);
    const told = performance.now();
    child.kill(signal);
    const { code, stdout } = await ended;
    assert.equal(code, expected);
    assert.equal(stdout, '');
    assert.deepEqual(readdirSync(folder), []);
    assert.ok(performance.now() - told < 10_000);
  });
}

test('a wrong call says what is wrong and creates nothing', async (t) => {
  const folder = scratchFolder(t);
  for (const [args, message] of [
    [['--rounds=none'], /^bench: --rounds=none is not a whole number/],
    [[`--directory=${folder}/absent`], /^bench: --directory=\S+ is no folder/],
  ] as const) {
    const { code, stderr } = await start(args).ended;
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
  assert.deepEqual(readdirSync(folder), []);
});
