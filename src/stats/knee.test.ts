import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CurvePoint, gainPerDoubling, kneeByGain, kneeWithinLimit } from './knee.ts';

/** A device that does `most` I/Os per second at `least` ns each: iops and latency by Little's law. */
function device(most: number, leastNs: number, depths: readonly number[]): CurvePoint[] {
  return depths.map((x) => {
    const iops = Math.min(most, (x * 1e9) / leastNs);
    return { x, iops, latencyNs: (x * 1e9) / iops };
  });
}

const DEPTHS = [1, 2, 4, 8, 16, 32, 64];

describe('the knee within a latency limit', () => {
  it('is the best point that keeps it', () => {
    const points = device(100_000, 80_000, DEPTHS);
    // 8 in flight just reach the device's most at 80 usec; 16 wait 160.
    assert.equal(kneeWithinLimit(points, 100_000).point?.x, 8);
    assert.equal(kneeWithinLimit(points, 80_000).point?.x, 8);
    assert.deepEqual(kneeWithinLimit(points, 79_999), { point: null, missing: 'above-limit' });
    assert.deepEqual(kneeWithinLimit([], 1), { point: null, missing: 'above-limit' });
  });

  it('is the one with less latency of two that are as fast', () => {
    assert.equal(kneeWithinLimit(device(100_000, 80_000, DEPTHS), 1e9).point?.x, 8);
  });

  it('has no better point within the limit, whatever the curve', () => {
    const point = fc.record({
      x: fc.integer({ min: 1, max: 1000 }),
      iops: fc.integer({ min: 1, max: 1_000_000 }),
      latencyNs: fc.integer({ min: 1, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(point), fc.integer({ min: 1, max: 1_000_000 }), (points, limit) => {
        const { point: knee } = kneeWithinLimit(points, limit);
        const kept = points.filter(({ latencyNs }) => latencyNs <= limit);
        assert.equal(knee === null, kept.length === 0);
        if (knee !== null) {
          assert.ok(knee.latencyNs <= limit);
          for (const { iops } of kept) assert.ok(iops <= knee.iops);
        }
      }),
    );
  });
});

describe('the knee by gain', () => {
  it('is where a device has reached its most', () => {
    assert.equal(kneeByGain(device(100_000, 80_000, DEPTHS), 0.1).point?.x, 8);
    assert.equal(kneeByGain(device(90_000, 80_000, DEPTHS).reverse(), 0.1).point?.x, 8);
  });

  it('looks at doublings, not at steps', () => {
    const points = device(100_000, 80_000, [1, 8, 9, 10, 64]);
    assert.equal(kneeByGain(points, 0.1).point?.x, 8);
    // From 7 to 8 is a fifth of a doubling: 14 % more there are 100 % a doubling.
    const [from, to] = device(100_000, 80_000, [7, 8]) as [CurvePoint, CurvePoint];
    assert.ok(Math.abs(gainPerDoubling(from, to) - 1) < 1e-9);
  });

  it('is not a dip on the way up', () => {
    const iops = [10_000, 20_000, 19_000, 70_000, 100_000, 101_000, 102_000];
    const points = DEPTHS.map((x, i) => ({ x, iops: iops[i] ?? 0, latencyNs: 1 }));
    assert.equal(kneeByGain(points, 0.1).point?.x, 16);
  });

  it('is missing while IOPS still grow, and of one point', () => {
    const growing = device(1e9, 80_000, DEPTHS);
    assert.deepEqual(kneeByGain(growing, 0.1), { point: null, missing: 'still-growing' });
    assert.equal(kneeByGain(growing.slice(0, 1), 0.1).point, null);
    assert.equal(kneeByGain([], 0.1).point, null);
  });

  it('leaves no later point that gains as much, and no earlier one like it', () => {
    const curve = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(curve, fc.double({ min: 0.01, max: 1, noNaN: true }), (iops, least) => {
        const points = iops.map((value, i) => ({ x: 2 ** i, iops: value, latencyNs: 1 }));
        const bends = (i: number) =>
          points.slice(i + 1).every((later) => gainPerDoubling(points[i] as CurvePoint, later) < least);
        const { point } = kneeByGain(points, least);
        const first = points.findIndex((_, i) => bends(i));
        assert.deepEqual(point, first === points.length - 1 ? null : points[first]);
      }),
    );
  });
});
