/** `uring-bench ladder` as users run it. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from '../src/errors.ts';
import type { BackendResult, RunResult } from '../src/results/schema.ts';
import { bench, benchFails, benchResult, REPORT, startBench } from './support/bench.ts';
import { diskFolder, noDisk } from './support/disk.ts';
import { parseResult } from './support/result.ts';

const STEPS = [
  'io_uring',
  '+registerfiles',
  '+fixedbufs',
  '+registerring',
  '+coop_taskrun',
  '+single_issuer',
  '+defer_taskrun',
  '+no_sqarray',
  '+sq_rewind',
  '+min_wait',
  '+registered_wait',
  '+no_iowait',
  '+iopoll',
  '+hybrid_iopoll',
  '+sqpoll',
];
/** What a step excludes of those before it. */
const MAKES_ROOM: Readonly<Record<string, string[]>> = {
  '+iopoll': ['min_wait', 'no_iowait', 'registered_wait'],
  '+sqpoll': ['coop_taskrun', 'defer_taskrun', 'sq_rewind'],
};
const SMALL = ['ladder', '--size=8m', '--runtime=50ms', '--iodepth=4'];

function labels({ backends }: RunResult): string[] {
  return backends.map(({ label }) => label);
}

function stepOf({ backends }: RunResult, label: string): BackendResult {
  const step = backends.find((backend) => backend.label === label);
  assert.ok(step, label);
  return step;
}

/** The text of `uring-bench show` in a format. */
async function show(t: TestContext, path: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await bench(diskFolder(t), ['show', path, ...args]);
  assert.equal(code, 0, stderr);
  return stdout;
}

describe('the ladder', { skip: noDisk }, () => {
  it('runs every step, stores it, and shows it again as a ladder', async (t) => {
    const folder = diskFolder(t);
    const { code, stdout, stderr } = await bench(folder, [...SMALL, '--trials=2', '--quiet']);
    assert.equal(code, EXIT.ok, stderr);
    const stored = /\nResult: (results\/\S+)\n$/.exec(stdout)?.[1] ?? '';
    assert.match(stored, /ladder-randread-4k/);
    assert.deepEqual(readdirSync(folder), ['results'], 'the file that it made is gone');
    const path = join(folder, stored);
    assert.equal(await show(t, path), stdout.slice(0, stdout.lastIndexOf('\nResult: ')));

    const result = parseResult(await show(t, path, '--output-format=json'));
    assert.deepEqual(result.report, { kind: 'ladder' });
    assert.equal(result.status, 'complete');
    assert.deepEqual(labels(result), STEPS);
    let features: string[] = [];
    for (const { label, variant, status, reason, trials, summary } of result.backends) {
      const own = variant.split('+').slice(1);
      if (label !== 'io_uring') assert.ok(own.includes(label.slice(1)), `${variant} adds ${label}`);
      if (status === 'skipped') {
        assert.ok(reason, `${label} says why`);
        assert.equal(trials.length, 0);
        continue;
      }
      assert.equal(status, 'complete');
      assert.equal(trials.length, 2);
      assert.equal(summary?.trials, 2);
      const lost = features.filter((name) => !own.includes(name));
      const making = MAKES_ROOM[label] ?? [];
      assert.deepEqual(
        lost,
        making.filter((name) => features.includes(name)),
      );
      features = own;
    }

    const rows = [...stdout.matchAll(/^(io_uring|\+\w+) +(?:[\d,]+|unavailable)/gm)].map(
      ([, label]) => label,
    );
    assert.deepEqual(rows.slice(0, STEPS.length), STEPS);
    assert.match(stdout, /gain over/);
    const csv = (await show(t, path, '--output-format=csv')).trim().split('\n');
    assert.match(csv[0] ?? '', /^started_at,.*,step,variant,.*,gain_pct,/);
    assert.equal(csv.length, STEPS.length + 1);
    const markdown = await show(t, path, '--output-format=md');
    for (const label of STEPS) assert.ok(markdown.includes(`\n| ${label} |`), label);
  });

  it('leaves out what the workload does not allow, with the reason, and goes on', async (t) => {
    const args = ['--trials=1', '--buffered', '--rw=randwrite', '--number-ios=50'];
    const result = await benchResult(diskFolder(t), [...SMALL, ...args]);
    assert.equal(stepOf(result, '+iopoll').status, 'skipped');
    assert.match(stepOf(result, '+iopoll').reason ?? '', /^iopoll needs direct I\/O/);
    assert.equal(stepOf(result, '+hybrid_iopoll').reason, 'it needs iopoll, which is unavailable here');
    for (const label of ['io_uring', '+registerfiles', '+fixedbufs']) {
      const [trial] = stepOf(result, label).trials;
      assert.equal(trial?.ops.write?.total_ios, 50, label);
    }
    const hashes = new Set(result.backends.flatMap(({ trials }) => trials.map((t) => t.offsets_hash)));
    assert.equal(hashes.size, 1, 'every step was given the same offsets');
  });

  it('stops at a signal with what there is', async (t) => {
    const folder = diskFolder(t);
    const args = [
      'ladder',
      '--size=8m',
      '--runtime=10s',
      '--iodepth=4',
      '--warmup-trials=0',
      '--output-format=json',
      '--no-save',
    ];
    const running = startBench(folder, args);
    await running.said(/about/);
    await sleep(300);
    const toldAt = performance.now();
    running.kill('SIGINT');
    const { code, stdout } = await running.ended;
    assert.equal(code, EXIT.sigint);
    assert.ok(performance.now() - toldAt < 5000);
    const result = parseResult(stdout);
    assert.equal(result.status, 'interrupted');
    assert.deepEqual(result.report, { kind: 'ladder' });
    assert.equal(result.backends.flatMap(({ trials }) => trials).length, 1);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('chooses its backends itself', async (t) => {
    const folder = diskFolder(t);
    for (const option of ['--backend=io_uring', '--reference=io_uring', '--aio-threads=4']) {
      const line = await benchFails(folder, ['ladder', option, ...REPORT], EXIT.usage);
      assert.match(line, /^uring-bench: ladder has no option '--/);
    }
    assert.deepEqual(readdirSync(folder), []);
  });
});
