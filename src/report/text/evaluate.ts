/** An evaluation in tables, from its stored document alone; formats draw them. */
import type {
  Evaluation,
  EvaluationCell,
  EvaluationHealth,
  EvaluationPhase,
  EvaluationStep,
} from '../../results/evaluate-schema.ts';
import { percentileKey } from '../../results/histogram.ts';
import { stepsOf, writeAmplification } from '../../stats/evaluation.ts';
import { kneeByGain } from '../../stats/knee.ts';
import {
  formatBytes,
  formatChange,
  formatCount,
  formatIops,
  formatLatency,
  formatMiBps,
} from '../../values/format.ts';
import { isMap, limitLines, mapParts } from './evaluate-map.ts';
import { type EvaluationTable, roundsTables, steadyLines, textColumn } from './evaluate-rounds.ts';
import type { HeaderLine } from './header.ts';

export interface EvaluationView {
  header: HeaderLine[];
  /** What must not be overlooked; '' for nothing. */
  status: string;
  tables: EvaluationTable[];
  /** What the tables say together, and what is known against them. */
  lines: string[];
}

/** More IOPS of a doubled depth than this, and the curve still rises. */
const KNEE_GAIN = 0.1;

const p = (step: EvaluationStep, op: 'read' | 'write', percentile: number): string => {
  const ns = step[op]?.lat_ns.percentile[percentileKey(percentile)];
  return ns === undefined ? '' : formatLatency(ns);
};

/** A measurement of each cell that was made, in the plan's order. */
function measured(
  evaluation: Evaluation,
  phase: EvaluationPhase,
): { cell: EvaluationCell; step: EvaluationStep }[] {
  const steps = stepsOf(evaluation, phase.name);
  return phase.cells.flatMap((cell) => {
    const step = steps.find((one) => one.cell === cell.id && one.status === 'complete');
    return step === undefined ? [] : [{ cell, step }];
  });
}

/** The shape without the mix: SEQ1M Q8T1. */
function shapeOf({ name }: EvaluationCell): string {
  const words = name.split(' ');
  return [words[0], words.at(-1)].join(' ');
}

function screenTable(evaluation: Evaluation, phase: EvaluationPhase): EvaluationTable {
  const found = measured(evaluation, phase);
  const shapes = [...new Set(found.map(({ cell }) => shapeOf(cell)))];
  const mixes = [...new Set(found.map(({ cell }) => cell.name.split(' ')[1] ?? ''))];
  const at = (shape: string, mix: string) =>
    found.find(({ cell }) => shapeOf(cell) === shape && cell.name.split(' ')[1] === mix)?.step;
  const cells = (mix: string, of: (step: EvaluationStep) => string) =>
    shapes.map((shape) => {
      const step = at(shape, mix);
      return step === undefined ? '' : of(step);
    });
  return {
    title: phase.title,
    table: [
      textColumn('pattern', shapes, 'left'),
      ...mixes.flatMap((mix) => [
        textColumn(
          `${mix} MiB/s`,
          cells(mix, ({ bw_bytes }) => formatMiBps(bw_bytes)),
        ),
        textColumn(
          `${mix} IOPS`,
          cells(mix, ({ iops }) => formatIops(iops)),
          'right',
          2,
        ),
      ]),
    ],
  };
}

/** Latencies of cells with one I/O in flight. */
function latencyTable(evaluation: Evaluation, phase: EvaluationPhase): EvaluationTable | null {
  const ops = ['read', 'write'] as const;
  const rows = measured(evaluation, phase)
    .filter(({ cell }) => cell.iodepth * cell.numjobs === 1)
    .flatMap(({ cell, step }) => ops.flatMap((op) => (step[op] === null ? [] : [{ cell, step, op }])));
  if (rows.length === 0) return null;
  const of = (text: (row: (typeof rows)[number]) => string) => rows.map(text);
  return {
    title: 'latency with one I/O in flight',
    table: [
      textColumn(
        'pattern',
        of(({ cell }) => cell.name),
        'left',
      ),
      textColumn(
        'of',
        of(({ op }) => op),
        'left',
      ),
      textColumn(
        'mean',
        of(({ step, op }) => formatLatency(step[op]?.lat_ns.mean ?? 0)),
      ),
      ...[50, 99, 99.9].map((percentile) =>
        textColumn(
          `p${percentile}`,
          of(({ step, op }) => p(step, op, percentile)),
        ),
      ),
      textColumn(
        'max',
        of(({ step, op }) => formatLatency(step[op]?.lat_ns.max ?? 0)),
      ),
    ],
  };
}

