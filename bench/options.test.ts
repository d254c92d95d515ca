import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from './options.ts';
import { rows } from './rows.ts';

test('defaults are those of the table to be reached', () => {
  assert.deepEqual(readOptions([]), {
    rounds: 5,
    seconds: 2,
    cpu: 0,
    directory: '.',
    fileBytes: 512 * 2 ** 20,
    parts: ['comparison', 'floor', 'limits'],
    backends: rows.map(({ backend }) => backend),
    format: 'text',
    build: true,
  });
});

test('every option is taken', () => {
  const argv = ['--rounds', '3', '--seconds=0.5', '--cpu=1', '--directory=/data', '--size=8'];
  const options = readOptions([
    ...argv,
    '--parts=limits,floor',
    '--backends=io_uring,sync',
    '--json',
    '--no-build',
  ]);
  assert.deepEqual(options, {
    rounds: 3,
    seconds: 0.5,
    cpu: 1,
    directory: '/data',
    fileBytes: 8 * 2 ** 20,
    parts: ['floor', 'limits'],
    backends: ['sync', 'io_uring'],
    format: 'json',
    build: false,
  });
  assert.equal(readOptions(['--markdown'])?.format, 'markdown');
  assert.equal(readOptions(['--help']), null);
});

test('what makes no sense is refused', () => {
  for (const [argument, message] of [
    ['--rounds=0', /whole number of 1 or more/],
    ['--rounds=1.5', /whole/],
    ['--seconds=0', /number of 0.05 or more/],
    ['--seconds=', /number/],
    ['--cpu=x', /number/],
    ['--parts=floor,roof', /there is no 'roof'/],
    ['--unknown', /unknown/i],
    ['file', /positional/i],
  ] as const) {
    assert.throws(() => readOptions([argument]), message, argument);
  }
  assert.throws(() => readOptions(['--json', '--markdown']), /exclude each other/);
});
