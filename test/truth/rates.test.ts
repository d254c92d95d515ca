/** Open loops as strace saw them: when I/Os were sent, against when they were due. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { trialOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { jobThreads, noStrace, straced } from '../support/strace.ts';
import { firstReason } from '../support/witness.ts';

const IOS = 60;
const INTERVAL_S = 0.01;
/** A busy machine wakes a thread so late now and then; never sooner than it is to be. */
const EARLY_S = 0.001;
const LATE_S = 0.004;

/** The call that sends, of each backend whose calls are its job's own, and whether this one did. */
const SENDS: readonly (readonly [backend: string, call: string, sends: (args: string) => boolean])[] = [
  ['sync', 'pread64', () => true],
  ['sync+vectored', 'preadv2', () => true],
  ['linux-aio', 'io_submit', () => true],
  ['io_uring', 'io_uring_enter', (args) => /^\d+<[^>]*>, 1, /.test(args)],
];

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

describe('I/Os are sent when they are due', { skip: firstReason(noStrace, noDisk) }, () => {
  for (const [backend, name, sends] of SENDS) {
    test(backend, async (t) => {
      const rate = ['--rate-iops=100', `--number-ios=${IOS}`, '--iodepth=4', '--size=4m'];
      const traced = await straced(diskFolder(t), [`--backend=${backend}`, ...rate, '--trials=1']);
      const calls = jobThreads(traced).flatMap((thread) => thread.calls);
      const slack = calls.find(
        ({ name: call, args }) => call === 'prctl' && args.startsWith('PR_SET_TIMERSLACK'),
      );
      assert.ok(slack, 'timers are to be exact');
      const sent = calls.filter((call) => call.name === name && call.at > slack.at && sends(call.args));
      // Set-up may have tried the call once.
      const own = sent.slice(-IOS);
      assert.equal(own.length, IOS);
      const late = own.map(({ at }, i) => at - (own[0]?.at ?? 0) - i * INTERVAL_S);
      assert.ok(Math.abs(median(late)) < LATE_S, `half of them ${median(late)} s from the schedule`);
      // Each is no sooner than its time; the first may itself have been late.
      const lateness = Math.max(0, -Math.min(...late));
      assert.ok(lateness < LATE_S + EARLY_S, `${lateness} s too soon`);
      assert.equal(trialOf(traced.result).total_ios, IOS);
    });
  }
});

/** Gaps between arrivals of a poisson process are exponential: their deviation is their mean. */
test('poisson arrivals are scattered as they are sent', {
  skip: firstReason(noStrace, noDisk),
}, async (t) => {
  const rate = ['--rate-iops=100', '--rate-process=poisson', '--number-ios=150', '--size=4m'];
  const traced = await straced(diskFolder(t), ['--backend=sync', ...rate, '--trials=1']);
  const reads = jobThreads(traced)
    .flatMap(({ calls }) => calls)
    .filter(({ name }) => name === 'pread64');
  const gaps = reads.slice(1).map(({ at }, i) => at - (reads[i]?.at ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  assert.ok(mean > 0.007 && mean < 0.014, `a mean of ${mean} s`);
  assert.ok(deviation / mean > 0.7 && deviation / mean < 1.35, `a deviation of ${deviation} s`);
});
