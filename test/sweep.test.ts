/** Sweeps as users run them: real points, rows as they finish, stops, and going on. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ajv } from 'ajv';
import { EXIT } from '../src/errors.ts';
import type { SweepResult } from '../src/results/sweep-schema.ts';
import { SweepSchema } from '../src/results/sweep-schema.ts';
import { syntheticSweep } from './fixtures/synthetic-runs.ts';
import { bench, benchFails, startBench } from './support/bench.ts';
import { diskFolder, filesIn, noDisk } from './support/disk.ts';
import { opsOf } from './support/ops.ts';
import { parseResult } from './support/result.ts';

const SHORT = ['--runtime=60ms', '--trials=2', '--warmup-trials=0', '--size=1m'];
const NULL_SWEEP = ['sweep', '--backend=null', ...SHORT];

const ajv = new Ajv({ strict: true, allErrors: true });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
const validate = ajv.compile<SweepResult>(JSON.parse(JSON.stringify(SweepSchema)));

/** A sweep from its text: it fits the schema, and each of its results holds together. */
function parseSweep(text: string): SweepResult {
  const sweep: unknown = JSON.parse(text);
  assert.ok(validate(sweep), ajv.errorsText(validate.errors));
  for (const { result } of sweep.points) parseResult(JSON.stringify(result));
  return sweep;
}

function storedSweep(folder: string): { path: string; sweep: SweepResult } {
  const names = readdirSync(join(folder, 'results'));
  assert.equal(names.length, 1, 'one file for the whole sweep');
  const path = join('results', names[0] ?? '');
  return { path, sweep: parseSweep(readFileSync(join(folder, path), 'utf8')) };
}

/** Resolves when a point is stored. */
async function firstPoint(folder: string): Promise<void> {
  for (;;) {
    const [name] = readdirSync(join(folder, 'results')).filter((file) => file.endsWith('.json'));
    if (name !== undefined && readFileSync(join(folder, 'results', name), 'utf8').includes('"points": ['))
      return;
    await sleep(20);
  }
}

const valuesOf = ({ points }: SweepResult) => points.map(({ values }) => Object.values(values).join(' '));

