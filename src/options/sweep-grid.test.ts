import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { refused } from '../../test/support/refused.ts';
import { knownOptions, parseOption, type WrittenOption } from './option-reader.ts';
import type { Flag } from './options.ts';
import {
  axisNumber,
  expandValues,
  gridPoints,
  isSweepable,
  pointOptions,
  pointText,
  readGrid,
} from './sweep-grid.ts';

const written = (...options: [Flag, string][]): WrittenOption[] =>
  options.map(([flag, text]) => ({ flag, text }));

describe('the values of one option', () => {
  const cases: [flag: Flag, text: string, values: string[]][] = [
    ['iodepth', '8', ['8']],
    ['iodepth', '1,2,4..64', ['1', '2', '4', '8', '16', '32', '64']],
    ['iodepth', '4..16:4', ['4', '8', '12', '16']],
    ['iodepth', '4..100', ['4', '8', '16', '32', '64']],
    ['iodepth', '3..3', ['3']],
    ['iodepth', ' 1 , 2', ['1', '2']],
    ['iodepth', '1,2,1..4', ['1', '2', '4']],
    ['iodepth', '0x10..1k', ['16', '32', '64', '128', '256', '512', '1024']],
    ['rwmixread', '0..100:25', ['0', '25', '50', '75', '100']],
    ['bs', '512,4k', ['512', '4k']],
    ['bs', '512..4k', ['512', '1k', '2k', '4k']],
    ['bs', '4k..16k:4k', ['4k', '8k', '12k', '16k']],
    ['size', '1m..4m', ['1m', '2m', '4m']],
    ['runtime', '1.5s..6s', ['1500ms', '3s', '6s']],
    ['thinktime', '10..40:10us', ['10us', '20us', '30us', '40us']],
    ['direct', '0,1', ['0', '1']],
    ['rw', 'randread,randwrite,readwrite', ['randread', 'randwrite', 'rw']],
    ['random-distribution', 'random,zipf:1.2', ['random', 'zipf:1.2']],
    ['file-service-type', 'random:8,roundrobin', ['random:8', 'roundrobin']],
    ['randseed', '1,2', ['1', '2']],
  ];
  for (const [flag, text, values] of cases) {
    it(`${flag}=${text}`, () => assert.deepEqual(expandValues(flag, text), values));
  }

  const wrong: [flag: Flag, text: string, why: RegExp][] = [
    ['iodepth', '1,,2', /^iodepth=1,,2: a value is missing/],
    ['iodepth', '', /a value is missing/],
    ['iodepth', '64..1', /64\.\.1: a range goes up \(write 1\.\.64\)/],
    ['iodepth', '1..99999', /iodepth=99999 is out of range/],
    ['iodepth', '0..4', /iodepth=0 is out of range/],
    ['rwmixread', '0..4', /doubling needs a start above 0 \(like 0,1\.\.4\)/],
    ['rwmixread', '0..4:0', /the step=0 is out of range/],
    ['bs', '4k..8k:0', /a step of 0 goes nowhere/],
    ['bs', '4k,', /in a sweep a comma separates values/],
    ['iodepth', '1..many', /iodepth=many is not a whole number/],
    ['iodepth', '1..8:x', /iodepth: the step=x is not a whole number/],
    ['size', '1..1g:1', /more than 4096 values/],
    ['rw', 'read..write', /unknown value rw=read\.\.write/],
  ];
  for (const [flag, text, why] of wrong) {
    it(`refuses ${flag}=${text}`, () => refused(() => expandValues(flag, text), why));
  }

  it('doubles from any start to any end, within both', () => {
    const ends = fc.tuple(fc.integer({ min: 1, max: 32768 }), fc.integer({ min: 1, max: 32768 }));
    fc.assert(
      fc.property(ends, ([a, b]) => {
        const [from, to] = a < b ? [a, b] : [b, a];
        const values = expandValues('iodepth', `${from}..${to}`).map(Number);
        assert.equal(values[0], from);
        for (const [i, value] of values.slice(1).entries()) assert.equal(value, 2 * (values[i] ?? 0));
        const last = values.at(-1) ?? 0;
        assert.ok(last <= to && last * 2 > to);
      }),
    );
  });

  it('takes steps of any size, within both ends', () => {
    const range = fc.record({
      from: fc.integer({ min: 1, max: 2 ** 31 }),
      steps: fc.integer({ min: 0, max: 500 }),
      step: fc.integer({ min: 1, max: 2 ** 20 }),
      more: fc.nat(2 ** 20),
    });
    fc.assert(
      fc.property(range, ({ from, steps, step, more }) => {
        const to = from + steps * step + (more % step);
        const values = expandValues('size', `${from}..${to}:${step}`);
        const bytes = values.map((value) => axisNumber('size', value));
        assert.deepEqual(
          bytes,
          Array.from({ length: steps + 1 }, (_, i) => from + i * step),
        );
      }),
    );
  });

  it('writes values that read back the same, whatever the option', () => {
    const size = fc.integer({ min: 1, max: 2 ** 40 });
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 20 }), (sizes) => {
        const values = expandValues('size', sizes.join(','));
        assert.deepEqual(
          values.map((text) => parseOption('size', text)),
          [...new Set(sizes)],
        );
        assert.deepEqual(expandValues('size', values.join(',')), values);
      }),
    );
  });
});

