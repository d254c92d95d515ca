/** `article metadata`: its table, its stored runs, and what the kernel handed to workers. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import { parseResult } from '../../src/results/read.ts';
import { bench } from '../support/bench.ts';
import { diskFolder, filesIn, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { noTracefs } from '../support/tracefs.ts';
import { firstReason } from '../support/witness.ts';

const SHORT = ['--nrfiles', '200', '--trials', '2', '--runtime', '60ms', '--numjobs', '2'];
const PHASES = ['create', 'stat', 'open', 'rename', 'unlink'];
const skip = firstReason(noDisk, unavailable('io_uring+directfiles'));

/** Where people have it, for as long as the test lasts. */
function mountTracefs(t: TestContext): void {
  const place = '/sys/kernel/tracing';
  if (existsSync(join(place, 'instances'))) return;
  execFileSync('mount', ['-t', 'tracefs', 'tracefs', place]);
  t.after(() => execFileSync('umount', [place]));
}

test('a row for each phase and backend, each phase stored', { skip }, async (t) => {
  const folder = diskFolder(t);
  const { code, stdout, stderr } = await bench(folder, ['article', 'metadata', ...SHORT]);
  assert.equal(code, EXIT.ok, stderr);
  const rows = stdout.split('\n').filter((line) => /^(\w+ {2,}|\s+)(sync|io_uring)/.test(line));
  assert.deepEqual(
    rows.map((row) =>
      row
        .trim()
        .split(/ {2,}/)
        .slice(0, /^\s/.test(row) ? 1 : 2)
        .join(' '),
    ),
    PHASES.flatMap((phase) => [
      `${phase} sync`,
      'io_uring',
      ...(phase === 'create' || phase === 'open' ? ['io_uring+directfiles'] : []),
    ]),
  );
  const stored = readdirSync(join(folder, 'results')).sort();
  const phases = stored.map((name) => {
    const { report, jobs } = parseResult(readFileSync(join(folder, 'results', name), 'utf8'), name);
    assert.equal(report?.kind, 'phase');
    return jobs[0]?.options.rw;
  });
  assert.deepEqual(new Set(phases), new Set(PHASES));
  assert.equal(filesIn(folder).filter((name) => name.includes('.tree')).length, 0);
});

test('requests that went to workers, as the kernel counts them', {
  skip: firstReason(skip, noTracefs),
}, async (t) => {
  mountTracefs(t);
  const folder = diskFolder(t);
  const { code, stderr } = await bench(folder, ['article', 'metadata', ...SHORT]);
  assert.equal(code, EXIT.ok, stderr);
  for (const name of readdirSync(join(folder, 'results'))) {
    const result = JSON.parse(readFileSync(join(folder, 'results', name), 'utf8'));
    for (const { variant, requests, handed, why } of result.report.workers) {
      assert.equal(why, null);
      assert.ok(requests > 0, variant);
      const { phase } = result.report;
      if (['stat', 'rename', 'unlink'].includes(phase)) assert.equal(handed, requests, phase);
      if (phase === 'open') assert.ok(handed < requests / 10, 'what is cached is opened at once');
    }
  }
});

test('what belongs to the tables alone, and to it alone, is refused', async (t) => {
  const folder = diskFolder(t);
  for (const [args, said] of [
    [['metadata', '--full'], /^uring-bench: full is of the article's tables alone/],
    [
      ['table1', '--backend=sync'],
      /^uring-bench: backend is of article metadata and article durability alone/,
    ],
    [['metadata', 'table1'], /^uring-bench: metadata is no table of the article's/],
  ] as const) {
    const { code, stderr } = await bench(folder, ['article', ...args]);
    assert.equal(code, EXIT.usage);
    assert.match(stderr, said);
  }
  assert.deepEqual(filesIn(folder), []);
});
