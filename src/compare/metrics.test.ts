import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fixture } from '../../test/fixtures/load.ts';
import { opsOf } from '../../test/support/ops.ts';
import { refused } from '../../test/support/refused.ts';
import { syntheticTrial } from '../../test/support/synthetic-run.ts';
import { defaultOf } from '../options/option-reader.ts';
import { mergeLatencies } from '../results/histogram.ts';
import type { Trial } from '../results/schema.ts';
import { parseMetric, parseMetrics } from './metrics.ts';

const measured = (name: string, trial: Trial): number | null => parseMetric('metric', name).of(trial);

function mixedTrial(): Trial {
  const trial = fixture('mixed').backends[0]?.trials[0];
  assert.ok(trial);
  return trial;
}

describe('names of metrics', () => {
  it('has one name for each metric', () => {
    for (const [text, name] of [
      ['iops', 'iops'],
      [' IOPS ', 'iops'],
      ['lat-p99', 'lat_p99'],
      ['lat_p99.0', 'lat_p99'],
      ['lat_p099', 'lat_p99'],
      ['clat_p99.90', 'clat_p99.9'],
      ['read_lat_mean', 'read_lat_mean'],
      ['sync_lat_max', 'sync_lat_max'],
    ] as const) {
      assert.equal(parseMetric('metric', text).name, name, text);
    }
    assert.deepEqual(
      parseMetrics('metric', ['iops', 'lat_p50.0', 'lat_p50']).map(({ name }) => name),
      ['iops', 'lat_p50'],
    );
  });

  it('reads the names that it writes', () => {
    const percentile = fc
      .integer({ min: 1, max: 100_000_000 })
      .map((millionths) => Number((millionths / 1e6).toFixed(6)));
    const word = fc.oneof(
      fc.constantFrom('iops', 'bw', 'lat_mean', 'clat_max', 'slat_min', 'lat_stddev'),
      fc.tuple(fc.constantFrom('lat', 'clat', 'slat'), percentile).map(([kind, p]) => `${kind}_p${p}`),
    );
    const name = fc
      .tuple(fc.constantFrom('', 'read_', 'write_', 'trim_', 'sync_'), word)
      .map((part) => part.join(''));
    fc.assert(
      fc.property(name, (text) => {
        fc.pre(!text.includes('e-'));
        assert.equal(parseMetric('metric', text).name, text);
      }),
    );
  });

  it('refuses others and names the nearest', () => {
    refused(
      () => parseMetric('metric', 'iop'),
      /^metric=iop: there is no such metric: did you mean 'iops'\?/,
    );
    refused(() => parseMetric('metric', 'latp99'), /did you mean 'lat_p99'/);
    for (const text of [
      '',
      'lat',
      'lat_p0',
      'lat_p101',
      'lat_p1.1234567',
      'read_cpu_per_io',
      'x_iops',
      'lat_p',
    ]) {
      refused(() => parseMetric('metric', text), /there is no such metric/);
    }
  });

  it('knows the default list', () => {
    assert.equal(parseMetrics('metric', defaultOf('metric')).length, 8);
  });
});

describe('values of metrics', () => {
  it('takes rates and costs from the trial', () => {
    const trial = syntheticTrial(1, 200_000);
    assert.equal(measured('iops', trial), 200_000);
    assert.equal(measured('bw', trial), 200_000 * 4096);
    assert.equal(measured('lat_mean', trial), 40_000);
    assert.equal(measured('lat_p99', trial), 80_000);
    assert.equal(measured('lat_max', trial), 320_000);
    assert.equal(measured('cpu_per_io', trial), 4500);
    assert.equal(measured('ctx_per_io', trial), 0.125);
    assert.equal(measured('syscalls_per_io', trial), 1);
    assert.equal(measured('instructions_per_io', trial), null);
    assert.equal(measured('instructions_per_io', { ...trial, instructions: null }), null);
    const counted = { ...trial, instructions: 9000 * trial.total_ios };
    assert.equal(measured('instructions_per_io', counted), 9000);
  });

  it('has no value where no such I/O was done', () => {
    const trial = syntheticTrial(1, 200_000);
    const idle = syntheticTrial(1, 0);
    for (const name of ['write_iops', 'write_lat_p99', 'trim_bw', 'sync_lat_mean']) {
      assert.equal(measured(name, trial), null, name);
    }
    for (const name of ['lat_mean', 'lat_p99', 'cpu_per_io', 'ctx_per_io', 'syscalls_per_io']) {
      assert.equal(measured(name, idle), null, name);
    }
    assert.equal(measured('iops', idle), 0, 'no I/O is a rate');
  });

  it('merges the directions of a mixed workload exactly', () => {
    const trial = mixedTrial();
    const parts = [opsOf(trial).read.lat_ns, opsOf(trial).write.lat_ns];
    const merged = mergeLatencies(parts, [99, 99.9]);
    assert.equal(measured('lat_p99', trial), merged.percentile['99.000000']);
    assert.equal(measured('lat_p99.9', trial), merged.percentile['99.900000']);
    assert.ok(Math.abs((measured('lat_mean', trial) ?? 0) / merged.mean - 1) < 1e-12);
    assert.equal(measured('lat_min', trial), merged.min);
    assert.equal(measured('lat_max', trial), merged.max);
    assert.equal(measured('read_lat_p99', trial), opsOf(trial).read.lat_ns.percentile['99.000000']);
    assert.equal(measured('write_iops', trial), opsOf(trial).write.iops);
  });

  it('takes percentiles that are not stored from the histogram', () => {
    const trial = mixedTrial();
    const value = measured('read_lat_p12.5', trial);
    assert.equal(value, mergeLatencies([opsOf(trial).read.lat_ns], [12.5]).percentile['12.500000']);
    assert.ok(value !== null && value > opsOf(trial).read.lat_ns.min);
  });

  it('has the standard deviation of all samples together', () => {
    const trial = mixedTrial();
    const own = measured('read_lat_stddev', trial);
    assert.ok(own !== null && Math.abs(own - opsOf(trial).read.lat_ns.stddev) < 1e-6);
    const all = measured('lat_stddev', trial) ?? 0;
    const { N: n, mean: a, stddev: s } = opsOf(trial).read.lat_ns;
    const { N: m, mean: b, stddev: t } = opsOf(trial).write.lat_ns;
    // E[x^2] - E[x]^2, the other way to the same.
    const mean = (n * a + m * b) / (n + m);
    const square = (n * (s * s + a * a) + m * (t * t + b * b)) / (n + m);
    assert.ok(Math.abs(all - Math.sqrt(square - mean * mean)) < 1e-6 * all);
  });

  it('formats a value with its unit', () => {
    const text = (name: string, value: number) => parseMetric('metric', name).format(value);
    assert.equal(text('iops', 545_200), '545,200 IOPS');
    assert.equal(text('bw', 2 ** 30), '1,024.0 MiB/s');
    assert.equal(text('lat_p99', 84_100), '84.1 usec');
    assert.equal(text('cpu_per_io', 4910), '4.91 usec');
    assert.equal(text('ctx_per_io', 0.125), '0.13');
  });
});
