/**
 * Stored documents of version 1 in the shape of version 2. There a trial had read, write and trim, whether it did them
 * or not, and sync when the workload had it. What does not look like version 1 is left as it is: the schema, which the
 * outcome is to be checked by, says what is wrong with it.
 */
import { rwModes } from '../workload/operations.ts';
import { SCHEMA_VERSION, SWEEP_VERSION } from './versions.ts';

/** The version that is lifted, of runs and of sweeps. */
export const LIFTED_VERSION = 1;

/** The members of an object; none for anything else. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

function mapped(list: unknown, each: (item: Record<string, unknown>) => unknown): unknown {
  return Array.isArray(list) ? list.map((item) => (isObject(item) ? each(item) : item)) : list;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param done the operations that the workload has, even where a trial came to do none of them */
function liftTrial(trial: Record<string, unknown>, done: readonly string[]): Record<string, unknown> {
  const { read, write, trim, sync, ...rest } = trial;
  if (![read, write, trim].every(isObject)) return trial;
  const ops: Record<string, unknown> = {};
  for (const [name, result] of Object.entries({ read, write, trim })) {
    if (done.includes(name) || fieldsOf(result).total_ios !== 0) ops[name] = result;
  }
  if (sync !== undefined) ops.sync = sync;
  return { ...rest, ops, groups: [] };
}

function liftResult(result: Record<string, unknown>): Record<string, unknown> {
  if (result.schema_version !== LIFTED_VERSION) return result;
  const jobs: unknown[] = Array.isArray(result.jobs) ? result.jobs : [];
  const modes = jobs.map((job) => fieldsOf(fieldsOf(job).options).rw);
  const done = Object.entries(rwModes).flatMap(([mode, { operations }]) =>
    modes.includes(mode) ? operations : [],
  );
  const backends = mapped(result.backends, (backend) => ({
    ...backend,
    trials: mapped(backend.trials, (trial) => liftTrial(trial, done)),
  }));
  return { ...result, schema_version: SCHEMA_VERSION, backends };
}

/** A sweep's points are of a version of their own: one that was resumed may have some of each. */
function liftSweep(sweep: Record<string, unknown>): Record<string, unknown> {
  const points = mapped(sweep.points, (point) => ({
    ...point,
    result: isObject(point.result) ? liftResult(point.result) : point.result,
  }));
  const version = sweep.schema_version === LIFTED_VERSION ? SWEEP_VERSION : sweep.schema_version;
  return { ...sweep, schema_version: version, points };
}

/** A baseline's runs are of the version that wrote each. */
function liftBaseline(baseline: Record<string, unknown>): Record<string, unknown> {
  return { ...baseline, runs: mapped(baseline.runs, liftResult) };
}

/** A run, a sweep or a baseline, as JSON.parse gives it, of any version that is read -> of this version. */
export function lift(stored: Record<string, unknown>): Record<string, unknown> {
  if (stored.kind === 'baseline') return liftBaseline(stored);
  if (stored.kind === 'explanation' || stored.kind === 'evaluation') return stored;
  return stored.kind === 'sweep' ? liftSweep(stored) : liftResult(stored);
}
