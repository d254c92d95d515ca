import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { refused } from '../../test/support/refused.ts';
import { BenchError } from '../errors.ts';
import {
  formatCpus,
  formatDecimal,
  formatPercentiles,
  formatSize,
  formatTime,
  isDecimalSize,
  parseCount,
  parseCpus,
  parseDecimal,
  parsePercentiles,
  parseSize,
  parseTime,
  parseU64,
} from './units.ts';

const MOST = Number.MAX_SAFE_INTEGER;

describe('sizes', () => {
  it("reads fio's suffixes with kb_base=1024", () => {
    const expected: [string, number][] = [
      ['0', 0],
      ['4096', 4096],
      ['4096b', 4096],
      ['4096B', 4096],
      ['4k', 4096],
      ['4K', 4096],
      ['4kb', 4096],
      ['4KB', 4096],
      ['1m', 2 ** 20],
      ['1024k', 2 ** 20],
      ['1g', 2 ** 30],
      ['1t', 2 ** 40],
      ['1p', 2 ** 50],
      ['0x1000', 4096],
      ['0x10k', 16384],
      [' 8k ', 8192],
      ['1.5g', 1.5 * 2 ** 30],
      ['1kib', 1000],
      ['1MiB', 1e6],
      ['2GiB', 2e9],
    ];
    for (const [text, bytes] of expected) assert.equal(parseSize('size', text), bytes, text);
  });

  it('knows which suffixes are powers of 1000', () => {
    assert.ok(isDecimalSize('64MiB'));
    for (const text of ['64m', '64mb', '64', '8b']) assert.ok(!isDecimalSize(text), text);
  });

  it('refuses everything else with the option and the text', () => {
    for (const text of ['', 'k', '4q', '-4k', '4k4', '1e3', '1.k', '.5k', 'NaN', 'Infinity', '4 k', '1,2']) {
      refused(() => parseSize('filesize', text), /^filesize=.* is not a size/);
    }
    refused(() => parseSize('size', '50%'), /cannot be a percentage/);
    refused(() => parseSize('size', '4ki'), /^size=4ki is ambiguous/);
    refused(() => parseSize('size', '8ib'), /ambiguous/);
    refused(() => parseSize('size', '1.0001k'), /not a whole number of bytes/);
  });

  it('refuses sizes from 2^53 on', () => {
    assert.equal(parseSize('size', String(MOST)), MOST);
    for (const text of [String(2n ** 53n), '8p', '99999999999999999999t', `0x${'f'.repeat(30)}`]) {
      refused(() => parseSize('size', text), /too large/);
    }
  });

  it('reads back what it prints', () => {
    const sizes = fc.oneof(
      fc.nat(),
      fc.integer({ min: 0, max: MOST }),
      fc.nat(4096).map((n) => n * 2 ** 30),
    );
    fc.assert(fc.property(sizes, (bytes) => parseSize('size', formatSize(bytes)) === bytes));
    assert.equal(formatSize(4096), '4k');
    assert.equal(formatSize(4097), '4097');
    assert.equal(formatSize(3 * 2 ** 30), '3g');
  });

  it('never returns NaN, a fraction or a negative number, whatever the text', () => {
    const pieces = fc.constantFrom('0', '1', '9', '.', '-', 'x', 'k', 'm', 'G', 'i', 'b', '%', ' ', 'e', ',');
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 8 }).map((list) => list.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          const bytes = parseSize('size', text);
          return Number.isSafeInteger(bytes) && bytes >= 0;
        } catch (error) {
          return error instanceof BenchError && error.message.startsWith('size=');
        }
      }),
    );
  });
});

