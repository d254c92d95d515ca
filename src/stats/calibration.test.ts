import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { syntheticTrial } from '../../test/support/synthetic-run.ts';
import type { Trial } from '../results/schema.ts';
import { cpuChange } from './calibration.ts';

const QUIET = {
  steal_pct: 0,
  others_cpu_pct: 0,
  cpu_mhz: null,
  throttled: 0,
  others_device_bytes: 0,
  others_device_ios: 0,
};

/** A run of three trials on a machine whose system calls and loop take so long. */
function run(syscall: number, loop: number): Trial[] {
  return [0.99, 1, 1.01].map((turn, at) =>
    syntheticTrial(at + 1, 1000, {
      conditions: { ...QUIET, calibration: { syscall_ns: syscall * turn, null_ns: loop * turn } },
    }),
  );
}

describe('calibrations of two sides', () => {
  it('show a machine that is slower, in each of its two ways', () => {
    const many = [100, 101, 99, 100, 102, 98, 100, 101].map((ns) => run(ns, ns / 5));
    const seen = cpuChange(many, [run(120, 20)]);
    assert.ok(seen?.beyondDoubt);
    assert.ok(Math.abs(Math.exp(seen.syscall.log) - 1.2) < 0.01);
    assert.ok(Math.abs(Math.exp(seen.null.log) - 1) < 0.01);
    assert.equal(cpuChange(many, [run(101, 20)])?.beyondDoubt, false);
  });

  it('are taken to differ by a floor where few runs show it', () => {
    assert.equal(cpuChange([run(100, 20)], [run(106, 21)])?.beyondDoubt, false);
    assert.equal(cpuChange([run(100, 20)], [run(115, 23)])?.beyondDoubt, true);
  });

  it('are nothing when a trial has none, as those of older results', () => {
    const old = run(100, 20).map(({ conditions: _, ...trial }) => trial);
    assert.equal(cpuChange([old], [run(100, 20)]), null);
    assert.equal(cpuChange([run(100, 20), old], [run(100, 20)]), null);
    assert.equal(cpuChange([], [run(100, 20)]), null);
  });
});
