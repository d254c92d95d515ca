import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from '../../test/fixtures/load.ts';
import { confidenceWarning } from '../jobs/warnings.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import { widestInterval } from './confidence.ts';

test('the widest interval is that of a difference, relative to the difference', () => {
  const { backends } = fixture('mixed');
  const widest = widestInterval(backends);
  assert.equal(widest?.label, 'linux-aio');
  const difference = backends[0]?.summary?.vs_reference?.iops;
  const { low, high, ratio } = difference ?? {};
  assert.equal(widest?.pct, (((high ?? 0) - (low ?? 0)) / (ratio ?? 1)) * 100);
});

test('of a single backend it is that of its median, of six trials or more', () => {
  const [, backend] = fixture('mixed').backends;
  assert.ok(backend?.summary);
  const { low, high, median } = backend.summary.iops;
  assert.deepEqual(widestInterval([backend]), { label: 'io_uring', pct: ((high - low) / median) * 100 });
  backend.summary.iops.n = 5;
  assert.equal(widestInterval([backend])?.pct, Infinity);
});

test('backends that do not run on are not waited for', () => {
  const { backends } = fixture('troubled');
  for (const backend of backends) backend.status = 'failed';
  assert.equal(widestInterval(backends), null);
  assert.equal(widestInterval(fixture('troubled').backends)?.label, 'posix-aio');
});

test('a run that ends before it is confident says so', () => {
  const { backends } = fixture('mixed');
  const job = (pct: number) => ({ untilConfident: { pct, maxTrials: 6 } }) as RunPlan;
  const [warning, ...rest] = confidenceWarning(job(1), backends);
  assert.deepEqual(rest, []);
  assert.equal(warning?.code, 'confidence-limit');
  assert.match(
    warning?.message ?? '',
    /after 6 trials .*interval of linux-aio is 2\.\d % wide, 1 % was wanted/,
  );
  assert.deepEqual(confidenceWarning(job(50), backends), []);
  assert.deepEqual(confidenceWarning({ untilConfident: null } as RunPlan, backends), []);
});
