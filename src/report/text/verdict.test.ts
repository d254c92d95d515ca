import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixture } from '../../../test/fixtures/load.ts';
import type { RunResult } from '../../results/schema.ts';
import { isSameDepth, standingOf } from '../../stats/standing.ts';
import { summarize } from '../../stats/summary.ts';
import { adviceText, verdictText } from './verdict.ts';

/** The comparison, its trials' IOPS multiplied by backend; the summaries made anew. */
function scaled(factors: Readonly<Record<string, (trial: number) => number>>, keep?: number): RunResult {
  const result: RunResult = fixture('comparison');
  for (const backend of result.backends) {
    if (keep !== undefined) backend.trials = backend.trials.slice(0, keep);
    for (const trial of backend.trials) trial.iops *= factors[backend.label]?.(trial.trial) ?? 1;
    backend.summary = summarize(backend.trials, [50, 99, 99.9]);
  }
  return result;
}

describe('who won', () => {
  it('is said with how far ahead, how sure, and what it costs', () => {
    const text = verdictText(fixture('comparison')) ?? '';
    assert.match(
      text,
      /^io_uring\+enhanced is fastest: 576,793 IOPS, \+5\.1 % over io_uring \(95 % interval \+5\.0% to/,
    );
    assert.match(
      text,
      / and 7\.1 x sync\. It takes as little CPU as any: 12\.8 usec .*; posix-aio takes 5\.9 x as much\./,
    );
  });

  it('warns of latencies at another depth', () => {
    const text = verdictText(fixture('comparison')) ?? '';
    assert.match(
      text,
      /Latencies of sync are those of 8 I\/Os in flight, not 64 I\/Os: lower ones there are no merit\.$/,
    );
    assert.doesNotMatch(verdictText(fixture('mixed')) ?? '', /in flight/);
    assert.deepEqual([isSameDepth(8, 8.5), isSameDepth(1, 8), isSameDepth(8, 1)], [true, false, false]);
  });

  it('is nobody where no test tells the first from others', () => {
    // Above in some blocks, below in others: 1.03, 0.97, 1.03, ...
    const shaky = (trial: number) => 1.051 * (1 + (trial % 2 === 0 ? -0.03 : 0.03));
    const standing = standingOf(scaled({ io_uring: shaky }));
    assert.deepEqual(standing?.tied.map(({ label }) => label).length, 1);
    const text = verdictText(scaled({ io_uring: shaky })) ?? '';
    assert.match(
      text,
      /^io_uring(\+enhanced)? and io_uring(\+enhanced)? are fastest, with no difference seen between them: /,
    );
    assert.match(
      adviceText(scaled({ io_uring: shaky })) ?? '',
      /^use \S+: it is as fast as \S+ and takes least CPU of them\./,
    );
  });

  it('is not known of too few trials', () => {
    const result = scaled({}, 2);
    assert.match(
      verdictText(result) ?? '',
      /^io_uring\+enhanced had most IOPS \(\d+,\d+\), but there are too few trials to tell it from io_uring, /,
    );
    assert.match(adviceText(result) ?? '', /^none yet: more trials are needed to tell /);
  });

  it('is nobody of a run that is unsound, and nothing is said of one that did nothing', () => {
    const unsound: RunResult = fixture('comparison');
    unsound.validity = { verdict: 'unsound', text: '' };
    assert.equal(verdictText(unsound), 'none: the run is unsound, see validity');
    assert.equal(adviceText(unsound), null);
    assert.equal(verdictText({ ...unsound, backends: [] }), null);
  });

  it('leaves out what failed or was skipped', () => {
    const result: RunResult = fixture('comparison');
    for (const backend of result.backends)
      if (backend.label === 'io_uring+enhanced') backend.status = 'failed';
    assert.match(verdictText(result) ?? '', /^io_uring is fastest/);
  });

  it('of one backend is what it did', () => {
    assert.match(
      verdictText(fixture('single')) ?? '',
      /^io_uring: 812,000 IOPS, median latency 1,180 ns, 1\.23 usec of CPU/,
    );
  });
});

describe('advice', () => {
  it('names an interface, and another for where io_uring is refused', () => {
    const text = adviceText(fixture('comparison')) ?? '';
    assert.match(
      text,
      /^use io_uring\+enhanced: it does most I\/Os, \+5\.1 % over io_uring\. Where io_uring is refused /,
    );
    assert.match(text, /use linux-aio: -11\.2% IOPS, 1\.2 x the CPU an I\/O\./);
  });

  it('of one backend is to measure more', () => {
    assert.match(adviceText(fixture('single')) ?? '', /^none: only one interface was measured/);
  });
});
