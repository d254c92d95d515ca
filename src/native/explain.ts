/**
 * What the kernel is seen to do for the threads of a trial: the figures that `--explain` is made from, as the tracer
 * reads them from its programs' maps. Times in ns; counts whole.
 */
import { BenchError, systemWords } from '../errors.ts';
import { UB } from './abi.ts';
import type { RawExplain } from './explain-figures.ts';
import { readTraced } from './explain-read.ts';
import { cString, library, type TracerHandle } from './library.ts';

export type { ExplainHook, ExplainThreadKind, RawExplain, RawThread } from './explain-figures.ts';

export interface ExplainProbe {
  possible: boolean;
  /** In words, with the mend: 'needs root or CAP_BPF and CAP_PERFMON'; null: nothing. */
  missing: string | null;
}

/** The kernel's programs that look on, from `openTracer` to `close`. */
export interface Tracer {
  /** Of the map by which jobs mark their window; goes into the arena. */
  readonly fd: number;
  start(): void;
  stop(): void;
  read(): RawExplain;
  close(): void;
}

export interface TracerOptions {
  /** With the expensive hooks. */
  full: boolean;
  /**
   * A process whose threads, and those of all that it has started and will start, are traced from start() to stop().
   * This process's own id: not itself, but whatever it starts after start(). That is seen from its first moment.
   */
  pid?: number;
}

/** What is missing to trace here, and its mend. */
const PROBED: Record<number, string> = {
  [UB.EXPLAIN_NO_BTF]: 'this kernel has no BTF',
  [UB.EXPLAIN_NO_LIBRARY]: 'needs libbpf.so.1: apt-get install libbpf1',
  [UB.EXPLAIN_NO_RIGHTS]: 'needs root or CAP_BPF and CAP_PERFMON',
};

/** Whether `openTracer` can do anything here. */
export function explainProbe(): ExplainProbe {
  const result = library().explainProbe();
  if (result === 0) return { possible: true, missing: null };
  const missing = result < 0 ? `the kernel loads no programs: ${systemWords(-result)}` : PROBED[result];
  return { possible: false, missing: missing ?? `it is not known why (${result})` };
}

function failure(errno: number, what: string, says: Uint8Array): BenchError {
  const words = cString(says);
  return new BenchError(`cannot ${what}: ${words === '' ? systemWords(errno) : words}`, {
    kind: 'failed',
    errno,
    stage: 'explain',
  });
}

/**
 * Loads the programs that look on; they do so from `start` to `stop`.
 * @throws BenchError (unavailable) with what is missing and its mend, (failed) with what the kernel or libbpf said
 */
export function openTracer(options: TracerOptions): Tracer {
  const { possible, missing } = explainProbe();
  if (!possible) {
    const why = missing ?? 'it is not possible here';
    throw new BenchError(`cannot trace the kernel: ${why}`, { kind: 'unavailable', stage: 'explain' });
  }
  const out: [TracerHandle | null] = [null];
  const says = new Uint8Array(UB.EXPLAIN_SAYS_BYTES);
  const fd = library().explainOpen(options.full ? 1 : 0, out, says);
  if (fd < 0) throw failure(-fd, 'load the programs that trace the kernel', says);
  const tracer = out[0];
  return {
    fd,
    start() {
      const result = library().explainStart(tracer, options.pid ?? 0, says);
      if (result < 0) throw failure(-result, 'start tracing', says);
    },
    stop() {
      library().explainStop(tracer);
    },
    read: () => readTraced(tracer, options.pid !== undefined),
    close() {
      library().explainClose(tracer);
    },
  };
}
