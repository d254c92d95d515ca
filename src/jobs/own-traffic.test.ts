import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from '../../test/fixtures/load.ts';
import { opsOf } from '../../test/support/ops.ts';
import { parseVariant } from '../backends/registry.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { Workload } from '../workload/workload.ts';
import { ownTraffic, testedDisks } from './own-traffic.ts';

const result = fixture('mixed');
const trial = result.backends[0]?.trials[0];
assert.ok(trial);

const job = (fields: Partial<Workload>): RunPlan => {
  const workload = {
    direct: true,
    rw: 'randrw',
    rampTimeNs: 0,
    preRead: false,
    bs: { read: 4096, write: 8192, trim: 4096 },
    ...fields,
  };
  return { groups: [{ workload, variant: null }] } as unknown as RunPlan;
};
const traffic = (fields: Partial<Workload>, variant = 'io_uring', environment = result.environment) =>
  ownTraffic(job(fields), parseVariant(variant), trial, environment);

test('it is what the trial moved, writes compared only where no file system adds to them', () => {
  const { read, write } = opsOf(trial);
  const own = {
    readBytes: read.io_bytes,
    writtenBytes: write.io_bytes,
    reads: read.total_ios,
    writes: write.total_ios,
    writesComparable: false,
    unsplit: true,
  };
  assert.deepEqual(traffic({}), own);
  const files = result.environment.files.map((file) => ({ ...file, kind: 'block' as const }));
  const onDevice = traffic({}, 'io_uring', { ...result.environment, files });
  assert.deepEqual(onDevice, { ...own, writesComparable: true });
});

test('I/Os larger than the device takes at once are more requests than we count', () => {
  assert.equal(traffic({ bs: { read: 131_072, write: 8192, trim: 0 } })?.unsplit, true);
  assert.equal(traffic({ bs: { read: 262_144, write: 8192, trim: 0 } })?.unsplit, false);
});

test('there is nothing to compare where counters show something else', () => {
  assert.equal(traffic({ direct: false }), null);
  assert.equal(traffic({ rampTimeNs: 1 }), null);
  assert.equal(traffic({ preRead: true }), null);
  assert.equal(traffic({ rw: 'randtrim' }), null);
  assert.equal(traffic({}, 'null'), null);
  const files = result.environment.files.map((file) => ({ ...file, kind: 'char' as const }));
  assert.equal(traffic({}, 'io_uring', { ...result.environment, files }), null);
});

test('devices are named once, and none when one is unknown', () => {
  assert.deepEqual(testedDisks(result.environment), ['nvme0n1']);
  const [file] = result.environment.files;
  assert.ok(file);
  assert.deepEqual(testedDisks({ ...result.environment, files: [file, { ...file, device: null }] }), []);
});
