/** How much is done: exactly what the bounds say, counted once, by any number of jobs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunResult, Trial } from '../../src/results/schema.ts';
import { benchResult, REPORT, resultOf, startBench, trialOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { opsOf } from '../support/ops.ts';
import { watchProcess } from '../support/proc-watch.ts';
import { near } from '../support/result.ts';
import { list, plainOf, realVariantsFor, variantsFor } from '../support/variants.ts';

/** A busy machine wakes a job that late, once in a while. */
const LATE_NS = 50e6;

/** A trial with its operations beside its figures. */
function withOps(trial: Trial): Trial & ReturnType<typeof opsOf> {
  return { ...trial, ...opsOf(trial) };
}

/** Runs all of these variants in one run and checks each one's trial. */
function eachOf(
  name: string,
  variants: ReturnType<typeof variantsFor>,
  args: readonly string[],
  check: (trial: Trial & ReturnType<typeof opsOf>, result: RunResult) => void,
): void {
  test(name, { skip: noDisk }, async (t) => {
    const result = await benchResult(diskFolder(t), ['--backend', list(variants), '--trials', '1', ...args]);
    for (const { label } of variants)
      await t.test(label, () => check(withOps(trialOf(result, label)), result));
  });
}

const readers = variantsFor('read');
const writers = variantsFor('read', 'write');
const BATCHES = [
  '--iodepth-batch-submit',
  '5',
  '--iodepth-batch-complete-min',
  '3',
  '--iodepth-batch-complete-max',
  '7',
];

eachOf(
  'number-ios is of each job, in batches too',
  readers,
  ['--number-ios', '333', '--numjobs', '3', '--iodepth', '16', '--size', '4m', ...BATCHES],
  ({ total_ios, read, errors }) => {
    assert.equal(total_ios, 999);
    assert.equal(read.io_bytes, 999 * 4096);
    assert.equal(read.short_ios, 0);
    assert.deepEqual(errors, []);
  },
);

eachOf(
  'io-size is of each job',
  readers,
  ['--io-size', '3m', '--bs', '16k', '--numjobs', '2', '--iodepth', '8', '--size', '2m'],
  ({ total_ios, read }) => {
    assert.equal(read.io_bytes, 2 * 3 * 2 ** 20);
    assert.equal(total_ios, (2 * 3 * 2 ** 20) / 2 ** 14);
  },
);

eachOf(
  'without a bound but the size it is one pass, with loops several',
  plainOf(writers),
  ['--rw', 'write', '--bs', '32k', '--loops', '2', '--iodepth', '4', '--size', '1m'],
  ({ total_ios, write, read }) => {
    assert.equal(total_ios, 64);
    assert.equal(write.io_bytes, 2 * 2 ** 20);
    assert.equal(read.total_ios, 0);
  },
);

for (const rw of ['randrw', 'rw']) {
  eachOf(
    `${rw} with rwmixread=70`,
    plainOf(writers),
    ['--rw', rw, '--rwmixread', '70', '--number-ios', '4000', '--iodepth', '8', '--size', '16m'],
    ({ read, write, total_ios }) => {
      assert.equal(total_ios, 4000);
      near((read.total_ios / total_ios) * 100, 70, 0, '% of reads', 3);
      assert.equal(read.io_bytes + write.io_bytes, 4000 * 4096);
    },
  );
}

for (const [isolation, counts] of [
  ['thread', [1, 4, 72]],
  ['process', [4, 72]],
  ['worker', [1, 12]], // each takes some 30 ms of CPU to start
] as const) {
  for (const numjobs of counts) {
    eachOf(
      `${numjobs} jobs, each a ${isolation}`,
      plainOf(readers),
      [
        '--numjobs',
        String(numjobs),
        '--isolation',
        isolation,
        '--number-ios',
        '25',
        '--iodepth',
        '2',
        '--size',
        '128k',
      ],
      ({ total_ios, read }, { jobs }) => {
        assert.equal(total_ios, numjobs * 25);
        assert.equal(read.lat_ns.N, numjobs * 25);
        assert.equal(jobs[0]?.numjobs, numjobs);
      },
    );
  }
}

eachOf(
  'thinktime lies between I/Os',
  plainOf(readers),
  ['--thinktime', '2ms', '--number-ios', '100', '--size', '1m'],
  ({ runtime_ns, total_ios, iops }) => {
    assert.equal(total_ios, 100);
    assert.ok(runtime_ns >= 0.2e9, `${runtime_ns}`);
    assert.ok(iops <= 500);
  },
);

test('startdelay is no part of the runtime', { skip: noDisk }, async (t) => {
  const variants = plainOf(readers);
  const args = ['--number-ios', '50', '--size', '1m', '--startdelay', '400ms', '--trials', '1'];
  const result = await benchResult(diskFolder(t), ['--backend', list(variants), ...args]);
  const { started_at, finished_at } = result;
  const tookMs = Date.parse(finished_at ?? '') - Date.parse(started_at);
  assert.ok(tookMs > 400 * variants.length, `each waited, in ${tookMs} ms`);
  for (const { label } of variants) {
    await t.test(label, () => {
      const { total_ios, runtime_ns } = trialOf(result, label);
      assert.equal(total_ios, 50);
      assert.ok(runtime_ns < 0.3e9, `${runtime_ns}`);
    });
  }
});

test('what is done in the ramp is not counted', { skip: noDisk }, async (t) => {
  const variants = plainOf(realVariantsFor('read'));
  const times = ['--ramp-time', '600ms', '--runtime', '600ms', '--trials', '1'];
  const workload = ['--backend', list(variants), '--size', '8m', '--iodepth', '4', ...REPORT];
  const running = startBench(diskFolder(t), [...workload, ...times]);
  const unwatch = watchProcess(running.pid);
  const result = resultOf(await running.ended);
  const deviceBytes = unwatch().processes.get(running.pid)?.readBytes ?? 0;
  let counted = 0;
  for (const { label, backend } of variants) {
    await t.test(label, () => {
      const { runtime_ns, effective_depth, read } = withOps(trialOf(result, label));
      near(runtime_ns, 0.6e9, 0.1, 'runtime_ns', LATE_NS);
      near(effective_depth, backend.async ? 4 : 1, 0.05, 'effective_depth');
      counted += read.io_bytes;
    });
  }
  const share = counted / deviceBytes;
  assert.ok(share > 0.35 && share < 0.65, `half of the bytes are counted, not ${share}`);
});
