/** `article durability`: its table, its stored runs, what it leaves out and why, and what it refuses. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import { parseResult } from '../../src/results/read.ts';
import { bench } from '../support/bench.ts';
import { diskFolder, filesIn, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { firstReason } from '../support/witness.ts';

const SHORT = ['--trials', '2', '--runtime', '40ms', '--size', '8m'];
const WAYS = [
  'append, fdatasync',
  'append, O_DSYNC',
  'append, RWF_DSYNC',
  'append, groups of 8',
  'page, double write',
  'page, RWF_ATOMIC',
];
const skip = firstReason(noDisk, unavailable('io_uring+linked'));

test('a row for each way and backend, each way stored', { skip }, async (t) => {
  const folder = diskFolder(t);
  const { code, stdout, stderr } = await bench(folder, ['article', 'durability', ...SHORT]);
  assert.equal(code, EXIT.ok, stderr);
  for (const way of WAYS) assert.match(stdout, new RegExp(`^${way} +sync`, 'm'));
  const stored = readdirSync(join(folder, 'results')).sort();
  const results = stored.map((name) =>
    parseResult(readFileSync(join(folder, 'results', name), 'utf8'), name),
  );
  assert.deepEqual(
    results.map(({ report }) => (report?.kind === 'phase' ? report.phase : null)),
    WAYS,
  );
  for (const { report, backends, jobs } of results) {
    const phase = report?.kind === 'phase' ? report.phase : '';
    for (const { label, status, reason, trials } of backends) {
      if (phase === 'page, RWF_ATOMIC' && status === 'skipped') {
        assert.match(reason ?? '', /cannot write blocks untorn|RWF_ATOMIC/);
        assert.match(
          stdout.replace(/\s+/g, ' '),
          /page, RWF_ATOMIC: sync\+atomic, threadpool\+atomic, .* are skipped: /,
        );
        continue;
      }
      assert.equal(status, 'complete', `${phase}: ${label}: ${reason}`);
      for (const { ops, total_ios: ios } of trials) {
        assert.ok(ios > 0);
        assert.equal(ops.write?.total_ios, ios, 'a commit is one write');
        const group = Number(jobs[0]?.options.fdatasync);
        // The last group may not be whole, and its flush is not made then.
        assert.ok(Math.abs((ops.sync?.total_ios ?? 0) - (group > 0 ? ios / group : 0)) <= 1);
      }
    }
  }
  assert.deepEqual(
    filesIn(folder).filter((name) => !name.startsWith('results')),
    [],
  );
});

test('backends that are chosen, and what is refused', { skip }, async (t) => {
  const folder = diskFolder(t);
  const chosen = await bench(folder, [
    'article',
    'durability',
    ...SHORT,
    '--backend',
    'linux-aio',
    '--no-save',
  ]);
  assert.equal(chosen.code, EXIT.ok, chosen.stderr);
  assert.match(chosen.stdout, /^append, O_DSYNC +linux-aio/m);
  assert.doesNotMatch(chosen.stdout, /sync\+dsync|page/);
  for (const [args, said] of [
    [['--backend=io_uring+dsync'], /article durability chooses io_uring's features itself/],
    [['--backend=null'], /article durability has nothing for null \(there are: sync, threadpool, io_uring/],
    [['--nrfiles=5'], /nrfiles is of article metadata alone/],
    [['table1'], /durability is no table of the article's/],
  ] as const) {
    const { code, stderr } = await bench(folder, ['article', 'durability', ...args]);
    assert.equal(code, EXIT.usage, stderr);
    assert.match(stderr, said);
  }
});
