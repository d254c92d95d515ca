/** A run that is killed can't take its files back: `clean` and the next run do, and touch nothing else. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from '../../src/errors.ts';
import { cleanFolder } from '../../src/leftovers/clean.ts';
import type { RunResult } from '../../src/results/schema.ts';
import { bench, startBench } from '../support/bench.ts';
import { root } from '../support/cli.ts';
import { dataFile, diskFolder, filesIn, noDisk } from '../support/disk.ts';
import { scratchFolder } from '../support/scratch.ts';
import { victim } from '../support/victim.ts';

/** Kills at random moments; more of them than CI has time for are a variable away. */
const KILLS = Number(process.env.URING_BENCH_KILLS ?? 6);
/** From before anything is made to well within the trials. */
const LATEST_MS = 2500;

const RUN = ['--size=48m', '--runtime=100ms', '--trials=40', '--warmup-trials=0', '--bs=4k'];

/** Runs of which each kill takes the next. */
const runs: readonly (readonly string[])[] = [
  ['--backend=sync', '--rw=randwrite', '--no-save'],
  ['--backend=sync,io_uring', '--rw=randread', '--numjobs=2', '--isolation=process', '--no-save'],
  ['--backend=io_uring', '--rw=write', '--nrfiles=4'],
  ['sweep', '--backend=sync', '--bs=4k,8k', '--runtime=50ms'],
];

/** Results that are worth something stay: what is empty, and what was going to be one, does not. */
function isResult(folder: string, name: string): boolean {
  return /^results(\/.*\.json)?$/.test(name) && statSync(join(folder, name)).size > 0;
}

/** 0 of what is not there. */
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** A process that was killed is there until the kernel has taken it apart, lock and all. */
async function killed(folder: string, args: readonly string[], afterMs: number): Promise<void> {
  const running = startBench(folder, args);
  await sleep(afterMs);
  running.kill('SIGKILL');
  await running.ended;
}

