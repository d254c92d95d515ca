import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { fixture } from '../../test/fixtures/load.ts';
import { syntheticSweep } from '../../test/fixtures/synthetic-runs.ts';
import { matchesGolden } from '../../test/support/golden.ts';
import { NOTHING_DONE } from '../../test/support/ops.ts';
import { syntheticRun } from '../../test/support/synthetic-run.ts';
import { render } from '../report/formats/index.ts';
import { isTree, type RwMode, rwModes } from '../workload/operations.ts';
import { isSweep } from './document.ts';
import { lift } from './lift.ts';
import { parseResult, parseStored } from './read.ts';
import type { RunResult, Trial } from './schema.ts';

/** As the tool wrote them when the schema was of version 1. */
const STORED = ['single', 'troubled'] as const;

function storedText(name: (typeof STORED)[number]): string {
  return readFileSync(new URL(`../../test/fixtures/v1/${name}.json`, import.meta.url), 'utf8');
}

/** A trial as version 1 held it. */
function loweredTrial({ ops, groups: _, ...rest }: Trial): object {
  const { read = NOTHING_DONE, write = NOTHING_DONE, trim = NOTHING_DONE, sync } = ops;
  return { ...rest, read, write, trim, ...(sync ? { sync } : {}) };
}

function lowered(result: RunResult): Record<string, unknown> {
  const backends = result.backends.map((own) => ({ ...own, trials: own.trials.map(loweredTrial) }));
  return { ...result, schema_version: 1, backends };
}

for (const name of STORED) {
  test(`v1/${name}.json is read as what is written today`, () => {
    assert.equal(JSON.parse(storedText(name)).schema_version, 1);
    assert.deepEqual(parseResult(storedText(name), name), fixture(name));
  });

  test(`v1/${name}.json is shown as it always was`, () => {
    const result = parseResult(storedText(name), name);
    for (const columns of [100, 80, 60]) {
      matchesGolden(`${name}-${columns}.txt`, render(result, 'table', { color: false, columns }));
    }
    matchesGolden(`${name}.csv`, render(result, 'csv', { color: false, columns: 100 }));
    matchesGolden(`${name}.md`, render(result, 'markdown', { color: false, columns: 100 }));
  });
}

/** Runs of all modes: with sync or without, trials that did all, some or none of their operations. */
const runs = fc
  .record({
    rw: fc.constantFrom(...(Object.keys(rwModes) as RwMode[]).filter((rw) => !isTree(rw))),
    sync: fc.boolean(),
    iops: fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 1, maxLength: 4 }),
    idle: fc.boolean(),
  })
  .map(({ rw, sync, iops, idle }): RunResult => {
    const run = syntheticRun({ sync: iops, io_uring: iops });
    for (const job of run.jobs) job.options = { ...job.options, rw };
    for (const trial of run.backends.flatMap(({ trials }) => trials)) {
      const done = idle ? NOTHING_DONE : (trial.ops.read ?? NOTHING_DONE);
      trial.ops = Object.fromEntries(rwModes[rw].operations.map((op) => [op, done]));
      if (sync) trial.ops.sync = done;
    }
    return run;
  });

test('what was lifted fits the schema and is what the run would be stored as today', () => {
  fc.assert(
    fc.property(runs, (run) => {
      assert.deepEqual(parseResult(JSON.stringify(lowered(run)), 'run.json'), run);
    }),
  );
});

test('an operation that was done is kept, whatever the options say', () => {
  const run = syntheticRun({ sync: [1000] });
  const old = lowered(run);
  old.jobs = [];
  assert.deepEqual(parseResult(JSON.stringify(old), 'run.json').backends, run.backends);
});

test('a sweep of either version may hold points of either', () => {
  const sweep = syntheticSweep();
  for (const schema_version of [1, 2]) {
    const points = sweep.points.map(({ values, result }, i) => ({
      values,
      result: i % 2 === 0 ? lowered(result) : result,
    }));
    const stored = parseStored(JSON.stringify({ ...sweep, schema_version, points }), 'sweep.json');
    assert.ok(isSweep(stored));
    assert.deepEqual(stored, JSON.parse(JSON.stringify(sweep)));
  }
});

test('what is damaged is left for the schema to name', () => {
  const damaged = (change: (trial: Record<string, unknown>) => void) => {
    const old = JSON.parse(storedText('single'));
    change(old.backends[0].trials[0]);
    return () => parseResult(JSON.stringify(old), 'run.json');
  };
  assert.throws(
    damaged((trial) => {
      delete trial.trim;
    }),
    /does not fit the schema of a result: \/backends\/0\/trials\/0\/\w+: /,
  );
  assert.throws(
    damaged((trial) => {
      trial.write = { total_ios: 3 };
    }),
    /\/backends\/0\/trials\/0\/ops\/write\/io_bytes: expected required property/,
  );
  fc.assert(
    fc.property(
      fc.object({ key: fc.constantFrom('jobs', 'backends', 'trials', 'points', 'kind') }),
      (value) => {
        lift({ ...value, schema_version: 1 } as Record<string, unknown>);
      },
    ),
  );
});
