import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseVariant } from '../backends/registry.ts';
import { defaultWorkload } from '../resolve/resolve.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { Workload } from '../workload/workload.ts';
import { nativeJobs } from './native-job.ts';
import { jobSeed, planBlock, trialNs, warmupPlan } from './plan.ts';

const group = (fields: Partial<Workload>, startAfter: string | null = null) => ({
  workload: {
    name: 'one',
    rw: 'randread',
    numjobs: 2,
    randseed: 1n,
    rampTimeNs: 0,
    startdelayNs: 0,
    bounds: { runtimeNs: 0, ios: 0, bytes: 0 },
    randomDistribution: { kind: 'random' },
    bs: { read: 4096, write: 4096, trim: 4096 },
    cpusAllowed: [],
    cpusAllowedPolicy: 'shared',
    nativeOptions: defaultWorkload().nativeOptions,
    ...fields,
  },
  variant: null,
  files: [],
  startAfter,
});

const job = (fields: Partial<Workload>, groups = [group(fields)]): RunPlan =>
  ({
    variants: ['sync', 'linux-aio', 'io_uring'].map(parseVariant),
    trials: 2,
    randseed: fields.randseed ?? 1n,
    isolation: 'thread',
    groups,
  }) as unknown as RunPlan;

const blocks = (of: RunPlan, count: number) => Array.from({ length: count }, (_, i) => planBlock(of, i + 1));

test('a block holds every variant once, in its own order, which the seed decides', () => {
  const names = (of: RunPlan) =>
    blocks(of, 40).map((block) => block.map(({ variant }) => variant.name).join(' '));
  const orders = names(job({}));
  for (const order of orders) {
    assert.deepEqual(order.split(' ').sort(), ['io_uring', 'linux-aio', 'sync']);
  }
  assert.equal(new Set(orders).size, 6, 'all orders occur');
  assert.deepEqual(names(job({})), orders);
  assert.notDeepEqual(names(job({ randseed: 2n })), orders);
  for (const block of blocks(job({}), 5)) {
    assert.deepEqual(
      block.map(({ position }) => position),
      [1, 2, 3],
    );
  }
});

test('every variant is first about as often', () => {
  const first = blocks(job({ randseed: 137n }), 600).map(([run]) => run?.variant.name);
  for (const name of ['sync', 'linux-aio', 'io_uring']) {
    const times = first.filter((other) => other === name).length;
    assert.ok(times > 150 && times < 250, `${name} ${times} of 600`);
  }
});

test('all variants of a trial have the same seeds, other trials and jobs have others', () => {
  for (const plan of [job({ numjobs: 4 }), job({}, [group({}), group({ name: 'two' })])]) {
    const runs = blocks(plan, 3)
      .flat()
      .map((run) => ({ ...run, seeds: nativeJobs(plan, run).map(({ values }) => values.seed) }));
    for (const run of runs) {
      const first = runs.find((other) => other.trial === run.trial);
      assert.deepEqual(run.seeds, first?.seeds);
    }
    assert.equal(new Set(runs.flatMap((run) => run.seeds)).size, 3 * 4);
  }
});

test('a warm-up is half a second at most, without ramp and delay', () => {
  const of = (runtimeNs: number) =>
    warmupPlan(job({ bounds: { runtimeNs, ios: 7, bytes: 0 }, rampTimeNs: 1e9, startdelayNs: 2e9 }));
  assert.deepEqual(
    [0, 2e8, 5e8, 9e9].map((runtimeNs) => trialNs(of(runtimeNs))),
    [5e8, 2e8, 5e8, 5e8],
  );
  assert.equal(of(0).groups[0]?.workload.bounds.ios, 7);
});

test('a seed is a 64-bit number that depends on all three', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.integer({ min: 1, max: 1000 }),
      fc.nat(4095),
      (seed, trial, j) => {
        const own = jobSeed(seed, trial, j);
        assert.ok(own >= 0n && own < 2n ** 64n);
        assert.equal(own, jobSeed(seed, trial, j));
        assert.notEqual(own, jobSeed(seed, trial + 1, j));
        assert.notEqual(own, jobSeed(seed, trial, j + 1));
        assert.notEqual(own, jobSeed(seed ^ 1n, trial, j));
      },
    ),
  );
});

test('the planned length holds ramp and delay, and is unknown without a runtime', () => {
  const bounds = { runtimeNs: 5e9, ios: 0, bytes: 0 };
  assert.equal(trialNs(job({ bounds, rampTimeNs: 1e9, startdelayNs: 2e9 })), 8e9);
  assert.equal(trialNs(job({ bounds: { runtimeNs: 0, ios: 10, bytes: 0 } })), null);
});

test('groups that follow each other add up, others run at the same time', () => {
  const seconds = (runtime: number) => ({ runtimeNs: runtime * 1e9, ios: 0, bytes: 0 });
  const groups = [
    group({ name: 'a', bounds: seconds(2) }),
    group({ name: 'b', bounds: seconds(3), startdelayNs: 5e8 }),
    group({ name: 'c', bounds: seconds(4) }, 'a'),
    group({ name: 'd', bounds: seconds(1) }, 'c'),
  ];
  assert.equal(trialNs(job({}, groups.slice(0, 2))), 3.5e9);
  assert.equal(trialNs(job({}, groups)), 7e9);
  assert.equal(trialNs(job({}, [...groups, group({ name: 'e' }, 'b')])), null);
});

test('the native jobs of a group come after all of those that it follows', () => {
  const plan = job({}, [group({ name: 'a' }), group({ name: 'b', numjobs: 3 }), group({ name: 'c' }, 'b')]);
  const [run] = blocks(plan, 1).flat();
  assert.ok(run);
  const after = nativeJobs(plan, run).map(({ values }) => [values.after_first, values.after_count]);
  assert.deepEqual(after, [...Array(5).fill([0, 0]), [2, 3], [2, 3]]);
});
