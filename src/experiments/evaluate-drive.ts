/** What is asked of the drive itself before and after an evaluation. */
import { healthFindings, LOG_BYTES, OCP_PAGE, parseHealth, SMART_PAGE } from '../host/nvme-health.ts';
import { nvmeLog, purgeDevice } from '../native/drive.ts';
import type { Evaluation, EvaluationHealth } from '../results/evaluate-schema.ts';
import { addFinding } from './evaluate-run.ts';
import type { EvaluationTarget } from './evaluate-target.ts';

/** The drive's own words, or why there are none. */
function healthOf({ kind, path }: EvaluationTarget): EvaluationHealth | string {
  if (kind !== 'block') return 'a file has none: it is its device that has';
  const log = nvmeLog(path, SMART_PAGE, LOG_BYTES);
  if (typeof log === 'string') return log;
  const ocp = nvmeLog(path, OCP_PAGE, LOG_BYTES);
  return parseHealth(log, typeof ocp === 'string' ? null : ocp, new Date());
}

/** Asks the drive, and purges it where that was asked for and nothing is measured yet. @throws BenchError (failed) */
export function beginDrive(
  evaluation: Evaluation,
  target: EvaluationTarget,
  tell: (line: string) => void,
): void {
  if (evaluation.health.before === null && evaluation.health.absent === null) {
    const health = healthOf(target);
    if (typeof health === 'string') evaluation.health.absent = health;
    else evaluation.health.before = health;
  }
  const { purge, purged_at: purgedAt } = evaluation;
  if (purge === 'none' || purgedAt !== null || target.kind !== 'block') return;
  tell(`purging ${target.path} (${purge})`);
  purgeDevice(target.path, purge as 'discard' | 'secure-discard' | 'format');
  evaluation.purged_at = new Date().toISOString();
}

/** Asks it again, and says what it tells against the figures. */
export function endDrive(evaluation: Evaluation, target: EvaluationTarget): void {
  const { before } = evaluation.health;
  if (before === null) return;
  const after = healthOf(target);
  if (typeof after === 'string') {
    addFinding(evaluation, {
      code: 'health-gone',
      message: `the drive no longer answers: ${after}`,
      count: 1,
    });
    return;
  }
  evaluation.health.after = after;
  for (const finding of healthFindings(before, after)) addFinding(evaluation, finding);
}
