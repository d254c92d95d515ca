import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture, fixtureNames } from '../../../test/fixtures/load.ts';
import { explainedRun } from '../../../test/support/explained-run.ts';
import { opsOf } from '../../../test/support/ops.ts';
import type { RunResult } from '../../results/schema.ts';
import { csvColumns, renderCsv } from './csv.ts';

/** RFC 4180, read back by a reader that knows nothing of the writer. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\n') {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

/** As the command hands it on. */
function stored(...results: RunResult[]) {
  return results.map((result, at) => ({ result, path: `${at + 1}.json` }));
}

/** Rows by column name. */
function records(text: string): Record<string, string>[] {
  const [head = [], ...rows] = parseCsv(text);
  return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i] ?? 'missing'])));
}

test('every row has every column', () => {
  for (const name of fixtureNames) {
    const rows = parseCsv(renderCsv(stored(fixture(name)), {}));
    for (const row of rows) assert.equal(row.length, csvColumns().length);
  }
});

test('one row for each trial of each backend, and one for a backend without trials', () => {
  const result = fixture('troubled');
  const rows = records(renderCsv(stored(result), {})).map(({ label, trial, backend_status }) => [
    label,
    trial,
    backend_status,
  ]);
  assert.deepEqual(rows, [
    ['sync', '1', 'complete'],
    ['sync', '2', 'complete'],
    ['posix-aio', '1', 'complete'],
    ['posix-aio', '2', 'complete'],
    ['linux-aio', '1', 'failed'],
    ['linux-aio', '2', 'failed'],
    ['io_uring', '', 'skipped'],
  ]);
});

test('a skipped backend has its reason and no numbers', () => {
  const skipped = records(renderCsv(stored(fixture('troubled')), {})).at(-1) ?? {};
  assert.match(skipped.reason ?? '', /^io_uring_setup: Operation not permitted/);
  for (const name of ['trial', 'iops', 'ctx_total', 'write_lat_ns_mean', 'lat_ns_p50']) {
    assert.equal(skipped[name], '', name);
  }
});

test('numbers are those of the result, not rounded', () => {
  const result = fixture('mixed');
  const [row] = records(renderCsv(stored(result), {}));
  const trial = result.backends[0]?.trials[0];
  assert.ok(row && trial);
  assert.equal(Number(row.iops), trial.iops);
  assert.equal(Number(row.ctx_per_io), trial.ctx.total / trial.total_ios);
  assert.equal(Number(row.usr_pct), (trial.cpu.usr_ns / trial.runtime_ns) * 100);
  assert.equal(Number(row.read_lat_ns_mean), opsOf(trial).read.lat_ns.mean);
  assert.equal(Number(row.write_ios), opsOf(trial).write.total_ios);
  assert.equal(row.trim_lat_ns_mean, '');
  assert.equal(row.syscalls_exact, 'true');
});

test('percentiles are of all operations, and the last columns are those that were asked for', () => {
  const result = fixture('single');
  const [row] = records(renderCsv(stored(result), { percentiles: [10, 99.99] }));
  const known = result.backends[0]?.summary?.lat_ns.percentile['99.990000'];
  assert.equal(Number(row?.['lat_ns_p99.99']), known);
  assert.deepEqual(Object.keys(row ?? {}).slice(-2), ['lat_ns_p10', 'lat_ns_p99.99']);
});

test('commas, quotes and line ends survive', () => {
  const result = fixture('troubled');
  const reason = 'a "b", c\nd';
  const [first] = result.backends;
  assert.ok(first);
  first.reason = reason;
  assert.equal(records(renderCsv(stored(result), {}))[0]?.reason, reason);
});

test('names of columns are unique and each is explained', () => {
  const columns = csvColumns();
  assert.equal(new Set(columns.map(({ name }) => name)).size, columns.length);
  for (const { name, help } of columns) assert.ok(help.length > 5, name);
});

test('rows of several results say of which each is, with a column for each label', () => {
  const [old, young] = [fixture('single'), fixture('mixed')];
  young.labels = { disk: 'new' };
  young.environment.hostname = 'other';
  const rows = records(renderCsv(stored(old, young), {}));
  const told = new Set(
    rows.map(({ hostname, result_file, workload, label_disk }) =>
      [hostname, result_file, workload, label_disk].join('|'),
    ),
  );
  assert.deepEqual(
    [...told],
    [
      'bench01|1.json|job1: randread bs=1k iodepth=1 numjobs=1 direct=0|',
      'other|2.json|job1: randrw bs=4k,8k,8k iodepth=8 numjobs=4 rwmixread=70|new',
    ],
  );
  assert.ok(rows.every(({ device }) => device === 'nvme0n1 INTEL SSDPE21D280GA'));
});

test('columns of explained backends stand behind all others, and are there only where any is', () => {
  const plain = renderCsv(stored(fixture('comparison')), {});
  assert.doesNotMatch(plain, /explain_/);
  const run = explainedRun({ direct: true, full: true });
  const rows = records(renderCsv(stored(run, fixture('comparison')), {}));
  const [head = ''] = plain.split('\n');
  assert.ok(renderCsv(stored(run), {}).startsWith(`${head},explain_`));
  const posix = rows.find(({ backend }) => backend === 'posix-aio') ?? {};
  const traced = run.backends.find(({ backend }) => backend === 'posix-aio')?.explain?.traced;
  assert.equal(posix.explain_turn_ns, String(traced?.time.turn_ns));
  assert.equal(posix.explain_before_ns, '');
  assert.equal(posix.explain_requests_per_io, '1');
  assert.equal(posix.explain_pool_run_pct, '12');
  assert.equal(posix.explain_iou_wrk_run_pct, '');
  assert.equal(posix.explain_wakeups_thread_per_io, '2.7');
  assert.equal(posix.explain_syscalls_per_io, '5.2');
  assert.match(posix.explain_sentences ?? '', /waiting for its turn/);
  assert.equal(rows.at(-1)?.explain_total_ns, '');
});
