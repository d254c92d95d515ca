/** The job of `npm start`, value by value: a default that changes is a change that users see. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolve } from '../src/resolve/resolve.ts';
import { matchesGolden } from './support/golden.ts';
import { scratchFolder } from './support/scratch.ts';

test('golden default-job.json', (t) => {
  const before = process.cwd();
  process.chdir(scratchFolder(t));
  t.after(() => process.chdir(before));
  const machine = { cpusOnline: [0, 1], cpusAllowed: [0, 1] };
  const { plan, warnings } = resolve({}, { machine, target: { dioAlign: () => 512 } });
  assert.deepEqual(warnings, []);
  const { variants, randseed, ...rest } = plan;
  const plain = {
    variants: variants.map(({ label, name }) => ({ label, name })),
    randseed: String(randseed),
    ...rest,
  };
  matchesGolden(
    'default-job.json',
    `${JSON.stringify(plain, (_, value) => (typeof value === 'bigint' ? String(value) : value), 2)}\n`,
  );
});
