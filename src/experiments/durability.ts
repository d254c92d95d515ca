/**
 * `article durability`: what databases ask of storage. A commit is on stable storage when it is told to be done: by a
 * flush after the write, by the write itself, for a group of commits at once; and a page that must not be torn.
 */
import type { Variant } from '../backends/backend.ts';
import { parseVariant } from '../backends/registry.ts';
import { usageError } from '../errors.ts';
import type { Unavailable } from '../jobs/preflight.ts';
import { variantTrier } from '../jobs/try-variant.ts';
import type { RawOptions } from '../options/options.ts';
import { type ResolveHost, resolve } from '../resolve/resolve.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { PhaseExperiment, PhaseJob } from './phases.ts';

const TRIALS = 5;
const RUNTIME_NS = 1_000_000_000;
const SIZE_BYTES = 256 * 2 ** 20;
/** A page of InnoDB. */
const PAGE_BYTES = 16 * 2 ** 10;
/** Commits that share a flush. */
const GROUP = 8;

/** One way to make something durable. */
interface Way {
  phase: string;
  backends: readonly string[];
  options: RawOptions;
}

/** A log that grows with each record, as a database's that is not recycled. */
const append: RawOptions = { rw: 'write', overwrite: false, fallocate: 'none' };
const page: RawOptions = {
  rw: 'randwrite',
  bs: { read: PAGE_BYTES, write: PAGE_BYTES, trim: PAGE_BYTES },
};

const WAYS: readonly Way[] = [
  {
    phase: 'append, fdatasync',
    backends: ['sync', 'threadpool', 'io_uring', 'io_uring+linked'],
    options: { ...append, pair: 'write-fdatasync' },
  },
  {
    phase: 'append, O_DSYNC',
    backends: ['sync', 'posix-aio', 'threadpool', 'linux-aio', 'io_uring'],
    options: { ...append, sync: 'dsync' },
  },
  {
    phase: 'append, RWF_DSYNC',
    backends: ['sync+dsync', 'threadpool+dsync', 'linux-aio+dsync', 'io_uring+dsync'],
    options: append,
  },
  {
    phase: `append, groups of ${GROUP}`,
    backends: ['sync', 'posix-aio', 'threadpool', 'linux-aio', 'io_uring'],
    // In a deeper queue the flush may overtake the writes that it is for.
    options: { ...append, fdatasync: GROUP, iodepth: 1 },
  },
  {
    phase: 'page, double write',
    backends: ['sync', 'threadpool', 'io_uring', 'io_uring+linked'],
    options: { ...page, pair: 'double-write' },
  },
  {
    phase: 'page, RWF_ATOMIC',
    backends: ['sync+atomic', 'threadpool+atomic', 'io_uring+atomic', 'io_uring+atomic+linked'],
    options: { ...page, pair: 'write-fdatasync' },
  },
];

/** Those of a way whose backend was asked for. */
function backendsOf({ backends }: Way, asked: readonly string[] | undefined): string[] {
  return backends.filter((text) => asked === undefined || asked.includes(parseVariant(text).backend.name));
}

/** @throws BenchError (usage) for a backend that no way has, or one with features: each way has its own */
function checkBackends(asked: readonly string[] | undefined): void {
  const known = new Set(
    WAYS.flatMap(({ backends }) => backends.map((text) => parseVariant(text).backend.name)),
  );
  for (const text of asked ?? []) {
    if (known.has(text)) continue;
    const { backend, features } = parseVariant(text);
    throw usageError(
      `backend=${text}: article durability ${features.length > 0 ? `chooses ${backend.name}'s features itself` : `has nothing for ${backend.name}`}`,
      `there are: ${[...known].join(', ')}`,
    );
  }
}

/**
 * RWF_ATOMIC is refused by the file system or device when a write is made, and then stays in the table with its reason.
 * The rest of the ways must work: what fails there is a failure.
 */
async function refusals(plan: RunPlan, signal: AbortSignal): Promise<Unavailable[]> {
  const tryVariant = variantTrier(plan, signal);
  const uncertain = ({ features }: Variant): boolean => features.some(({ name }) => name === 'atomic');
  const found: Unavailable[] = [];
  for (const variant of plan.variants.filter(uncertain)) {
    const reason = await tryVariant(variant);
    if (reason !== null) found.push({ variant, reason });
  }
  return found;
}

function jobOf(way: Way, raw: RawOptions, host: ResolveHost): PhaseJob[] {
  const backend = backendsOf(way, raw.backend);
  const [reference] = backend;
  if (reference === undefined) return [];
  const options: RawOptions = {
    trials: TRIALS,
    runtime: RUNTIME_NS,
    size: SIZE_BYTES,
    iodepth: 1,
    name: 'uring-bench-durability',
    ...raw,
    ...way.options,
    backend,
    reference,
  };
  return [
    {
      phase: way.phase,
      ...resolve(options, host),
      report: { kind: 'phase', of: 'durability', phase: way.phase, workers: [] },
      prepare: refusals,
    },
  ];
}

function jobs(raw: RawOptions, host: ResolveHost): PhaseJob[] {
  checkBackends(raw.backend);
  return WAYS.flatMap((way) => jobOf(way, raw, host));
}

export const durability: PhaseExperiment = { jobs };
