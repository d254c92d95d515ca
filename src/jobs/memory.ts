/**
 * What a run's memory comes to, before any of it is taken: the kernel ends a process that takes more than there is without a
 * word. What is large is exact (buffers, histograms, the arena); the rest of a job was measured, and is small.
 */
import type { Variant } from '../backends/backend.ts';
import { usageError } from '../errors.ts';
import { type MemoryLimit, memoryLimits } from '../host/memory-limits.ts';
import { LAYOUT, UB } from '../native/abi.ts';
import { type JobGroup, type RunPlan, variantOf } from '../resolve/run-plan.ts';
import { formatBytes, plural } from '../values/format.ts';
import { operationsOf } from '../workload/operations.ts';
import type { Isolation, Workload } from '../workload/workload.ts';
import { setupOf } from './setup.ts';

/** Of one operation: all its kinds of latency. */
const HISTOGRAMS_BYTES = UB.LATS * UB.HIST_COUNTS * 8;
/** Of one operation of jobs with a rate, beside those. */
const RESPONSES_BYTES = UB.HIST_COUNTS * 8;
/** Buffers from this size on are in huge pages (native/src/buffers.c). */
const HUGE_PAGE = 2 * 2 ** 20;
/** A slot, its control block, its entries of the rings, and its turn in lists: of the deepest of the backends. */
const SLOT_BYTES = 512;
/** A file's place in the arena, its name and its generator. */
const FILE_BYTES = 512;
/** Of a tree: two names, in directories as deep as they may be. */
const ITEM_BYTES = 512;
/** A stack as far as it is used with the kernel's own; a process with its page tables; a worker with its heap. */
const JOB_BYTES: Readonly<Record<Isolation, number>> = {
  thread: 96 * 1024,
  process: 640 * 1024,
  worker: 9 * 2 ** 20,
};
/** Address space of a thread's stack, and of a worker's heap and stacks. */
const JOB_SPACE: Readonly<Record<Isolation, number>> = {
  thread: 256 * 1024,
  process: 0,
  worker: 512 * 2 ** 20,
};
/** What the main process itself takes more of while it collects and reports. */
const OWN_BYTES = 16 * 2 ** 20;

/** Of one job. */
interface JobMemory {
  buffers: number;
  histograms: number;
  other: number;
}

/** Operations whose histograms a job touches; syncs always (native/src/measure.c). */
function operationCount({ rw }: Workload): number {
  return new Set([...operationsOf(rw).map(({ id }) => id), UB.OP_SYNC]).size;
}

function jobMemory(group: JobGroup, variant: Variant, isolation: Isolation): JobMemory {
  const { workload, files } = group;
  const { iodepth, bufferBytes } = setupOf(workload, variant);
  const page = bufferBytes >= HUGE_PAGE ? HUGE_PAGE : 4096;
  // Pages that are set aside are no free memory: the probe has found them.
  const setAside = variantOf(group, variant).features.some(({ name }) => name === 'hugepages');
  return {
    buffers: setAside ? 0 : Math.ceil(bufferBytes / page) * page,
    histograms: operationCount(workload) * (HISTOGRAMS_BYTES + (workload.rateIops > 0 ? RESPONSES_BYTES : 0)),
    other:
      JOB_BYTES[isolation] +
      iodepth * SLOT_BYTES +
      (files[0]?.length ?? 0) * FILE_BYTES +
      (workload.tree?.items ?? 0) * ITEM_BYTES,
  };
}

/** Bytes that a trial takes, and what they are made of. */
export interface MemoryNeed {
  /** Pages in use of all processes. */
  resident: number;
  /** Address space of the process that maps most. */
  mapped: number;
  /** "4096 jobs x 1.6 MiB (histograms 1.5 MiB, ...)", the larger parts first */
  parts: string;
}

/** What the trials of one variant take. */
export function memoryOf({ groups, isolation }: RunPlan, trialOf: Variant): MemoryNeed {
  const jobs = groups.reduce((sum, { workload }) => sum + workload.numjobs, 0);
  const own = groups.map((group) => ({
    count: group.workload.numjobs,
    memory: jobMemory(group, variantOf(group, trialOf), isolation),
  }));
  const responses = groups.some(({ workload }) => workload.rateIops > 0) ? RESPONSES_BYTES : 0;
  const histograms = UB.HIST_OPS * (HISTOGRAMS_BYTES + responses);
  const arena = jobs * (LAYOUT.job.size + LAYOUT.result.size + histograms);
  const privately = ({ buffers, other }: JobMemory): number => buffers + other + JOB_SPACE[isolation];
  const mapped =
    isolation === 'process'
      ? Math.max(...own.map(({ memory }) => privately(memory)))
      : own.reduce((sum, { count, memory }) => sum + count * privately(memory), 0);
  return {
    resident: own.reduce(
      (sum, { count, memory }) => sum + count * (memory.buffers + memory.histograms + memory.other),
      OWN_BYTES,
    ),
    mapped: arena + mapped,
    parts: own.map(({ count, memory }) => partsOf(count, memory)).join(' + '),
  };
}

function partsOf(count: number, memory: JobMemory): string {
  const total = memory.buffers + memory.histograms + memory.other;
  const named = Object.entries(memory).sort(([, a], [, b]) => b - a);
  const words = named.map(([name, bytes]) => `${name} ${formatBytes(bytes)}`).join(', ');
  return `${plural(count, 'job')} x ${formatBytes(total)}: ${words}`;
}

/** What says how large buffers are. */
function sizeOption({ groups }: RunPlan): string {
  return groups.every(({ workload }) => workload.tree !== null) ? '--filesize' : '--bs';
}

/**
 * That the run fits into the memory that this process may use.
 * @throws BenchError (usage) with the sum and the limit
 */
export function checkMemory(plan: RunPlan, limits: readonly MemoryLimit[] = memoryLimits()): void {
  for (const variant of plan.variants) {
    const need = memoryOf(plan, variant);
    for (const { bytes, what, of } of limits) {
      if (need[of] <= bytes) continue;
      const kind = of === 'mapped' ? 'address space' : 'memory';
      throw usageError(
        `${variant.label} needs ${formatBytes(need[of])} of ${kind} (${need.parts}), ${formatBytes(bytes)} may be used by ${what}`,
        `lower --numjobs, --iodepth or ${sizeOption(plan)}, or raise that limit`,
      );
    }
  }
}
