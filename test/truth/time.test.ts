/** Clocks: the runtime asked for against the clock on the wall, and Little's law. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeLatencies } from '../../src/results/histogram.ts';
import { countedOps } from '../../src/results/ops.ts';
import { bench, benchResult, REPORT, resultOf, trialOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { opsOf } from '../support/ops.ts';
import { near } from '../support/result.ts';
import { list, plainOf, realVariantsFor, variantsFor } from '../support/variants.ts';

test('a runtime is what the clock on the wall says', { skip: noDisk }, async (t) => {
  const args = ['--backend', 'sync', '--size', '8m', '--rw', 'read', ...REPORT];
  const ended = await bench(diskFolder(t), [...args, '--runtime', '2']);
  const result = resultOf(ended);
  const { runtime_ns, total_ios, iops } = trialOf(result);
  near(runtime_ns, 2e9, 0.1, 'runtime_ns');
  near(total_ios / 2, iops, 0.1, 'iops');
  const { started_at, finished_at } = result;
  const storedMs = Date.parse(finished_at ?? '') - Date.parse(started_at);
  assert.ok(storedMs >= 2000 && storedMs < 3500, `${storedMs} ms from started_at to finished_at`);
  assert.ok(ended.wallMs >= storedMs && ended.wallMs < 8000, `${ended.wallMs} ms on the wall`);
});

test("Little's law: in flight = IOPS x mean latency", { skip: noDisk }, async (t) => {
  const variants = variantsFor('read');
  const workload = [
    '--iodepth',
    '8',
    '--numjobs',
    '2',
    '--size',
    '16m',
    '--runtime',
    '500ms',
    '--trials',
    '1',
  ];
  const result = await benchResult(diskFolder(t), ['--backend', list(variants), ...workload]);
  for (const { label, backend } of variants) {
    await t.test(label, () => {
      const trial = trialOf(result, label);
      const depth = (backend.async ? 8 : 1) * 2;
      near(trial.effective_depth, depth, 0.05, 'effective_depth');
      assert.ok(trial.effective_depth <= depth * 1.01, 'never over iodepth');
      near((trial.iops * opsOf(trial).read.lat_ns.mean) / 1e9, depth, 0.05, 'iops x mean lat');
    });
  }
});

for (const isolation of ['process', 'worker']) {
  test(`Little's law over reads and writes, each job a ${isolation}`, { skip: noDisk }, async (t) => {
    const variants = plainOf(realVariantsFor('read', 'write'));
    const workload = [
      '--rw',
      'randrw',
      '--iodepth',
      '4',
      '--size',
      '16m',
      '--runtime',
      '500ms',
      '--trials',
      '1',
    ];
    const jobs = ['--numjobs', '2', '--isolation', isolation];
    const result = await benchResult(diskFolder(t), ['--backend', list(variants), ...workload, ...jobs]);
    for (const { label, backend } of variants) {
      await t.test(label, () => {
        const trial = trialOf(result, label);
        const depth = (backend.async ? 4 : 1) * 2;
        const { mean } = mergeLatencies(
          countedOps(trial).map(({ lat_ns }) => lat_ns),
          [],
        );
        near(trial.effective_depth, depth, 0.05, 'effective_depth');
        near((trial.iops * mean) / 1e9, depth, 0.05, 'iops x mean lat');
      });
    }
  });
}
