import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatBytes,
  formatChange,
  formatCount,
  formatDuration,
  formatIops,
  formatLatency,
  formatMiBps,
  formatPct,
  formatPerIo,
  formatQuantile,
  formatUsec,
  plural,
} from './format.ts';

/** [value, text] pairs of one function. */
function check(format: (value: number) => string, pairs: readonly (readonly [number, string])[]): void {
  for (const [value, text] of pairs) assert.equal(format(value), text, `of ${value}`);
}

test('counts have thousands separators', () => {
  check(formatCount, [
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [999_999.5, '1,000,000'],
    [64_112_335, '64,112,335'],
  ]);
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 53 - 1 }), (n) => {
      const text = formatCount(n);
      assert.match(text, /^\d{1,3}(,\d{3})*$/);
      assert.equal(Number(text.replaceAll(',', '')), n);
    }),
  );
});

test('IOPS are whole from 100 on', () => {
  check(formatIops, [
    [0, '0.0'],
    [0.004, '<0.01'],
    [0.25, '0.25'],
    [0.96, '1.0'],
    [12.34, '12.3'],
    [99.94, '99.9'],
    [99.96, '100'],
    [1_486_000.4, '1,486,000'],
  ]);
});

test('bandwidth is in MiB/s', () => {
  check(formatMiBps, [
    [0, '0.0'],
    [1000, '<0.01'],
    [524_288, '0.50'],
    [2 ** 20, '1.0'],
    [1383.8 * 2 ** 20, '1,383.8'],
  ]);
});

test('latencies are whole ns below 10 usec, then usec', () => {
  check(formatLatency, [
    [0, '0 ns'],
    [847.4, '847 ns'],
    [9_999, '9,999 ns'],
    [9_999.6, '10.0 usec'],
    [10_000, '10.0 usec'],
    [84_120, '84.1 usec'],
    [99_949, '99.9 usec'],
    [99_960, '100 usec'],
    [1_549_000, '1,549 usec'],
    [2 ** 42 - 1, '4,398,046,511 usec'],
  ]);
});

test('amounts per I/O keep what tells them apart', () => {
  check(formatPerIo, [
    [0, '0.00'],
    [0.0004, '<0.001'],
    [0.008, '0.008'],
    [0.128, '0.13'],
    [1.0004, '1.00'],
    [9.994, '9.99'],
    [9.996, '10.0'],
    [12.34, '12.3'],
    [1204, '1,204'],
  ]);
  check(formatUsec, [
    [4_910, '4.91'],
    [12_345, '12.3'],
  ]);
});

test('percentages', () => {
  check(formatPct, [
    [0, '0'],
    [0.01, '<0.1'],
    [4.24, '4.2'],
    [9.96, '10'],
    [1_203.2, '1,203'],
  ]);
  check(formatChange, [
    [4.94, '+4.9%'],
    [-42.55, '-42.5%'],
    [-0.04, '0.0%'],
    [0, '0.0%'],
    [1_234.56, '+1,234.6%'],
  ]);
});

test('sizes and times', () => {
  check(formatBytes, [
    [0, '0 B'],
    [512, '512 B'],
    [4096, '4 KiB'],
    [1536, '1.5 KiB'],
    [2 ** 30, '1 GiB'],
    [134_923_681_792, '126 GiB'],
  ]);
  check(formatDuration, [
    [0, '0 ms'],
    [850_000_000, '850 ms'],
    [999_600_000, '1 s'],
    [3_214_000_000, '3.2 s'],
    [10_000_000_000, '10 s'],
    [600_000_000_000, '10 min'],
  ]);
});

test('quantiles are written without the errors of division', () => {
  check(formatQuantile, [
    [50, '0.5'],
    [95, '0.95'],
    [99.9, '0.999'],
    [99.99, '0.9999'],
    [100, '1'],
  ]);
});

test('plurals', () => {
  assert.equal(plural(1, 'read'), '1 read');
  assert.equal(plural(1200, 'read'), '1,200 reads');
  assert.equal(plural(2, 'pass', 'passes'), '2 passes');
});