function kneeTable(evaluation: Evaluation, phase: EvaluationPhase): { table: EvaluationTable; line: string } {
  const found = measured(evaluation, phase);
  const op = phase.cells[0]?.rw.endsWith('read') ? 'read' : 'write';
  const points = found.map(({ cell, step }) => ({
    x: cell.iodepth,
    iops: step.iops,
    latencyNs: step[op]?.lat_ns.percentile[percentileKey(99)] ?? 0,
  }));
  const { point } = kneeByGain(points, KNEE_GAIN);
  const line =
    point === null
      ? `${phase.title}: IOPS still grow at the last depth`
      : `${phase.title}: the knee is at depth ${point.x}: ${formatIops(point.iops)} IOPS, p99 ${formatLatency(point.latencyNs)}`;
  const table = [
    textColumn(
      'depth',
      found.map(({ cell }) => String(cell.iodepth)),
    ),
    textColumn(
      'IOPS',
      found.map(({ step }) => formatIops(step.iops)),
    ),
    textColumn(
      'mean',
      found.map(({ step }) => formatLatency(step[op]?.lat_ns.mean ?? 0)),
    ),
    ...[50, 99, 99.9].map((at) =>
      textColumn(
        `p${at}`,
        found.map(({ step }) => p(step, op, at)),
      ),
    ),
  ];
  return { table: { title: phase.title, table }, line };
}

function phaseParts(
  evaluation: Evaluation,
  phase: EvaluationPhase,
): { tables: EvaluationTable[]; lines: string[] } {
  if (measured(evaluation, phase).length === 0) return { tables: [], lines: [] };
  if (phase.name === 'screen') {
    const latency = latencyTable(evaluation, phase);
    return { tables: [screenTable(evaluation, phase), ...(latency === null ? [] : [latency])], lines: [] };
  }
  if (isMap(phase)) return mapParts(evaluation, phase);
  if (phase.name === 'limits') return { tables: [], lines: limitLines(evaluation, phase) };
  if (phase.name.startsWith('knee')) {
    const { table, line } = kneeTable(evaluation, phase);
    return { tables: [table], lines: [line] };
  }
  if (phase.cells.some(({ runtime_ns: ns }) => ns === null))
    return { tables: [], lines: passLines(evaluation, phase) };
  return { tables: roundsTables(evaluation, phase), lines: steadyLines(evaluation, phase) };
}

function passLines(evaluation: Evaluation, phase: EvaluationPhase): string[] {
  const steps = stepsOf(evaluation, phase.name);
  const bytes = steps.reduce((sum, { write }) => sum + (write?.bytes ?? 0), 0);
  const rates = steps.map(({ bw_bytes }) => formatMiBps(bw_bytes)).join(', ');
  return [`${phase.title}: ${formatBytes(bytes)} at ${rates} MiB/s`];
}

function healthTable({ health: { before, after } }: Evaluation): EvaluationTable | null {
  if (before === null) return null;
  const bytes = (value: number | null) => (value === null ? '' : formatBytes(value));
  const rows: [string, (health: EvaluationHealth) => string][] = [
    ['temperature', ({ temperature_c }) => `${temperature_c} °C`],
    ['wear', ({ percentage_used }) => `${percentage_used} %`],
    ['spare', ({ available_spare_pct }) => `${available_spare_pct} %`],
    ['media errors', ({ media_errors }) => formatCount(media_errors)],
    ['read by the host', ({ host_read_bytes }) => bytes(host_read_bytes)],
    ['written by the host', ({ host_written_bytes }) => bytes(host_written_bytes)],
    ['written to the media', ({ media_written_bytes }) => bytes(media_written_bytes)],
    ['powered on', ({ power_on_hours }) => `${formatCount(power_on_hours)} h`],
    ['unsafe shutdowns', ({ unsafe_shutdowns }) => formatCount(unsafe_shutdowns)],
    ['thermal management', ({ thermal_transitions }) => `${formatCount(thermal_transitions)} times`],
  ];
  return {
    title: 'the drive says (SMART log)',
    table: [
      textColumn(
        '',
        rows.map(([name]) => name),
        'left',
      ),
      textColumn(
        'before',
        rows.map(([, of]) => of(before)),
      ),
      textColumn(
        'after',
        rows.map(([, of]) => (after === null ? '' : of(after))),
      ),
    ],
  };
}

