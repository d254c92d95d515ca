/** Operations on names and lengths, as a user types them: what is counted, what is left, what is refused. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import { isTree, type RwMode, rwModes } from '../../src/workload/operations.ts';
import { bench, benchResult, REPORT, resultOf, startBench, trialOf } from '../support/bench.ts';
import { diskFolder, filesIn, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { scratchFolder } from '../support/scratch.ts';
import { firstReason } from '../support/witness.ts';

const ITEMS = 40;
const modes = (Object.keys(rwModes) as RwMode[]).filter(isTree);
const noRing = unavailable('io_uring');

describe('every mode', { skip: noDisk }, () => {
  for (const rw of modes) {
    it(`${rw}: each item once a pass, nothing left`, async (t) => {
      const folder = diskFolder(t);
      const backend = noRing ? 'sync,null' : 'sync,io_uring,null';
      const shape = ['--nrfiles', `${ITEMS}`, '--dirs', '2', '--depth', '2', '--numjobs', '2'];
      const amount = ['--loops', '3', '--iodepth', '4', '--trials', '2'];
      const result = await benchResult(folder, ['--rw', rw, '--backend', backend, ...shape, ...amount]);
      const [operation] = rwModes[rw].operations;
      for (const label of backend.split(',')) {
        const trial = trialOf(result, label);
        assert.equal(trial.total_ios, 2 * 3 * ITEMS, label);
        assert.deepEqual(Object.keys(trial.ops), [operation], label);
        assert.equal(trial.ops[operation ?? 'read']?.lat_ns.N, trial.total_ios, label);
      }
      assert.deepEqual(filesIn(folder), []);
    });
  }
});

it('one directory for all jobs holds the files of each', { skip: noDisk }, async (t) => {
  const folder = diskFolder(t);
  const args = ['--rw', 'create', '--shared-dir', '--numjobs', '3', '--nrfiles', '20', '--loops', '1'];
  const running = startBench(folder, [...args, '--backend', 'sync', '--thinktime', '20ms', ...REPORT]);
  const seen = new Set<string>();
  for (let tries = 0; tries < 1000 && seen.size < 3; tries++) {
    const names = readdirSync(folder, { recursive: true }).map(String);
    for (const name of names) seen.add(/^uring-bench\.tree\/d0\/f\.(\d)\.\d+$/.exec(name)?.[1] ?? '');
    seen.delete('');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.deepEqual([...seen].sort(), ['0', '1', '2']);
  assert.equal(trialOf(resultOf(await running.ended)).total_ios, 60);
  assert.deepEqual(filesIn(folder), []);
});

describe('who cannot', { skip: noDisk }, () => {
  it('is skipped with the reason, and the others are compared', async (t) => {
    const result = await benchResult(diskFolder(t), ['--rw', 'stat', '--nrfiles', '50', '--loops', '2']);
    const skipped = result.backends.filter(({ status }) => status === 'skipped');
    const named = skipped.map(({ label, reason }) => [label, reason?.startsWith('it has no stat, only ')]);
    for (const backend of ['posix-aio', 'linux-aio']) {
      assert.ok(
        named.some(([label, told]) => label === backend && told === true),
        backend,
      );
    }
    assert.ok(result.backends.some(({ label, status }) => label === 'sync' && status === 'complete'));
  });

  it('alone is a usage error', async (t) => {
    const { code, stderr } = await bench(scratchFolder(t), ['--rw', 'create', '--backend', 'linux-aio']);
    assert.equal(code, EXIT.usage);
    assert.match(
      stderr,
      /^uring-bench: rw=create: linux-aio cannot create \(these can: sync, threadpool, io_uring, null\)\n$/,
    );
  });
});

describe('what no tree has', () => {
  const refused: [string[], RegExp][] = [
    [['--filename', 'x'], /filename with rw=create, which makes files of its own \(use --directory=DIR/],
    [['--io-size', '1m'], /io-size with rw=create, which moves no data/],
    [
      ['--dirs', '1000', '--depth', '3'],
      /dirs=1000 to depth=3 are 1000000000 directories \(at most 4194304\)/,
    ],
    [['--nrfiles', '4194304', '--numjobs', '4000'], /not enough inodes in |needs .* of memory/],
    [['--backend', 'io_uring+enhanced'], /io_uring\+enhanced: \w+ is not for rw=create \(leave it out\)/],
    [
      ['--backend', 'io_uring+linked'],
      /linked needs directfiles: what is closed must be known beforehand \(write \+directfiles\+linked\)/,
    ],
    [['--directory', '/proc'], /\/proc is in /],
  ];
  for (const [args, said] of refused) {
    it(args.join(' '), async (t) => {
      const folder = scratchFolder(t);
      const { code, stderr } = await bench(folder, ['--rw', 'create', ...args]);
      assert.equal(code, EXIT.usage, stderr);
      assert.match(stderr, said);
      assert.deepEqual(filesIn(folder), []);
    });
  }

  it('directfiles where nothing is opened', async (t) => {
    const { code, stderr } = await bench(scratchFolder(t), ['--rw=stat', '--backend=io_uring+directfiles']);
    assert.equal(code, EXIT.usage, stderr);
    assert.match(stderr, /directfiles needs --rw create, open or wholefile/);
  });

  it('options of data are told as ignored', async (t) => {
    const args = ['--rw=create', '--bs=8k', '--filesize=4k', '--backend=sync', '--loops=1', '--nrfiles=5'];
    const { warnings } = await benchResult(diskFolder(t), [...args, '--trials=1']);
    const said = warnings.filter(({ code }) => code === 'option-ignored').map(({ message }) => message);
    assert.deepEqual(said, [
      'bs=8k has no effect: rw=create has no I/O of data',
      'filesize=4k has no effect: rw=create: files are made empty',
    ]);
  });

  it('a tree that is there already', async (t) => {
    const folder = scratchFolder(t);
    writeFileSync(join(folder, 'uring-bench.0.tree'), 'mine');
    const { code, stderr } = await bench(folder, ['--rw', 'create', '--backend', 'sync']);
    assert.equal(code, EXIT.usage);
    assert.match(stderr, /uring-bench\.0\.tree exists already/);
    assert.deepEqual(filesIn(folder), ['uring-bench.0.tree']);
  });
});

describe('a run that is killed', { skip: firstReason(noDisk) }, () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`${signal}: its tree goes, what somebody has put into it does not`, async (t) => {
      const folder = diskFolder(t);
      const args = ['--rw', 'rename', '--backend', 'sync', '--nrfiles', '300', '--no-save'];
      const running = startBench(folder, [...args, '--runtime', '60', '--trials', '1']);
      await running.said(/trial 1 of 1/);
      const other = signal === 'SIGKILL';
      if (other) writeFileSync(join(folder, 'uring-bench.0.tree/d0/mine'), 'x');
      running.kill(signal);
      await running.ended;
      if (!other) return assert.deepEqual(filesIn(folder), []);
      assert.ok(filesIn(folder).length > 300, 'a killed run has no time to remove it');
      const first = await bench(folder, ['clean']);
      assert.match(first.stdout + first.stderr, /something else has been put into it/);
      assert.deepEqual(filesIn(folder).at(-1), 'uring-bench.0.tree/d0/mine');
      assert.equal(filesIn(folder).length, 3, 'with the folders that it is in');
    });
  }

  it('SIGKILL: the next run removes it', async (t) => {
    const folder = diskFolder(t);
    const args = ['--rw', 'create', '--backend', 'sync', '--nrfiles', '300', '--no-save', '--trials', '1'];
    const running = startBench(folder, [...args, '--runtime', '60']);
    await running.said(/trial 1 of 1/);
    running.kill('SIGKILL');
    await running.ended;
    const result = await benchResult(folder, [...args, '--loops', '1']);
    assert.ok(result.warnings.some(({ code }) => code === 'leftovers'));
    assert.deepEqual(filesIn(folder), []);
  });
});
