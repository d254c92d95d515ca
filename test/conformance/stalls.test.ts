/** A run that is stopped for a while says so: its figures are means over that, too. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { REPORT, resultOf, startBench, trialOf } from '../support/bench.ts';
import { dataFile } from '../support/disk.ts';
import { jobsAtWork } from '../support/proc-watch.ts';
import { near } from '../support/result.ts';
import { scratchFolder } from '../support/scratch.ts';
import { list, plainOf, realVariantsFor } from '../support/variants.ts';

const STOPPED_MS = 1600;
/** When in the second the last I/O before it ended is known to a tenth only; waking up takes its time. */
const OFF_MS = 300;

for (const [isolation, backend] of [
  ['thread', list(plainOf(realVariantsFor('read')))],
  ['worker', 'sync'],
] as const) {
  test(`${backend} as ${isolation}: SIGSTOP shows in stalled_ns and in the warnings`, async (t) => {
    const folder = scratchFolder(t);
    dataFile(join(folder, 'data'), 2 ** 20);
    for (const one of backend.split(',')) {
      const workload = ['--filename=data', '--iodepth=4', '--runtime=2.5', '--trials=1', '--warmup-trials=0'];
      const running = startBench(folder, [
        `--backend=${one}`,
        `--isolation=${isolation}`,
        ...workload,
        ...REPORT,
      ]);
      await jobsAtWork(running.pid);
      await setTimeout(300);
      running.kill('SIGSTOP');
      await setTimeout(STOPPED_MS);
      running.kill('SIGCONT');
      const result = resultOf(await running.ended);
      const { stalled_ns: stalled = 0, runtime_ns: runtime } = trialOf(result, one);
      near(stalled / 1e6, STOPPED_MS, 0, `${one}: ms`, OFF_MS);
      assert.ok(runtime < 2.9e9, 'the clock went on');
      const told = result.warnings.find(({ code }) => code === 'stalled');
      assert.match(told?.message ?? '', new RegExp(`in ${one.replace('+', '\\+')}, trial 1: 1\\.\\d s`));
      assert.equal(result.validity?.verdict, 'limited');
    }
  });
}
