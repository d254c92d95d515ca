import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refused } from '../../test/support/refused.ts';
import { OPTIONS, syntheticRun } from '../../test/support/synthetic-run.ts';
import { checkSameWorkload, type StoredRun } from './workload.ts';

function stored(options: Record<string, unknown> = {}, path = 'base.json'): StoredRun {
  const result = syntheticRun({ io_uring: [1] });
  const [job] = result.jobs;
  assert.ok(job);
  job.options = { ...OPTIONS, ...options };
  return { path, result };
}

const check = (before: Record<string, unknown>, after: Record<string, unknown>) =>
  checkSameWorkload(stored(before), { path: 'new.json', jobs: [{ options: { ...OPTIONS, ...after } }] });

describe('whether two runs are of one workload', () => {
  it('takes equal options', () => {
    assert.deepEqual(check({}, {}), []);
  });

  it('refuses others and names each option with both values', () => {
    refused(
      () => check({}, { iodepth: 16 }),
      /^new\.json is not the workload of base\.json: iodepth=8 and 16 /,
    );
    refused(() => check({}, { bs: 8192, direct: false }), /bs=4k and 8k, direct=1 and 0/);
    refused(() => check({ 'cpus-allowed': null }, { 'cpus-allowed': '0' }), /cpus-allowed=none and 0/);
  });

  it('does not mind how often and by which backends it was run, nor what it is called', () => {
    const other = { trials: 50, backend: ['sync'], reference: 'sync', name: 'x', 'percentile-list': '99' };
    assert.deepEqual(check({}, { ...other, 'allow-overwrite': true, 'max-trials': 7 }), []);
  });

  it('tells of another length and place, and does not refuse', () => {
    const warnings = check(
      { filename: ['/dev/nvme0n1'] },
      { filename: ['/dev/nvme1n1'], runtime: 30, randseed: '7' },
    );
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['options-differ', 'place-differs', 'options-differ'],
    );
    assert.match(warnings[0]?.message ?? '', /^runtime differs: 1 and 30$/);
    assert.match(warnings[1]?.message ?? '', /^filename differs: \/dev\/nvme0n1 and \/dev\/nvme1n1$/);
  });

  it("takes an option that an older version didn't know as its default", () => {
    assert.deepEqual(check({}, { nice: 0, thinktime: 0, isolation: 'thread' }), []);
    refused(() => check({}, { isolation: 'process' }), /isolation=thread and process/);
    refused(() => check({ nice: 5 }, {}), /nice=5 and 0/);
  });

  it("refuses what a newer version's option changed", () => {
    refused(() => check({}, { 'time-travel': 1 }), /time-travel=none and 1/);
  });

  it('refuses another number of jobs', () => {
    refused(
      () =>
        checkSameWorkload(stored(), { path: 'new.json', jobs: [{ options: OPTIONS }, { options: OPTIONS }] }),
      /1 and 2 jobs/,
    );
  });
});