describe('a killed run', { skip: noDisk }, () => {
  for (let round = 0; round < KILLS; round++) {
    it(`leaves nothing that clean does not remove (${round + 1})`, async (t) => {
      const folder = diskFolder(t);
      const mine = ['mine', 'uring-bench.7.0', '.uring-bench-mine'].map((name) =>
        dataFile(join(folder, name), 2 ** 20),
      );
      const kept = mine.map(victim);
      const before = filesIn(folder);
      const afterMs = Math.random() * LATEST_MS;
      await killed(folder, [...(runs[round % runs.length] ?? []), ...RUN], afterMs);
      const left = filesIn(folder);
      const { code, stdout, stderr } = await bench(folder, ['clean']);
      const told = `after ${afterMs} ms, of ${left}: ${stdout}${stderr}`;
      assert.equal(code, EXIT.ok, told);
      const now = filesIn(folder).filter((name) => !isResult(folder, name));
      assert.deepEqual(now, before, told);
      for (const one of kept) one.untouched();
    });
  }

  it('is cleaned up by the next one, which says so', async (t) => {
    const folder = diskFolder(t);
    const running = startBench(folder, [...RUN, '--backend=sync', '--rw=randwrite', '--no-save']);
    await running.said(/about/);
    running.kill('SIGKILL');
    await running.ended;
    const marker = filesIn(folder).find((name) => name.endsWith('.run'));
    assert.deepEqual(filesIn(folder), [marker, 'uring-bench.0.0']);
    const dry = await bench(folder, ['clean', '--dry-run']);
    assert.equal(dry.stdout, 'would remove uring-bench.0.0 (48 MiB)\nto remove: 1 file, 48 MiB\n');
    assert.deepEqual(filesIn(folder), [marker, 'uring-bench.0.0']);
    const short = ['--backend=sync', '--rw=randwrite', '--size=1m', '--number-ios=10', '--trials=1'];
    const { code, stdout, stderr } = await bench(folder, [...short, '--no-save', '--output-format=json']);
    assert.equal(code, EXIT.ok, stderr);
    assert.match(stderr, /removed what a killed run had left in \S+: 1 file, 48 MiB/);
    const { warnings }: RunResult = JSON.parse(stdout);
    assert.equal(warnings.filter(({ code }) => code === 'leftovers').length, 1);
    assert.deepEqual(filesIn(folder), []);
  });

  it('in the middle of laying out a file that has a name says so where it is in the way', async (t) => {
    const folder = diskFolder(t);
    const args = ['--filename=data', '--size=4g', '--rw=randread', '--backend=sync', '--no-save'];
    const running = startBench(folder, args);
    for (let i = 0; i < 500 && !(sizeOf(join(folder, 'data')) > 0); i++) await sleep(10);
    running.kill('SIGKILL');
    await running.ended;
    const kept = victim(join(folder, 'data'));
    const { code, stderr } = await bench(folder, [
      '--filename=data',
      '--size=8g',
      '--rw=randread',
      '--no-save',
    ]);
    assert.equal(code, EXIT.usage);
    assert.match(
      stderr,
      /fewer than size=8g ask for \(it was left by a run that was killed \(pid \d+, .* UTC\): uring-bench clean \.; /,
    );
    const { stdout } = await bench(folder, ['clean']);
    assert.match(stdout, /^left data \(.*\): its name was given/);
    kept.untouched();
    assert.deepEqual(filesIn(folder), ['data']);
  });
});

describe('a process that is killed at each of its calls', () => {
  it('leaves nothing that clean does not remove', async (t) => {
    const script = join(root, 'test/support/killed-at.ts');
    const folder = scratchFolder(t);
    const kept = victim(dataFile(join(folder, 'mine'), 2 ** 20));
    // Half of them, another half each time: a process of its own for each takes its time.
    let calls = Math.random() < 0.5 ? 0 : 1;
    for (let status: number | null = null; status !== 0; calls += 2) {
      const args = ['--import', 'tsx', script, folder, String(calls)];
      const ended = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
      status = ended.status;
      assert.equal(ended.signal ?? status, status === 0 ? 0 : 'SIGKILL', ended.stderr);
      const left = filesIn(folder);
      const outcomes = [
        ...(left.includes('results') ? cleanFolder(join(folder, 'results')) : []),
        ...cleanFolder(folder),
      ];
      const now = filesIn(folder).filter((name) => !isResult(folder, name));
      assert.deepEqual(now, ['mine'], `call ${calls}, of ${left}: ${JSON.stringify(outcomes)}`);
      kept.untouched();
      rmSync(join(folder, 'results'), { recursive: true, force: true });
    }
    t.diagnostic(`ended before call ${calls - 2}`);
    assert.ok(calls > 30, `only ${calls} calls`);
  });
});

describe('a run at work', { skip: noDisk }, () => {
  it('keeps its files, whoever cleans or runs beside it', async (t) => {
    const folder = diskFolder(t);
    const first = startBench(folder, [
      ...RUN,
      '--backend=sync',
      '--rw=randread',
      '--no-save',
      '--name=first',
    ]);
    await first.said(/about/);
    const made = victim(join(folder, 'first.0.0'));
    const { code, stdout } = await bench(folder, ['clean']);
    assert.equal(code, EXIT.ok);
    assert.match(
      stdout,
      new RegExp(`^left \\.uring-bench-\\w+\\.run .*: its run is at work \\(pid ${first.pid}\\)`),
    );
    const short = [
      '--backend=sync',
      '--rw=randread',
      '--size=1m',
      '--number-ios=10',
      '--trials=1',
      '--no-save',
    ];
    assert.equal((await bench(folder, short)).code, EXIT.ok);
    const same = await bench(folder, [...short, '--name=first', '--rw=randwrite']);
    assert.equal(same.code, EXIT.usage);
    assert.match(same.stderr, new RegExp(`is a file of another run that is at work \\(pid ${first.pid}, `));
    made.untouched();
    first.kill('SIGTERM');
    assert.equal((await first.ended).code, EXIT.sigterm);
    assert.deepEqual(filesIn(folder), []);
  });
});

describe('clean', () => {
  it('looks at the folders that are named, and not below them', { skip: noDisk }, async (t) => {
    const folder = diskFolder(t);
    for (const name of ['one', 'one/below']) mkdirSync(join(folder, name));
    for (const name of ['one', 'one/below']) {
      const run = startBench(join(folder, name), [...RUN, '--backend=sync', '--rw=randread', '--no-save']);
      await run.said(/about/);
      run.kill('SIGKILL');
      await run.ended;
    }
    const { code, stdout } = await bench(folder, ['clean', 'one']);
    assert.deepEqual(
      [code, stdout],
      [EXIT.ok, 'removed one/uring-bench.0.0 (48 MiB)\nremoved: 1 file, 48 MiB\n'],
    );
    assert.equal(readdirSync(join(folder, 'one/below')).length, 2);
    const wrong = await bench(folder, ['clean', 'none']);
    assert.equal(wrong.code, EXIT.usage);
    writeFileSync(join(folder, 'file'), 'mine');
    assert.equal((await bench(folder, ['clean', 'file'])).code, EXIT.usage);
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'mine');
  });
});