describe('times', () => {
  it("reads fio's suffixes in nanoseconds", () => {
    const expected: [string, number][] = [
      ['0', 0],
      ['10', 10e9],
      ['10s', 10e9],
      ['10sec', 10e9],
      ['1.5s', 1.5e9],
      ['0.1', 1e8],
      ['500ms', 5e8],
      ['500MSEC', 5e8],
      ['20us', 20e3],
      ['20usec', 20e3],
      ['300ns', 300],
      ['2m', 120e9],
      ['1h', 3600e9],
      ['1d', 86400e9],
    ];
    for (const [text, ns] of expected) assert.equal(parseTime('runtime', text, 's'), ns, text);
    assert.equal(parseTime('thinktime', '20', 'us'), 20e3);
    assert.equal(parseTime('thinktime', '20s', 'us'), 20e9);
  });

  it('refuses everything else', () => {
    for (const text of ['', 's', '-1', '10x', '1m30s', '1e3', '10 s', '%']) {
      refused(() => parseTime('runtime', text, 's'), /^runtime=.* is not a time .*seconds/);
    }
    refused(() => parseTime('thinktime', 'x', 'us'), /microseconds/);
    refused(() => parseTime('runtime', '0.5ns', 's'), /finer than a nanosecond/);
    refused(() => parseTime('runtime', '105d', 's'), /too large/);
  });

  it('reads back what it prints', () => {
    const times = fc.oneof(
      fc.integer({ min: 0, max: MOST }),
      fc.nat(9_000_000).map((s) => s * 1e9),
    );
    fc.assert(
      fc.property(times, fc.constantFrom('s' as const, 'us' as const), (ns, bare) => {
        return parseTime('runtime', formatTime(ns), bare) === ns;
      }),
    );
    assert.equal(formatTime(90e9), '90s');
    assert.equal(formatTime(120e9), '2m');
    assert.equal(formatTime(1500e6), '1500ms');
  });
});

describe('counts', () => {
  it('reads whole numbers within their range', () => {
    assert.equal(parseCount('nice', '-20', -20, 19), -20);
    assert.equal(parseCount('nice', '-0', -20, 19), 0);
    assert.equal(parseCount('number-ios', '10k', 1, MOST), 10240);
    assert.equal(parseCount('iodepth', '0x20', 1, 32768), 32);
    refused(() => parseCount('iodepth', '0', 1, 32768), /^iodepth=0 is out of range .*1 to 32768/);
    refused(() => parseCount('loops', '0', 1, MOST), /it must be 1 or more/);
    for (const text of ['', 'x', '1.5', '4kib', '4kb', '--1', '1 2', '1-2']) {
      refused(() => parseCount('iodepth', text, 1, 10), /^iodepth=.*not a whole number/);
    }
  });

  it('reads 64 bits exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (n) => parseU64('randseed', `${n}`) === n),
    );
    assert.equal(parseU64('randseed', '0x89'), 137n);
    refused(() => parseU64('randseed', String(2n ** 64n)), /64 bits/);
    refused(() => parseU64('randseed', '-1'), /not a whole number/);
  });
});

describe('lists', () => {
  it('reads CPUs', () => {
    assert.deepEqual(parseCpus('cpus-allowed', '0,2-5', 1023), [0, 2, 3, 4, 5]);
    assert.deepEqual(parseCpus('cpus-allowed', '3,1,3, 2-2', 1023), [1, 2, 3]);
    for (const text of ['', ',', '1,', '-1', '5-2', 'a', '1-2-3', '0x1']) {
      refused(() => parseCpus('cpus-allowed', text, 1023), /is not a list of CPUs/);
    }
    refused(() => parseCpus('cpus-allowed', '0-999999999', 1023), /up to 1023/);
  });

  it('reads percentiles', () => {
    assert.deepEqual(parsePercentiles('percentile-list', '99.9:50,50:100'), [50, 99.9, 100]);
    for (const text of ['', '0', '100.1', '-1', 'x', '50:', '1e1', '99.99999999']) {
      refused(() => parsePercentiles('percentile-list', text), /is not a percentile/);
    }
    refused(() => parsePercentiles('percentile-list', '99.9999999'), /with six decimals at most/);
  });

  it('reads back what it prints', () => {
    const cpus = fc.uniqueArray(fc.nat(1023), { minLength: 1 }).map((list) => list.sort((a, b) => a - b));
    fc.assert(
      fc.property(cpus, (list) => {
        assert.deepEqual(parseCpus('cpus-allowed', formatCpus(list), 1023), list);
      }),
    );
    const percentile = fc.integer({ min: 1, max: 100_000_000 }).map((n) => n / 1e6);
    const percentiles = fc
      .uniqueArray(percentile, { minLength: 1 })
      .map((list) => list.sort((a, b) => a - b));
    fc.assert(
      fc.property(percentiles, (list) => {
        assert.deepEqual(parsePercentiles('percentile-list', formatPercentiles(list)), list);
      }),
    );
    fc.assert(fc.property(fc.nat(2 ** 31 - 1), (n) => parseDecimal(formatDecimal(n / 1e6)) === n / 1e6));
    assert.equal(formatDecimal(100), '100');
    assert.equal(formatDecimal(0.000001), '0.000001');
  });
});