describe('the grid', () => {
  it('has the axis innermost, and all else as it was written', () => {
    const options = written(
      ['backend', 'sync,io_uring'],
      ['filename', 'a,b'],
      ['iodepth', '1..4'],
      ['bs', '512,4k'],
      ['numjobs', '2'],
      ['direct', '0,1'],
      ['cpus-allowed', '0,1'],
    );
    const grid = readGrid(options);
    assert.equal(grid.axis, 'iodepth');
    assert.deepEqual(
      grid.dimensions.map(({ flag }) => flag),
      ['bs', 'direct', 'iodepth'],
    );
    assert.deepEqual(grid.fixed, [
      { flag: 'backend', text: 'sync,io_uring' },
      { flag: 'filename', text: 'a,b' },
      { flag: 'numjobs', text: '2' },
      { flag: 'cpus-allowed', text: '0,1' },
    ]);
    const points = gridPoints(grid);
    assert.equal(points.length, 12);
    assert.equal(pointText(points[0] ?? {}), 'bs=512 direct=0 iodepth=1');
    assert.equal(pointText(points[1] ?? {}), 'bs=512 direct=0 iodepth=2');
    assert.equal(pointText(points[3] ?? {}), 'bs=512 direct=1 iodepth=1');
    assert.deepEqual(pointOptions(grid, points[11] ?? {}), [
      ...grid.fixed,
      { flag: 'bs', text: '4k' },
      { flag: 'direct', text: '1' },
      { flag: 'iodepth', text: '4' },
    ]);
  });

  it('lets the last of an option count', () => {
    const grid = readGrid(written(['iodepth', '1..8'], ['bs', '4k,8k'], ['iodepth', '4']));
    assert.deepEqual(grid.dimensions, [{ flag: 'bs', values: ['4k', '8k'] }]);
    assert.deepEqual(grid.fixed, [{ flag: 'iodepth', text: '4' }]);
  });

  it('needs several values, and not too many', () => {
    refused(() => readGrid(written(['iodepth', '8'])), /sweep needs an option of several values/);
    refused(() => readGrid([]), /sweep needs an option of several values/);
    const many = written(['iodepth', '1..100:1'], ['numjobs', '1..100:1']);
    refused(() => readGrid(many), /^100 iodepth x 100 numjobs are 10000 points \(at most 4096\)/);
  });

  it('keeps a single value in its spelling, unless it was a range', () => {
    const grid = readGrid(written(['bs', '4k,8k'], ['size', '1MiB'], ['iodepth', '4..7']));
    assert.deepEqual(grid.fixed, [
      { flag: 'size', text: '1MiB' },
      { flag: 'iodepth', text: '4' },
    ]);
  });

  it('takes the best number as its axis, and none without numbers', () => {
    const axis = (...options: [Flag, string][]) => readGrid(written(...options)).axis;
    assert.equal(axis(['numjobs', '1,2'], ['bs', '4k,8k']), 'numjobs');
    assert.equal(axis(['bs', '4k,8k'], ['rw', 'read,write']), 'bs');
    assert.equal(axis(['thinktime', '0,1'], ['rw', 'read,write']), 'thinktime');
    assert.equal(axis(['rw', 'read,write']), null);
  });

  it('has as many points as the values multiply to, each once', () => {
    const counts = fc.uniqueArray(fc.integer({ min: 1, max: 32768 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(counts, counts, (depths, sizes) => {
        const bs = sizes.map((size) => String(size * 512));
        const grid = readGrid(written(['iodepth', depths.join()], ['bs', bs.join()]));
        const points = gridPoints(grid).map(pointText);
        assert.equal(points.length, depths.length * sizes.length);
        assert.equal(new Set(points).size, points.length);
      }),
    );
  });

  it('sweeps no option whose single value may have a comma', () => {
    for (const spec of knownOptions) {
      if (['list', 'cpus', 'percentiles', 'text'].includes(spec.kind))
        assert.ok(!isSweepable(spec), spec.flag);
      if (spec.scope !== 'workload') assert.ok(!isSweepable(spec), spec.flag);
    }
  });
});
