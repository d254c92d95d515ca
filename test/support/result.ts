/** Reads a result as a user's script does, and checks what holds for every result that was ever made. */
import assert from 'node:assert/strict';
import { Ajv } from 'ajv';
import { decodeCounts, samples } from '../../src/results/histogram.ts';
import { countedOps } from '../../src/results/ops.ts';
import { type OpResult, ResultSchema, type RunResult, type Trial } from '../../src/results/schema.ts';

const ajv = new Ajv({ strict: true, allErrors: true });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
const validate = ajv.compile<RunResult>(JSON.parse(JSON.stringify(ResultSchema)));

/** Asserts that a number is within a share of another, plus an absolute allowance. */
export function near(actual: number, expected: number, share: number, what: string, allowance = 0): void {
  const bound = `${share * 100} %${allowance > 0 ? ` + ${allowance}` : ''}`;
  const most = Math.abs(expected) * share + allowance;
  assert.ok(Math.abs(actual - expected) <= most, `${what}: ${actual} is not within ${bound} of ${expected}`);
}

function checkHistograms(label: string, { total_ios, lat_ns, slat_ns, clat_ns }: OpResult): void {
  assert.equal(lat_ns.N, total_ios, `${label}: every I/O has its latency`);
  for (const latency of [lat_ns, slat_ns, clat_ns]) {
    assert.equal(samples(decodeCounts(latency.hdr)), latency.N, `${label}: N is what the histogram holds`);
    const ordered = latency.min <= latency.mean && latency.mean <= latency.max;
    assert.ok(latency.N === 0 || ordered, `${label}: ${latency.min} <= ${latency.mean} <= ${latency.max}`);
  }
}

function checkTrial(label: string, trial: Trial): void {
  const counted = countedOps(trial);
  const sum = (of: (op: OpResult) => number): number => counted.reduce((total, op) => total + of(op), 0);
  assert.equal(
    sum((d) => d.total_ios),
    trial.total_ios,
    `${label}: I/Os`,
  );
  for (const op of Object.values(trial.ops)) checkHistograms(label, op);
  if (trial.runtime_ns > 0) {
    const bytes = sum((d) => d.io_bytes);
    near(trial.iops, (trial.total_ios * 1e9) / trial.runtime_ns, 1e-6, `${label}: iops`);
    near(trial.bw_bytes, (bytes * 1e9) / trial.runtime_ns, 1e-6, `${label}: bandwidth`);
  }
  const calls = Object.values(trial.syscalls.by_name).reduce((total, count) => total + count, 0);
  assert.equal(calls, trial.syscalls.total, `${label}: system calls`);
  assert.equal(trial.ctx.voluntary + trial.ctx.involuntary, trial.ctx.total, `${label}: context switches`);
  assert.ok(trial.ctx.helpers <= trial.ctx.total, `${label}: helpers' switches are a part of all`);
}

/** A result from its text: it fits the schema, and its figures agree with each other. */
export function parseResult(text: string): RunResult {
  const result: unknown = JSON.parse(text);
  assert.ok(validate(result), ajv.errorsText(validate.errors));
  for (const { label, trials } of result.backends) for (const trial of trials) checkTrial(label, trial);
  return result;
}
