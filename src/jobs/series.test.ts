import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UB } from '../native/abi.ts';
import type { LookedOp, SeriesLook } from '../native/series.ts';
import { decodeCounts, samples } from '../results/histogram.ts';
import type { SteadyAsk } from '../workload/workload.ts';
import { addLook, inPairs, joinStretches, newStretch, type Stretch, trialSeriesOf } from './series.ts';
import { SteadyWatch } from './steady-watch.ts';

/** So many I/Os of 100 ns: 100 empty buckets and a count, packed. */
function reads(ios: number): LookedOp {
  const packed = Uint8Array.from(ios === 0 ? [] : [0xc7, 0x01, ios * 2]);
  const sums = {
    ios,
    bytes: ios * 4096,
    errors: 0,
    samples: ios,
    sumNs: ios * 100,
    maxNs: ios > 0 ? 100 : 0,
  };
  return { op: UB.OP_READ, ...sums, packed };
}

function lookAt(ns: number, ios: number): SeriesLook {
  return { atNs: 1000 + ns, beginNs: 1000, measuring: 1, ended: false, ops: ios > 0 ? [reads(ios)] : [] };
}

function stretchesOf(all: readonly number[]): Stretch[] {
  return all.map((ios, at) => {
    const stretch = newStretch(at * 10);
    addLook(stretch, lookAt(at * 10 + 10, ios));
    return { ...stretch, conditions: { steal_pct: at, temperature_c: 40 + at } };
  });
}

describe('stretches of a trial', () => {
  it('hold the same when neighbours become one, again and again', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { minLength: 1, maxLength: 20 }), fc.nat(4), (all, times) => {
        let stretches = stretchesOf(all);
        for (let i = 0; i < times; i++) stretches = inPairs(stretches);
        const { intervals } = trialSeriesOf(stretches, 10, 10 * 2 ** times);
        const total = all.reduce((sum, ios) => sum + ios, 0);
        const of = intervals.flatMap(({ ops }) => ops.read ?? []);
        assert.equal(
          of.reduce((sum, { ios }) => sum + ios, 0),
          total,
        );
        assert.equal(
          of.reduce((sum, { lat }) => sum + samples(decodeCounts(lat.hdr)), 0),
          total,
        );
        assert.ok(of.every(({ lat }) => lat.mean === 100 && lat.max === 100));
        assert.equal(
          intervals.reduce((sum, one) => sum + one.length_ns, 0),
          all.length * 10,
        );
      }),
    );
  });

  it('have the conditions of both by their length, and the higher temperature', () => {
    const [a, b] = stretchesOf([1, 2]);
    assert.ok(a && b);
    assert.deepEqual(joinStretches(a, b).conditions, { steal_pct: 0.5, temperature_c: 41 });
  });

  it('say what was asked for when they were merged', () => {
    assert.equal(trialSeriesOf([], 10, 10).asked_ns, undefined);
    assert.equal(trialSeriesOf([], 10, 40).asked_ns, 10);
  });
});

describe('--steady-state', () => {
  const rule: SteadyAsk = { metric: 'iops', range: 0.1, excursion: 0.1, rounds: 3, roundNs: 100 };
  /** @returns at which look it became steady; null: at none */
  function watch(all: readonly number[]): { at: number | null; watch: SteadyWatch } {
    const steady = new SteadyWatch(rule);
    const at = all.findIndex((ios, i) => steady.add(lookAt((i + 1) * 100, ios)));
    return { at: at < 0 ? null : at, watch: steady };
  }

  it('ends with the first window within the rule', () => {
    const { at, watch: steady } = watch([60, 40, 30, 30, 31, 30]);
    assert.equal(at, 4);
    const { at_ns: ns, rounds, window } = steady.result();
    assert.deepEqual([ns, rounds, window?.start_ns, window?.length_ns], [500, 5, 200, 300]);
    assert.ok(Math.abs((window?.mean ?? 0) / ((30 + 30 + 31) / 3 / 100e-9) - 1) < 1e-9);
  });

  it('never is in what goes on falling, nor before there is a window', () => {
    assert.equal(watch([60, 50, 40, 30, 20]).at, null);
    const { at, watch: steady } = watch([60, 60]);
    assert.equal(at, null);
    assert.deepEqual([steady.result().at_ns, steady.result().window], [null, null]);
  });

  it('takes a round that lasted longer by its length', () => {
    const steady = new SteadyWatch(rule);
    assert.deepEqual(
      [lookAt(100, 30), lookAt(250, 45), lookAt(300, 15)].map((look) => steady.add(look)),
      [false, false, true],
    );
  });
});
