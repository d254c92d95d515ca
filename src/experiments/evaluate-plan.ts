/** An evaluation before it is run: what it is going to do, and a checked run for each of its cells. Creates nothing. */

import { BenchError } from '../errors.ts';
import { preflight } from '../jobs/preflight.ts';
import type { RawOptions } from '../options/options.ts';
import { type ResolveHost, resolve } from '../resolve/resolve.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { EvaluationCell, EvaluationFinding, EvaluationPhase } from '../results/evaluate-schema.ts';
import { groupTexts } from './evaluate-map.ts';
import type { EvaluationTarget } from './evaluate-target.ts';

/** Tried in this order where none was asked for. */
const BACKENDS = ['io_uring', 'linux-aio', 'posix-aio'] as const;
export const PERCENTILES = [50, 90, 95, 99, 99.9, 99.99];

/** Of all cells' runs. */
export interface CellOptions {
  target: EvaluationTarget;
  regionBytes: number;
  backend: string;
  readOnly: boolean;
  randseed: bigint;
}

/** Bits of an I/O's place and length that O_DIRECT minds here. */
function alignmentOf({ file, kind }: EvaluationTarget, host: ResolveHost): number {
  return kind === 'folder' ? 512 : (host.target.dioAlign(file) ?? 512);
}

/** Phases without the cells whose blocks are too small for the target, and what to say of that. */
export function fittingPhases(
  phases: readonly EvaluationPhase[],
  target: EvaluationTarget,
  host: ResolveHost,
): { phases: EvaluationPhase[]; findings: EvaluationFinding[] } {
  const align = alignmentOf(target, host);
  const fits = ({ bs }: EvaluationCell): boolean => align === 0 || bs % align === 0;
  const left = new Set(phases.flatMap(({ cells }) => cells.filter((one) => !fits(one)).map(({ bs }) => bs)));
  const kept = phases.map((phase) => ({ ...phase, cells: phase.cells.filter(fits) }));
  const findings = [...left].map((bs) => ({
    code: 'block-size-left-out',
    message: `blocks of ${bs} bytes are left out: direct I/O takes multiples of ${align} here`,
    count: 1,
  }));
  return { phases: kept, findings };
}

function rawOf(
  cell: EvaluationCell,
  { target, regionBytes, backend, readOnly, randseed }: CellOptions,
): RawOptions {
  const { bs, rw, iodepth, numjobs, trials, runtime_ns: runtime, rwmixread } = cell;
  const where: RawOptions =
    target.kind === 'folder'
      ? { directory: target.path, name: 'uring-bench-evaluate' }
      : { filename: [target.file] };
  const consent: RawOptions = readOnly
    ? {}
    : target.kind === 'block'
      ? { 'destroy-device': [target.path] }
      : target.kind === 'file'
        ? { 'allow-overwrite': true }
        : {};
  const workload: RawOptions =
    cell.load === undefined
      ? { rw: rw as NonNullable<RawOptions['rw']>, bs: { read: bs, write: bs, trim: bs }, iodepth, numjobs }
      : { job: groupTexts(cell) };
  return {
    ...where,
    ...consent,
    ...workload,
    trials,
    size: regionBytes,
    direct: true,
    backend: [backend],
    randseed,
    'percentile-list': PERCENTILES,
    'warmup-trials': 0,
    // Of a cell its figures are kept: a series would be made to be thrown away.
    interval: 0,
    ...(runtime === null ? { 'time-based': false } : { runtime }),
    ...(rwmixread === null ? {} : { rwmixread }),
  };
}

/** The run of a cell. @throws BenchError (usage) when it cannot be run on this target */
function planCell(cell: EvaluationCell, options: CellOptions, host: ResolveHost): RunPlan {
  return resolve(rawOf(cell, options), host).plan;
}

/** The runs of all cells, by id. @throws BenchError (usage) as planCell */
export function planCells(
  phases: readonly EvaluationPhase[],
  options: CellOptions,
  host: ResolveHost,
): Map<string, RunPlan> {
  const plans = new Map<string, RunPlan>();
  for (const cell of phases.flatMap(({ cells }) => cells))
    if (!plans.has(cell.id)) plans.set(cell.id, planCell(cell, options, host));
  return plans;
}

/**
 * The backend to use: the one that was asked for, else the first that works here.
 * @throws BenchError (unavailable) when it does not, or none does
 */
export function chooseBackend(
  asked: string | null,
  cell: EvaluationCell,
  options: Omit<CellOptions, 'backend'>,
  host: ResolveHost,
): string {
  const reasons: string[] = [];
  for (const backend of asked === null ? BACKENDS : [asked]) {
    const [missing] = preflight(planCell(cell, { ...options, backend }, host));
    if (missing === undefined) return backend;
    reasons.push(`${backend}: unavailable here: ${missing.reason}`);
  }
  throw new BenchError(reasons.join('; '), { kind: 'unavailable' });
}
