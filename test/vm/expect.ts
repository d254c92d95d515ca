/** What the tests in the machine say of an outcome. */
import assert from 'node:assert/strict';
import type { RunResult, Trial } from '../../src/results/schema.ts';
import { resultOf, trialOf } from '../support/bench.ts';
import type { Outcome } from './machine.ts';

/** The only trial of a run that must have succeeded. */
export function onlyTrial(outcome: Outcome): Trial {
  return trialOf(resultOf(outcome));
}

/** Asserts an exit code and one line on standard error that fits all patterns. */
export function failsWith({ code, stderr }: Outcome, expected: number, ...patterns: RegExp[]): void {
  assert.equal(code, expected, stderr);
  assert.match(stderr, /^uring-bench: [^\n]+\n$/);
  for (const pattern of patterns) assert.match(stderr, pattern);
}

/** Asserts that each of so many I/Os, one at a time, was completed by an interrupt of that controller (nvme0). */
export function interrupted({ interrupts }: Outcome, device: string, ios: number): void {
  const count = interrupts[device] ?? 0;
  assert.ok(count >= ios * 0.9, `${ios} I/Os on ${device} raised ${count} interrupts only`);
}

/** Asserts that none was, but for the few that looking at the device may take. */
export function polled({ interrupts }: Outcome, device: string, most = 4): void {
  assert.ok(
    (interrupts[device] ?? 0) <= most,
    `${device}: ${interrupts[device]} interrupts while it was polled`,
  );
}

/** The messages of a result's warnings of one code. */
export function warningsOf({ warnings }: RunResult, wanted: string): string[] {
  return warnings.flatMap(({ code, message }) => (code === wanted ? [message] : []));
}
