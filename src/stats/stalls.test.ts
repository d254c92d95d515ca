import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fixture } from '../../test/fixtures/load.ts';
import type { RunResult, Trial } from '../results/schema.ts';
import { stallWarnings } from './stalls.ts';
import { validityOf } from './validity.ts';

/** The comparison on a quiet machine, its third trial of the second backend changed. */
function changed(change: (trial: Trial, result: RunResult) => void): RunResult {
  const result: RunResult = fixture('comparison');
  change(result.backends[1]?.trials[2] as Trial, result);
  return result;
}

const messages = (result: RunResult): string[] => stallWarnings(result).map(({ message }) => message);

it('tells of trials that stood still, and limits what the run can be trusted for', () => {
  const result = changed((trial) => {
    trial.stalled_ns = 8_200_000_000;
  });
  assert.match(messages(result).join(), /^no I\/O ended for a second or more .* in \S+, trial 3: 8\.2 s$/);
  result.warnings = stallWarnings(result);
  assert.equal(validityOf(result).verdict, 'limited');
  assert.match(validityOf(result).text, /a standstill disturbed it/);
});

it('says nothing of a device on which every I/O takes that long', () => {
  const slow = changed((trial) => {
    trial.stalled_ns = 8_200_000_000;
    for (const { lat_ns: lat } of Object.values(trial.ops)) lat.percentile['50.000000'] = 2e9;
  });
  assert.deepEqual(messages(slow), []);
});

it('tells of trials that lasted longer than they were to', () => {
  const late = (runtimeNs: number, stalledNs = 0) =>
    changed((trial, result) => {
      const [job] = result.jobs;
      if (job) job.options.runtime = 2;
      for (const { trials } of result.backends) for (const one of trials) one.runtime_ns = 2e9;
      trial.runtime_ns = runtimeNs;
      trial.stalled_ns = stalledNs;
    });
  assert.match(messages(late(7e9)).join(), /^\S+, trial 3, lasted 7\.0 s where runtime=2\.0 s: /);
  assert.deepEqual(messages(late(2.4e9)), [], 'what is in flight is waited for');
  assert.equal(messages(late(7e9, 5e9)).length, 1, 'the standstill alone is told');
});

it('takes results of before as they are', () => {
  assert.deepEqual(
    messages(
      changed((trial) => {
        delete trial.stalled_ns;
      }),
    ),
    [],
  );
});
