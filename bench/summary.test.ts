import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { floorRow } from './floor.ts';
import type { Row } from './rows.ts';
import { judge, nsPerIo, ratioOf, type Sample, summarizeRow, type Tool } from './summary.ts';

const row: Row = {
  name: 'row',
  backend: 'sync',
  fio: ['--ioengine=psync'],
  bare: 'sync',
  iodepth: 1,
  batch: 1,
  goals: { bare: 0.95, fio: 1.2 },
};

function samplesOf(tool: Tool, list: readonly number[]): Sample[] {
  return list.map((ops, i) => ({ round: i + 1, row: 'row', tool, ops }));
}

test('a ratio of rounds is not moved by rounds that were slow for both', () => {
  // The machine was at a third of its speed in three of five rounds, and fio's part of one came later.
  const own = [30, 10, 10, 10, 30];
  const other = [20, 20 / 3, 20 / 3, 20, 20];
  const { ofRounds, ofMedians } = ratioOf(own, other);
  assert.equal(ofRounds, 1.5);
  assert.equal(ofMedians, 0.5);
});

test('a ratio takes pairs', () => {
  assert.throws(() => ratioOf([1, 2], [1]), RangeError);
  assert.throws(() => ratioOf([], []), RangeError);
});

test('both ratios turn round when the tools change places, and stay when the unit changes', () => {
  // An odd number of rounds: then the median is one of them.
  const pair = fc.tuple(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 1e9 }));
  const pairs = fc.array(pair, { minLength: 1, maxLength: 9 }).filter(({ length }) => length % 2 === 1);
  const close = (a: number, b: number) => assert.ok(Math.abs(a / b - 1) < 1e-9, `${a} and ${b}`);
  fc.assert(
    fc.property(pairs, (list) => {
      const own = list.map(([a]) => a);
      const other = list.map(([, b]) => b);
      const forth = ratioOf(own, other);
      const back = ratioOf(other, own);
      close(forth.ofRounds, 1 / back.ofRounds);
      close(forth.ofMedians, 1 / back.ofMedians);
      close(
        forth.ofRounds,
        ratioOf(
          own.map((v) => v * 3),
          other.map((v) => v * 3),
        ).ofRounds,
      );
    }),
  );
});

test('a row is summarized from its own samples, paired by round whatever their order', () => {
  const samples = [
    ...samplesOf('uring-bench', [130, 120, 100]).reverse(),
    ...samplesOf('bare', [130, 125, 110]),
    ...samplesOf('fio', [100, 100, 100]),
    { round: 1, row: 'another', tool: 'fio' as const, ops: 1 },
  ];
  const { ops, vsBare, vsFio, verdicts } = summarizeRow(row, samples);
  assert.deepEqual(ops['uring-bench'], { median: 120, min: 100, max: 130 });
  assert.deepEqual(ops.fio, { median: 100, min: 100, max: 100 });
  assert.equal(vsBare?.ofRounds, 120 / 125);
  assert.equal(vsFio?.ofRounds, 1.2);
  assert.deepEqual(
    verdicts.map(({ met }) => met),
    [true, true],
  );
});

test('a tool that did not run leaves its columns empty and its goal unjudged', () => {
  const { ops, vsFio, verdicts } = summarizeRow(row, [
    ...samplesOf('uring-bench', [10]),
    ...samplesOf('bare', [20]),
  ]);
  assert.equal(ops.fio, null);
  assert.equal(vsFio, null);
  assert.deepEqual(verdicts, [{ goal: '>= 0.95 x bare', value: 0.5, met: false }]);
});

test('a round that lacks a tool is no summary', () => {
  assert.throws(
    () => summarizeRow(row, [...samplesOf('uring-bench', [1, 2]), ...samplesOf('fio', [1])]),
    /no pairs/,
  );
  assert.throws(() => summarizeRow(row, samplesOf('fio', [1])), RangeError);
});

test('goals are met at the bound', () => {
  const at = { ofRounds: 0.95, ofMedians: 2 };
  assert.deepEqual(
    judge({ bare: 0.95 }, at, null, 0).map(({ met }) => met),
    [true],
  );
  assert.deepEqual(
    judge({ bare: 0.951 }, at, null, 0).map(({ met }) => met),
    [false],
  );
  assert.deepEqual(judge({ nsAtMost: 25 }, null, null, 25), [{ goal: '<= 25 ns', value: 25, met: true }]);
  assert.equal(judge({ nsAtMost: 25 }, null, null, 25.1)[0]?.met, false);
});

test('the cost of recording is the median of the differences', () => {
  const { recording, without } = floorRow({ iodepth: 8, batch: 1 }, [30, 90, 31], [20, 80, 24]);
  assert.equal(recording, 10);
  assert.deepEqual(without, { median: 24, min: 20, max: 80 });
  assert.equal(nsPerIo(4e7), 25);
});
