import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fioArgs, parseFio } from './fio.ts';
import { ownArgs, parseOwn } from './own.ts';
import { rows } from './rows.ts';

const settings = { path: '/data/f', fileBytes: 2 ** 29, seconds: 0.25, cpu: 3 };

/** As fio 3.33 writes it, shortened. */
function answer(job: object): string {
  return JSON.stringify({ 'fio version': 'fio-3.33', time: 1, jobs: [job] }, null, 2);
}

const read = { io_bytes: 1024000, iops: 1234567.89, runtime: 250, total_ios: 308642 };

test('IOPS are those of the one job', () => {
  assert.deepEqual(parseFio(answer({ jobname: 'bench', error: 0, read })), {
    version: 'fio-3.33',
    ops: 1234567.89,
  });
});

test('notes before the JSON are passed over', () => {
  const note =
    'note: both iodepth >= 1 and synchronous I/O engine are selected, queue depth will be capped at 1\n';
  assert.equal(parseFio(note + answer({ error: 0, read })).ops, read.iops);
});

test('what is no success is an error', () => {
  assert.throws(() => parseFio(answer({ error: 22, read })), /error 22/);
  assert.throws(() => parseFio(answer({ error: 0, read: { iops: 0, total_ios: 0 } })), /did nothing/);
  assert.throws(() => parseFio('{"fio version":"fio-3.33","jobs":[]}'), /0 jobs/);
  assert.throws(() => parseFio('fio: engine libaio not loadable\n'), /engine libaio not loadable/);
  assert.throws(() => parseFio('{"jobs": ['), SyntaxError);
});

/** `--name=value` and `--name` by name, with `_` as `-`. */
function optionsOf(args: readonly string[]): Map<string, string> {
  return new Map(
    args.flatMap((arg) => {
      const [, name, value] = /^--([^=]+)(?:=(.*))?$/.exec(arg) ?? [];
      return name === undefined ? [] : [[name.replaceAll('_', '-'), value ?? '1'] as const];
    }),
  );
}

test('fio and uring-bench are asked for the same I/O in every row', () => {
  for (const row of rows) {
    const fio = optionsOf(fioArgs(row, settings));
    const own = optionsOf(ownArgs(row, settings));
    const names = [
      'filename',
      'size',
      'rw',
      'bs',
      'iodepth',
      'invalidate',
      'norandommap',
      'runtime',
      'cpus-allowed',
    ];
    for (const name of names) {
      assert.ok(fio.has(name), name);
      assert.equal(own.get(name), fio.get(name), `${row.name}: ${name}`);
    }
    assert.equal(fio.get('direct'), '0');
    assert.equal(own.get('buffered'), '1');
    for (const name of ['iodepth-batch-submit', 'iodepth-batch-complete-min', 'iodepth-batch-complete-max']) {
      // 1 is the default of each, in both.
      assert.equal(fio.get(name) ?? '1', own.get(name), `${row.name}: ${name}`);
    }
    assert.equal(fio.get('gtod-reduce'), '0', 'latencies are kept');
  }
});

function result(trial: object | null, reason: string | null = null): string {
  return JSON.stringify({ backends: [{ reason, trials: trial === null ? [] : [trial] }] });
}

const whole = {
  status: 'complete',
  errors: [],
  total_ios: 10,
  iops: 5,
  ops: { read: { short_ios: 0, lat_ns: { N: 10 } } },
};

test("uring-bench's own IOPS are taken from a complete trial without errors only", () => {
  assert.equal(parseOwn(result(whole)), 5);
  assert.throws(() => parseOwn(result(null, 'io_setup: no room')), /io_setup: no room/);
  assert.throws(() => parseOwn(result({ ...whole, status: 'failed' })), /no trial/);
  assert.throws(() => parseOwn(result({ ...whole, errors: [{}] })), /failed or were short/);
  assert.throws(
    () => parseOwn(result({ ...whole, ops: { read: { short_ios: 1, lat_ns: { N: 10 } } } })),
    /short/,
  );
  assert.throws(
    () => parseOwn(result({ ...whole, ops: { read: { short_ios: 0, lat_ns: { N: 9 } } } })),
    /9 latencies/,
  );
});
