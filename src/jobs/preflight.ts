/**
 * Before anything is created: whether each backend can work here, at this depth and with these buffers. What the
 * machine lacks makes a backend unavailable; what the options ask too much of is a usage error.
 */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Variant } from '../backends/backend.ts';
import { failureHint } from '../backends/hints.ts';
import { kernelLacks } from '../backends/kernel.ts';
import { featureBits, probeVariant } from '../backends/probe.ts';
import { checkWorkload } from '../backends/registry.ts';
import { BenchError, systemError, usageError } from '../errors.ts';
import { probeBackend, type Refusal } from '../native/library.ts';
import { type JobGroup, type RunPlan, variantOf } from '../resolve/run-plan.ts';
import { operations, operationsOf } from '../workload/operations.ts';
import type { Workload } from '../workload/workload.ts';
import { checkMemory } from './memory.ts';
import { setupOf } from './setup.ts';

const { EAGAIN, EINVAL, ENOMEM, E2BIG, EMFILE } = constants.errno;

/** errno that say "too much", not "not here". */
const LIMITS: readonly number[] = [EAGAIN, ENOMEM, E2BIG, EMFILE];

export interface Unavailable {
  variant: Variant;
  reason: string;
}

/** linux-aio counts each context's events against fs.aio-max-nr (fs/aio.c: aio_nr + max_reqs > aio_max_nr). */
function checkAioNr(variant: Variant, { groups }: RunPlan): void {
  const using = groups.filter((group) => variantOf(group, variant).backend.name === 'linux-aio');
  const [first] = using;
  if (first === undefined) return;
  const events = using.reduce((sum, { workload }) => sum + workload.iodepth * workload.numjobs, 0);
  const read = (name: string): number => Number(readFileSync(`/proc/sys/fs/${name}`, 'utf8'));
  try {
    if (read('aio-nr') + events <= read('aio-max-nr')) return;
  } catch {
    return; // no such limit to be seen: the probe tells
  }
  const { iodepth, numjobs } = first.workload;
  const whole = { ...first.workload, iodepth: events, numjobs: 1 };
  const hint = failureHint(variantOf(first, variant).backend, EAGAIN, 'io_setup', whole);
  const others = using.length > 1 ? ' of each group of jobs' : '';
  throw usageError(`${variant.label}: iodepth=${iodepth} x numjobs=${numjobs}${others} is too much`, hint);
}

/** What the kernel said to a set-up, and what is likely to mend it. */
export function explainRefusal(
  variant: Variant,
  { errno, stage }: Refusal,
  workload: Workload,
): { what: string; hint: string | undefined } {
  const { code, text } = systemError(errno);
  const hint = kernelLacks(variant.features, errno) ?? failureHint(variant.backend, errno, stage, workload);
  return { what: `${stage}: ${text} (${code})`, hint };
}

/**
 * Why a variant can't work on this machine; null when it can.
 * @throws BenchError (usage) when it could, but not with this depth, block size or number of jobs
 */
function reasonAgainst(variant: Variant, { workload }: JobGroup): string | null {
  const cannot = operationsOf(workload.rw).find(({ name }) => !variant.backend.ops.includes(name));
  if (cannot !== undefined) {
    const can = operations.filter(({ name, kind }) => kind === 'data' && variant.backend.ops.includes(name));
    return `it has no ${cannot.word}, only ${can.map(({ word }) => word).join(', ')} and fsync`;
  }
  const features = featureBits(variant.features);
  const setup = setupOf(workload, variant);
  const plain = probeVariant(variant.backend, variant.features, setup.opMask);
  const refused = plain ?? probeBackend(variant.backend.id, features, setup);
  if (!refused) return null;
  const { what, hint } = explainRefusal(variant, refused, workload);
  if (!plain && (LIMITS.includes(refused.errno) || refused.errno === EINVAL)) {
    const { iodepth, numjobs } = workload;
    throw usageError(
      `${variant.label} can't be set up with iodepth=${iodepth}, numjobs=${numjobs}: ${what}`,
      hint,
    );
  }
  return hint ? `${what}: ${hint}` : what;
}

/** What a variant lacks here, with whose lack it is. @throws as reasonAgainst */
function reasonOf(variant: Variant, plan: RunPlan): string | null {
  for (const group of plan.groups) {
    const used = variantOf(group, variant);
    const reason = reasonAgainst(used, group);
    if (reason === null) continue;
    return group.variant === null ? reason : `${used.label} of job ${group.workload.name}: ${reason}`;
  }
  checkAioNr(variant, plan);
  return null;
}

/**
 * Variants that can't work on this machine, with the kernel's reason: of themselves, or of a group's own backend. What the
 * options ask too much of for one variant alone (locked memory above all) leaves the others to be compared.
 * @throws BenchError (usage) when none can be set up with this depth, block size or number of jobs, though one could with less
 */
export function preflight(plan: RunPlan): Unavailable[] {
  checkMemory(plan); // before the probe, which takes a job's buffers
  for (const variant of plan.variants) {
    for (const group of plan.groups) checkWorkload(variantOf(group, variant), group.workload, plan.isolation);
  }
  const tooMuch: BenchError[] = [];
  const unavailable = plan.variants.flatMap((variant): Unavailable[] => {
    try {
      const reason = reasonOf(variant, plan);
      return reason === null ? [] : [{ variant, reason }];
    } catch (error) {
      if (!(error instanceof BenchError)) throw error;
      tooMuch.push(error);
      const what = error.message.replace(`${variant.label} `, '');
      return [{ variant, reason: error.hint ? `${what}: ${error.hint}` : what }];
    }
  });
  const [first] = tooMuch;
  if (first !== undefined && unavailable.length === plan.variants.length) throw first;
  return unavailable;
}
