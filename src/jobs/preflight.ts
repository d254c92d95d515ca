/**
 * Before anything is created: whether each backend can work here, at this depth and with these buffers. What the
 * machine lacks makes a backend unavailable; what the options ask too much of is a usage error.
 */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Variant } from '../backends/backend.ts';
import { failureHint } from '../backends/hints.ts';
import { kernelLacks } from '../backends/kernel.ts';
import { checkWorkload } from '../backends/registry.ts';
import { systemError, usageError } from '../errors.ts';
import { probeBackend, type Refusal, type Setup } from '../native/library.ts';
import type { Workload } from '../workload/workload.ts';

const { EAGAIN, EINVAL, ENOMEM, E2BIG, EMFILE } = constants.errno;

/** errno that say "too much", not "not here". */
const LIMITS: readonly number[] = [EAGAIN, ENOMEM, E2BIG, EMFILE];

export interface Unavailable {
  variant: Variant;
  reason: string;
}

/** What one job's set-up takes. */
export function setupOf(workload: Workload, variant: Variant): Setup {
  const sizes = workload.rw.includes('trim') ? [512] : [workload.bs.read, workload.bs.write];
  const depth = variant.backend.async ? workload.iodepth : 1;
  return {
    iodepth: depth,
    bufferBytes: Math.ceil(Math.max(...sizes, 512) / 512) * 512 * depth,
    jobs: workload.numjobs,
  };
}

/** linux-aio counts each context's events against fs.aio-max-nr (fs/aio.c: aio_nr + max_reqs > aio_max_nr). */
function checkAioNr(variant: Variant, workload: Workload): void {
  if (variant.backend.name !== 'linux-aio') return;
  const read = (name: string): number => Number(readFileSync(`/proc/sys/fs/${name}`, 'utf8'));
  try {
    if (read('aio-nr') + workload.iodepth * workload.numjobs <= read('aio-max-nr')) return;
  } catch {
    return; // no such limit to be seen: the probe tells
  }
  const hint = failureHint(variant.backend, EAGAIN, 'io_setup', workload);
  throw usageError(
    `${variant.label}: iodepth=${workload.iodepth} x numjobs=${workload.numjobs} is too much`,
    hint,
  );
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
 * Variants that can't work on this machine, with the kernel's reason.
 * @throws BenchError (usage) when a variant could, but not with this depth, block size or number of jobs
 */
export function preflight(variants: readonly Variant[], workload: Workload): Unavailable[] {
  const unavailable: Unavailable[] = [];
  for (const variant of variants) {
    checkWorkload(variant, workload);
    const features = variant.features.reduce((sum, f) => sum | f.bit, 0);
    const plain = probeBackend(variant.backend.id, features);
    const refused = plain ?? probeBackend(variant.backend.id, features, setupOf(workload, variant));
    if (!refused) {
      checkAioNr(variant, workload);
      continue;
    }
    const { what, hint } = explainRefusal(variant, refused, workload);
    if (!plain && (LIMITS.includes(refused.errno) || refused.errno === EINVAL)) {
      const { iodepth, numjobs } = workload;
      throw usageError(
        `${variant.label} can't be set up with iodepth=${iodepth}, numjobs=${numjobs}: ${what}`,
        hint,
      );
    }
    unavailable.push({ variant, reason: hint ? `${what}: ${hint}` : what });
  }
  return unavailable;
}