describe('a sweep', { skip: noDisk }, () => {
  it('runs every point of the grid, on files that are laid out once and removed', async (t) => {
    const folder = diskFolder(t);
    const args = [
      'sweep',
      '--backend=sync,io_uring',
      ...SHORT,
      '--bs=4k,16k',
      '--iodepth',
      '1..4',
      '--no-save',
    ];
    const { code, stdout, stderr } = await bench(folder, [...args, '--output-format=json']);
    assert.equal(code, EXIT.ok, stderr);
    const sweep = parseSweep(stdout);
    assert.equal(sweep.status, 'complete');
    assert.deepEqual(valuesOf(sweep), ['4k 1', '4k 2', '4k 4', '16k 1', '16k 2', '16k 4']);
    for (const { values, result } of sweep.points) {
      assert.equal(result.jobs[0]?.options.iodepth, Number(values.iodepth));
      assert.equal(result.jobs[0]?.options.bs, values.bs === '4k' ? 4096 : 16384);
      for (const { trials, status } of result.backends) {
        assert.deepEqual([status, trials.length], ['complete', 2]);
        for (const { read } of trials.map(opsOf))
          assert.equal(read.io_bytes, read.total_ios * (values.bs === '4k' ? 4096 : 16384));
      }
      const deepest = result.backends[1]?.trials[0]?.effective_depth ?? 0;
      assert.ok(deepest <= Number(values.iodepth) * 1.05, 'the depth is that of the point');
    }
    assert.deepEqual(filesIn(folder), [], 'nothing is left');
    assert.equal(stderr.match(/laying out|sweep of 6 points/g)?.at(-1), 'sweep of 6 points');
  });

  it('sweeps what writes, and sizes of files', async (t) => {
    const folder = diskFolder(t);
    const args = ['sweep', '--backend=sync', '--rw=randwrite,randread', '--size=1m,2m', '--number-ios=20'];
    const { code, stdout, stderr } = await bench(folder, [
      ...args,
      '--no-save',
      '--quiet',
      '--output-format=json',
    ]);
    assert.equal(code, EXIT.ok, stderr);
    const sweep = parseSweep(stdout);
    assert.equal(sweep.points.length, 4);
    for (const { values, result } of sweep.points) {
      const [trial] = result.backends[0]?.trials ?? [];
      const done = values.rw === 'randwrite' ? trial?.ops.write : trial?.ops.read;
      assert.equal(done?.total_ios, 20);
      assert.equal(result.jobs[0]?.options.size, values.size === '1m' ? 1048576 : 2097152);
    }
    assert.deepEqual(filesIn(folder), []);
  });

  it('shows rows on stdout while it runs, progress on stderr, and the same again from its file', async (t) => {
    const folder = diskFolder(t);
    const { code, stdout, stderr } = await bench(folder, [
      ...NULL_SWEEP,
      '--iodepth=1..8',
      '--metric=iops,lat_p50',
    ]);
    assert.equal(code, EXIT.ok, stderr);
    assert.equal(stdout.match(/^ +[1248] +[\d,]+ +±/gm)?.length, 4);
    assert.match(stdout, /^iodepth +iops +lat_p50$/m);
    assert.match(stdout, /^Knee: after it IOPS grow by less than 10 % per doubling of iodepth$/m);
    assert.match(stdout, /^IOPS\n/m);
    assert.match(stderr, /^sweep of 4 points: iodepth=1,2,4,8\n1 backend x 8 trials x 60 ms: about 1.5 s\n/);
    const { path, sweep } = storedSweep(folder);
    assert.equal(sweep.points.length, 4);
    assert.ok(stdout.endsWith(`\nSweep: ${path}\n`), stdout.slice(-80));
    const again = await bench(folder, ['show', path]);
    assert.equal(`${again.stdout}\nSweep: ${path}\n`, stdout);
    const other = await bench(folder, ['show', path, '--metric=bw', '--latency-limit=p50:1h']);
    assert.match(other.stdout, /^iodepth +bw MiB\/s$/m);
    assert.match(other.stdout, /^Knee: the most IOPS with lat_p50 <= 1h$/m);
  });

  it('measures a backend without depth once along it, and says so', async (t) => {
    const folder = diskFolder(t);
    const args = ['sweep', '--backend=sync,io_uring', ...SHORT, '--iodepth=1,2', '--bs=4k,8k', '--no-save'];
    const { code, stdout, stderr } = await bench(folder, [...args, '--output-format=json', '--quiet']);
    assert.equal(code, EXIT.ok, stderr);
    const { points } = parseSweep(stdout);
    assert.deepEqual(
      points.map(({ values, result }) => [
        values.bs,
        values.iodepth,
        result.backends.map(({ label }) => label).join(),
      ]),
      [
        ['4k', '1', 'sync,io_uring'],
        ['4k', '2', 'io_uring'],
        ['8k', '1', 'sync,io_uring'],
        ['8k', '2', 'io_uring'],
      ],
    );
    assert.deepEqual(points[1]?.result.jobs[0]?.options.backend, ['io_uring']);
    const told = points
      .flatMap(({ result }) => result.warnings)
      .filter((one) => one.code === 'measured-once');
    assert.equal(told.length, 2);
    assert.match(told[0]?.message ?? '', /^sync does one I\/O at a time/);
  });

  it('writes one CSV table with the swept options as its first columns', async (t) => {
    const folder = diskFolder(t);
    const args = [
      ...NULL_SWEEP,
      '--iodepth=1,2',
      '--direct',
      '0,1',
      '--output-format=csv',
      '--output=x.csv',
      '--no-save',
    ];
    const { code, stderr } = await bench(folder, args);
    assert.equal(code, EXIT.ok, stderr);
    const lines = readFileSync(join(folder, 'x.csv'), 'utf8').trimEnd().split('\n');
    assert.match(lines[0] ?? '', /^direct,iodepth,started_at,/);
    assert.deepEqual(
      lines.slice(1).map((line) => line.split(',').slice(0, 2).join()),
      ['0,1', '0,1', '0,2', '0,2', '1,1', '1,1', '1,2', '1,2'],
    );
  });

  it('finds the knee of a backend that does so much and no more', async (t) => {
    // With 200 usec an I/O, one at a time, more depth brings no more IOPS: latency grows instead.
    const folder = diskFolder(t);
    const args = [
      ...NULL_SWEEP,
      '--null-delay=200us',
      '--iodepth=1..4',
      '--latency-limit=p50:100us',
      '--no-save',
    ];
    const { code, stdout, stderr } = await bench(folder, [...args, '--quiet']);
    assert.equal(code, EXIT.ok, stderr);
    assert.match(stdout, /^ {2}null: none: lat_p50 is above the limit everywhere$/m);
  });
});