/** Bytes that were ours, and the kernel's count of them. */
function kernelLine({ steps }: Evaluation): string[] {
  const counted = steps.filter(({ kernel }) => kernel !== null);
  if (counted.length === 0) return [];
  const sum = (of: (step: EvaluationStep) => number) => counted.reduce((all, step) => all + of(step), 0);
  const part = (word: string, ours: number, kernels: number): string => {
    const off = ours === 0 ? 'none of it ours' : formatChange(((kernels - ours) / ours) * 100);
    return kernels === 0 && ours === 0 ? `nothing ${word}` : `${formatBytes(kernels)} ${word} (${off})`;
  };
  const read = part(
    'read',
    sum(({ read: own }) => own?.bytes ?? 0),
    sum(({ kernel }) => kernel?.read_bytes ?? 0),
  );
  const written = part(
    'written',
    sum(({ write: own }) => own?.bytes ?? 0),
    sum(({ kernel }) => kernel?.written_bytes ?? 0),
  );
  return [`the kernel's counters of the device, against ours: ${read}, ${written}`];
}

function amplificationLine({ health: { before, after } }: Evaluation): string[] {
  if (before === null || after === null) return [];
  const ratio = writeAmplification(before, after);
  if (ratio === null) return [];
  const host = after.host_written_bytes - before.host_written_bytes;
  return [`write amplification: ${ratio.toFixed(2)}, of ${formatBytes(host)} that the host wrote`];
}

function headerOf(evaluation: Evaluation): HeaderLine[] {
  const { target, environment, backend, profile, title, scale } = evaluation;
  const [device] = environment.files;
  const share = scale === 1 ? '' : `, scale 1/${Math.round(1 / scale)}`;
  const line = (name: string, items: string[]): HeaderLine => ({ name, items, separator: ',' });
  return [
    line('evaluate', [`${profile}: ${title}`]),
    line('target', [
      target.path,
      ...(device?.model ? [device.model] : []),
      ...(device?.firmware ? [`firmware ${device.firmware}`] : []),
      `${formatBytes(target.region_bytes)} of ${formatBytes(target.size_bytes)}${share}`,
      ...(device?.write_cache ? [device.write_cache] : []),
    ]),
    line('by', [
      backend,
      'direct I/O',
      ...(evaluation.purged_at === null ? ['not purged'] : [`purged: ${evaluation.purge}`]),
    ]),
    line('host', [environment.hostname, environment.kernel, environment.cpu_model]),
    line('date', [evaluation.started_at, ...evaluation.resumed_at.map((at) => `resumed ${at}`)]),
  ];
}

/** Everything that is shown of an evaluation. */
export function evaluationView(evaluation: Evaluation): EvaluationView {
  const parts = evaluation.phases.map((phase) => phaseParts(evaluation, phase));
  const health = healthTable(evaluation);
  const { status, rehearsal } = evaluation;
  const words = [
    ...(rehearsal === null ? [] : [`REHEARSAL: ${rehearsal}`]),
    ...(status === 'complete' ? [] : [`it is not complete: ${status}`]),
  ];
  return {
    header: headerOf(evaluation),
    status: words.join('; '),
    tables: [...parts.flatMap(({ tables }) => tables), ...(health === null ? [] : [health])],
    lines: [
      ...parts.flatMap(({ lines }) => lines),
      ...kernelLine(evaluation),
      ...amplificationLine(evaluation),
      ...(evaluation.health.absent === null ? [] : [`health of the drive: ${evaluation.health.absent}`]),
      ...evaluation.findings.map(
        ({ code, message, count }) => `${code}: ${message}${count > 1 ? ` (${count} times)` : ''}`,
      ),
    ],
  };
}
