/** The article's experiments as users run them, small: real files, real processes, and the check of the page cache. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { EXIT } from '../src/errors.ts';
import { checkCache } from '../src/report/article/article-checks.ts';
import { articleOf } from '../src/results/document.ts';
import type { RunResult } from '../src/results/schema.ts';
import { bench, benchFails, startBench } from './support/bench.ts';
import { dataFile, diskFolder, filesIn, noDisk } from './support/disk.ts';
import { parseResult } from './support/result.ts';

const MIB = 2 ** 20;
const SHORT = ['--runtime=60ms', '--trials=4', '--filesize=1m'];

/** Results as JSON documents one after the other. */
function parseResults(text: string): RunResult[] {
  return text
    .split(/(?<=^})\n(?={)/m)
    .filter((part) => part.trim() !== '')
    .map(parseResult);
}

/** A machine that takes cached pages away while the test runs makes table 2 fail, and that is right. */
function expectedCode(stdout: string): number {
  const cached = /^Page cache: reads did not reach a device: /m.test(stdout);
  assert.ok(cached || /^NOT the article's table 2: /m.test(stdout), 'the check is told');
  return cached ? EXIT.ok : EXIT.failed;
}

/** Drops a file's cached pages again and again until the test ends. */
function dropForEver(t: TestContext, path: string): void {
  const loop = 'while :; do dd if="$0" iflag=nocache count=0 2>/dev/null; done';
  const child = spawn('sh', ['-c', loop, path], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
}

describe("the article's experiments", { skip: noDisk }, () => {
  it('are three tables, each stored and shown again', async (t) => {
    const folder = diskFolder(t);
    const { code, stdout, stderr } = await bench(folder, ['article', 'all', ...SHORT]);
    assert.equal(code, expectedCode(stdout), stderr);
    assert.match(
      stderr,
      /^article: 3 tables, about [\d.]+ s of measuring; files of [^;]+ are laid out and removed again\n/,
    );
    const stored = readdirSync(join(folder, 'results')).sort();
    assert.deepEqual(
      stored.map((name) => /article-(table\d)\.json$/.exec(name)?.[1]),
      ['table1', 'table2', 'table3'],
    );
    const results = stored.map((name) => parseResult(readFileSync(join(folder, 'results', name), 'utf8')));
    const [one, two, three] = results;
    assert.ok(one && two && three);
    const jobs = 9 * availableParallelism();
    assert.deepEqual([one.jobs[0]?.numjobs, two.jobs[0]?.numjobs, three.jobs[0]?.numjobs], [jobs, jobs, 1]);
    for (const result of results) {
      const { backends } = result;
      assert.equal(articleOf(result)?.device_reads.length, backends.length * 4);
      assert.ok(backends.every(({ status, trials }) => status === 'complete' && trials.length === 4));
    }
    assert.deepEqual([one.jobs[0]?.options.isolation, one.jobs[0]?.options.nrfiles], ['process', 4]);
    assert.deepEqual(two.jobs[0]?.options['pre-read'], true);

    // The witness sees every byte of direct reads, and none of those from the page cache.
    for (const { io_bytes: io, process_bytes: read } of articleOf(one)?.device_reads ?? []) {
      assert.ok(read !== null && read >= io && read < io * 1.1 + 4 * MIB, `${read} of ${io}`);
    }
    const hot = articleOf(two)?.device_reads ?? [];
    assert.ok(hot.some(({ process_bytes: read }) => read === 0));
    assert.match(stdout, /^Direct I\/O: 1?\d\d % of the bytes, /m);

    for (const [i, name] of stored.entries()) {
      const table = ['table 1', 'table 2', 'table 3'][i] ?? '';
      assert.match(stdout, new RegExp(`^The article's ${table}, `, 'm'));
      const shown = await bench(folder, ['show', join('results', name)]);
      assert.equal(shown.code, EXIT.ok);
      assert.ok(stdout.includes(shown.stdout), `${table} is shown again as it was`);
      assert.ok(stdout.includes(`\nResult: results/${name}\n`));
    }
    assert.equal(stdout.match(/^Order here: /gm)?.length, 2);
    assert.match(stdout, /^(All|\d+ of) \d+ pairs are in the article's order/m);
    assert.match(stdout, /^ *io_uring\+enhanced +1,486,000 +11,483,468 +\+4\.9% /m);
    assert.match(stdout, /^Lat quantile=0\.999 +1,950 usec +1,674 usec +[\d.,]+ usec +[\d.,]+ usec$/m);
    assert.match(stdout, /^io_uring against linux-aio, /m);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name !== 'results'),
      [],
      'their files are gone',
    );
  });

  it('say so when reads were not from the page cache, and fail', async (t) => {
    const folder = diskFolder(t);
    const path = dataFile(join(folder, 'data'), 64 * MIB);
    dropForEver(t, path);
    const args = [
      'article',
      'table2',
      '--filename=data',
      '--runtime=150ms',
      '--trials=1',
      '--no-save',
      '--quiet',
    ];
    const { code, stdout } = await bench(folder, args);
    assert.match(stdout, /^NOT the article's table 2: reads reached the device: /m);
    assert.equal(code, EXIT.failed);
    assert.deepEqual(filesIn(folder), ['data']);
  });

  it('are JSON documents one after the other, with nothing beside them', async (t) => {
    const folder = diskFolder(t);
    const args = [
      'article',
      'table3',
      'table2',
      '--runtime=60ms',
      '--trials=1',
      '--filesize=1m',
      '--no-save',
    ];
    const { code, stdout, stderr } = await bench(folder, [...args, '--quiet', '--output-format=json']);
    const cached = parseResults(stdout).every((result) => {
      const report = articleOf(result);
      return report?.table !== 'table2' || checkCache(report).cached !== false;
    });
    assert.equal(code, cached ? EXIT.ok : EXIT.failed, stderr);
    assert.deepEqual(
      parseResults(stdout).map((result) => articleOf(result)?.table),
      ['table3', 'table2'],
    );
    assert.equal(stderr, '');
  });

  it('stop when told to, and keep the tables that are done', async (t) => {
    const folder = diskFolder(t);
    const running = startBench(folder, ['article', 'all', '--runtime=60ms', '--trials=1', '--filesize=1m']);
    await running.said(/rw=randread bs=1k iodepth=8 numjobs=\d+ direct=0\n/);
    running.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    assert.equal(code, EXIT.sigint, stderr);
    assert.match(stdout, /^The article's table 1, /m);
    assert.doesNotMatch(stdout, /table 3/);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name !== 'results'),
      [],
    );
  });
});

describe('an experiment that cannot be', () => {
  const cases: [args: string[], why: RegExp][] = [
    [
      ['tabel1'],
      /unknown table 'tabel1': did you mean 'table1'\? \(there are: table1, table2, table3, all, metadata, durability, cache\)/,
    ],
    [[], /missing required argument 'TABLE'/],
    [['table1', '--iodepth=4'], /iodepth is of article metadata and article durability alone/],
    [['table1', '--rwmixread=4'], /article has no option '--rwmixread'/],
    [['table1', '--directory=missing'], /directory missing does not exist/],
    [['table1', 'table2', '--trials=0'], /trials=0 is out of range/],
    [['all', '--filesize=400'], /smaller than bs/],
  ];
  for (const [args, why] of cases) {
    it(`uring-bench article ${args.join(' ')}`, async (t) => {
      const folder = diskFolder(t);
      assert.match(await benchFails(folder, ['article', ...args], EXIT.usage), why);
      assert.deepEqual(filesIn(folder), []);
    });
  }
});
