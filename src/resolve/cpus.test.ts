import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refused } from '../../test/support/refused.ts';
import { checkCpus, readMachine } from './cpus.ts';

test('the machine has CPUs, and this process may use some of them', () => {
  const { cpusOnline, cpusAllowed } = readMachine();
  assert.ok(cpusOnline.includes(0));
  assert.ok(cpusAllowed.length > 0);
  for (const cpu of cpusAllowed) assert.ok(cpusOnline.includes(cpu));
});

test('CPUs that are missing or forbidden are named, with those that can be had', () => {
  const machine = { cpusOnline: [0, 1, 2, 3, 6], cpusAllowed: [0, 1] };
  assert.doesNotThrow(() => checkCpus([0, 1], machine));
  refused(
    () => checkCpus([0, 4], machine),
    /^cpus-allowed=0,4: CPU 4 does not exist or is offline .*0-3,6\)/,
  );
  refused(() => checkCpus([4, 5], machine), /CPUs 4-5 do not exist or are offline/);
  refused(() => checkCpus([1, 2], machine), /this process may not use CPU 2 .*allows: 0-1\)/);
});