describe('a sweep that is stopped', { skip: noDisk }, () => {
  it('keeps what there is, and goes on where it was', async (t) => {
    const folder = diskFolder(t);
    const args = [...NULL_SWEEP.slice(0, 2), '--runtime=400ms', '--trials=1', '--size=1m', '--iodepth=1..16'];
    const running = startBench(folder, args);
    await running.said(/: about [\d.]+ s\n/);
    await firstPoint(folder);
    running.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    assert.equal(code, EXIT.sigint, stderr);
    assert.match(stderr, /SIGINT: stopping/);
    const { path, sweep } = storedSweep(folder);
    assert.equal(sweep.status, 'interrupted');
    const done = sweep.points.filter(({ result }) => result.status === 'complete');
    assert.ok(done.length >= 1 && done.length < 5, `${done.length} points`);
    assert.match(stdout, new RegExp(`interrupted: ${done.length} of 5 points are complete`));

    const other = await benchFails(
      folder,
      ['sweep', '--resume', path, '--iodepth=1,2', '--backend=null'],
      EXIT.usage,
    );
    assert.match(other, /was swept with iodepth=1,2,4,8,16, not with iodepth=1,2 /);
    const resumed = await bench(folder, ['sweep', '--resume', path]);
    assert.equal(resumed.code, EXIT.ok, resumed.stderr);
    assert.match(resumed.stderr, new RegExp(`^sweep of ${5 - done.length} points? of 5`));
    const { sweep: whole } = storedSweep(folder);
    assert.equal(whole.status, 'complete');
    assert.deepEqual(valuesOf(whole), ['1', '2', '4', '8', '16']);
    assert.equal(whole.resumed_at.length, 1);
    const kept = whole.points.slice(0, done.length).map(({ result }) => result.started_at);
    assert.deepEqual(
      kept,
      done.map(({ result }) => result.started_at),
      'what was done is not done again',
    );
    const again = await bench(folder, ['sweep', '--resume', path, ...args.slice(1), '--quiet']);
    assert.equal(again.code, EXIT.ok, again.stderr);
    assert.match(again.stdout, /Knee/);
  });

  it('goes on from a file that was copied together, and runs again what had failed', async (t) => {
    const folder = diskFolder(t);
    assert.equal((await bench(folder, [...NULL_SWEEP, '--iodepth=1,2,4'])).code, EXIT.ok);
    const { path, sweep } = storedSweep(folder);
    const [first, second] = sweep.points;
    assert.ok(first && second);
    second.result.status = 'failed';
    writeFileSync(join(folder, path), JSON.stringify({ ...sweep, status: 'failed', points: [second] }));
    const { code, stderr } = await bench(folder, ['sweep', '--resume', path]);
    assert.equal(code, EXIT.ok, stderr);
    const { sweep: whole } = storedSweep(folder);
    assert.deepEqual([valuesOf(whole), whole.status], [['1', '2', '4'], 'complete']);
  });

  it('leaves nothing when it is stopped before the first point', async (t) => {
    const folder = diskFolder(t);
    const running = startBench(folder, [
      'sweep',
      '--backend=sync',
      '--size=2g',
      '--iodepth=1,2',
      '--runtime=100ms',
    ]);
    await running.said(/sweep of 2 points/);
    running.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    assert.equal(code, EXIT.sigint, stderr);
    assert.match(stderr, /uring-bench: stopped by SIGINT before anything was measured\n$/);
    assert.equal(stdout, '');
    assert.deepEqual(filesIn(folder), []);
  });
});

describe('a sweep that cannot be', () => {
  const cases: [args: string[], why: RegExp][] = [
    [['--iodepth=8'], /sweep needs an option of several values/],
    [['--iodepth=8..1'], /a range goes up/],
    [['--iodepth=1..99999'], /iodepth=99999 is out of range/],
    [['--iodepth=1,2', '--bs=4k,5'], /bs=5 is not a multiple of|bs=4k,5|not a multiple/],
    [['--iodepth=1,2', '--output-format=junit'], /a sweep has no output-format=junit/],
    [['--iodepth=1,2', '--metric=ipos'], /there is no such metric: did you mean 'iops'/],
    [['--iodepth=1,2', '--latency-limit=500us'], /is not WHAT:TIME/],
    [['--iodepth=1,2', '--knee-gain=0'], /knee-gain=0 is out of range/],
    [['--iodept=1,2'], /did you mean '--iodepth'/],
    [['--resume=none.json'], /cannot read none\.json/],
    [['--iodepth=1,2', '--full'], /sweep has no option '--full'/],
  ];
  for (const [args, why] of cases) {
    it(`uring-bench sweep ${args.join(' ')}`, async (t) => {
      const folder = diskFolder(t);
      const line = await benchFails(folder, ['sweep', '--backend=sync', '--size=1m', ...args], EXIT.usage);
      assert.match(line, why);
      assert.deepEqual(filesIn(folder), []);
    });
  }

  it('is refused where a single run is stored, and where a sweep is', async (t) => {
    const folder = diskFolder(t);
    assert.equal((await bench(folder, ['--backend=null', '--runtime=50ms', '--size=1m'])).code, EXIT.ok);
    const run = join('results', readdirSync(join(folder, 'results'))[0] ?? '');
    assert.match(
      await benchFails(folder, ['sweep', '--resume', run], EXIT.usage),
      /is not a sweep but a single run/,
    );
    writeFileSync(join(folder, 'sweep.json'), JSON.stringify(syntheticSweep()));
    const compare = await benchFails(folder, ['compare', 'sweep.json', run], EXIT.usage);
    assert.match(compare, /sweep\.json is a sweep/);
  });
});
