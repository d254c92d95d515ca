import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture, fixtureNames, fixtureText } from '../../test/fixtures/load.ts';
import { syntheticSweep } from '../../test/fixtures/synthetic-runs.ts';
import { BenchError } from '../errors.ts';
import { isSweep } from './document.ts';
import { parseResult, parseStored } from './read.ts';

/** The message of the usage error that a changed comparison.json gives. */
function refused(text: string): string {
  try {
    parseResult(text, 'run.json');
  } catch (error) {
    assert.ok(error instanceof BenchError && error.kind === 'usage', String(error));
    assert.doesNotMatch(error.message + (error.hint ?? ''), /\n/);
    assert.ok(error.message.startsWith('run.json '), error.message);
    return `${error.message.slice('run.json '.length)}${error.hint ? ` (${error.hint})` : ''}`;
  }
  assert.fail('it was read');
}

function changed(change: (result: Record<string, unknown>) => void): string {
  const result = JSON.parse(fixtureText('single'));
  change(result);
  return JSON.stringify(result);
}

test('stored results are read as they were written', () => {
  for (const name of fixtureNames) assert.deepEqual(fixture(name), JSON.parse(fixtureText(name)));
  assert.deepEqual(parseResult(`\ufeff${fixtureText('single')}`, 'bom.json'), fixture('single'));
});

test('what is no JSON says so in one line', () => {
  assert.match(refused('{\n"a": \n'), /^is not JSON: /);
  assert.match(refused(fixtureText('single').slice(0, 2000)), /^is not JSON: /);
  assert.equal(refused(''), 'is empty (the run that writes it may not have ended yet)');
  assert.equal(refused('\n'), 'is empty (the run that writes it may not have ended yet)');
});

test('JSON of something else says so', () => {
  for (const text of ['null', '[]', '3', '{}', '{"tool": null}', '{"fio version": "fio-3.36"}']) {
    assert.equal(refused(text), 'is not a uring-bench result (tool.name is nothing)');
  }
  assert.match(refused('{"tool": {"name": "fio"}}'), /tool.name is "fio"/);
});

test('another schema version is named before anything is compared', () => {
  const newer = changed((result) => {
    result.schema_version = 3;
    result.environment = {};
  });
  assert.equal(
    refused(newer),
    'has schema_version 3; this uring-bench reads 1 and 2 (uring-bench 0.1.0 wrote it: use that or a newer one)',
  );
  const none = changed((result) => {
    delete result.schema_version;
  });
  assert.equal(refused(none), 'has schema_version nothing; this uring-bench reads 1 and 2');
});

test('the first mismatch is named with its place and what is there', () => {
  const wrongType = changed((result) => {
    result.command_line = ['a', 7];
  });
  assert.match(
    refused(wrongType),
    /does not fit the schema of a result: \/command_line\/1: expected string, found 7/,
  );
  const missing = changed((result) => {
    delete result.warnings;
  });
  assert.match(refused(missing), /\/warnings: expected required property/);
  const extra = changed((result) => {
    result.extra = 'x'.repeat(500);
  });
  assert.match(refused(extra), /\/extra: unexpected property \(/);
  const date = changed((result) => {
    result.started_at = 'yesterday';
  });
  assert.match(refused(date), /\/started_at: .*"yesterday"/);
  const large = changed((result) => {
    result.status = 'x'.repeat(500);
  });
  assert.ok(refused(large).length < 250);
});

test('a sweep is read where it is expected, and named where it is not', () => {
  const sweep = syntheticSweep();
  sweep.points = sweep.points.slice(0, 1);
  const text = JSON.stringify(sweep);
  const stored = parseStored(text, 'sweep.json');
  assert.ok(isSweep(stored));
  assert.deepEqual(stored, JSON.parse(text));
  assert.equal(refused(text), 'is a sweep: many results (a single one is needed here)');
  assert.ok(!isSweep(parseStored(fixtureText('single'), 'run.json')));
  const of = (change: (sweep: Record<string, unknown>) => void) => {
    const copy = JSON.parse(text);
    change(copy);
    return refused(JSON.stringify(copy));
  };
  assert.match(
    of((copy) => {
      copy.points = [{ values: { iodepth: 1 }, result: sweep.points[0]?.result }];
    }),
    /^does not fit the schema of a sweep: \/points\/0\/values\/iodepth: expected string, found 1/,
  );
  assert.match(
    of((copy) => {
      copy.schema_version = 7;
    }),
    /^has schema_version 7; this uring-bench reads 1 and 2 \(uring-bench 0.1.0 wrote it: use that or a newer one\)$/,
  );
});
