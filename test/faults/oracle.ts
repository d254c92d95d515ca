/** What must hold however a call has failed. */
import { countedOps } from '../../src/results/ops.ts';
import type { RunResult, Trial } from '../../src/results/schema.ts';
import { parseResult } from '../support/result.ts';
import { IOS } from './calls.ts';
import type { FaultCase, Outcome } from './cases.ts';

const CODES = [0, 2, 3, 4];
/** What a person should never see. */
const INTERNALS =
  /\n\s+at |this is a bug|node:internal|Assertion|core dumped|Unknown system error|\berrno \d|undefined|NaN/;

function judgeTrial(label: string, trial: Trial): string[] {
  const errors = trial.errors.reduce((sum, { count }) => sum + count, 0);
  const ios = countedOps(trial).reduce((sum, { total_ios }) => sum + total_ios, 0);
  const all = ios + errors + (trial.lost ?? 0);
  const wrong: string[] = [];
  if (trial.status === 'complete' && all !== IOS) wrong.push(`${label}: complete with ${all} I/Os of ${IOS}`);
  // fsync's errors are counted with the others.
  if (all > IOS + errors) wrong.push(`${label}: ${all} I/Os are more than were asked for`);
  if ((trial.status === 'failed') !== (trial.failure !== null))
    wrong.push(`${label}: ${trial.status}, failure ${trial.failure?.message}`);
  return wrong;
}

function judgeResult(text: string, what: string): string[] {
  let result: RunResult;
  try {
    result = parseResult(text);
  } catch (error) {
    return [`${what}: ${(error as Error).message.split('\n')[0]}`];
  }
  return result.backends.flatMap(({ label, trials }) => trials.flatMap((trial) => judgeTrial(label, trial)));
}

function judgeWords({ run, error, call }: FaultCase, { code, stderr, failed }: Outcome): string[] {
  const lines = stderr
    .split('\n')
    .filter((line) => line.startsWith('uring-bench: ') && !/^uring-bench: warning/.test(line));
  const wrong: string[] = [];
  if (INTERNALS.test(stderr)) wrong.push('internals on stderr');
  // One for each backend that failed.
  const most = run === 'compared' ? 2 : 1;
  if (lines.length > most) wrong.push(`${lines.length} error lines`);
  // Its own words may be what could not be written.
  const mute = failed === 'stream' || (call === 'write' && error !== 'ENOSPC');
  if (code !== 0 && lines.length === 0 && !mute) wrong.push('no error line');
  return wrong;
}

/** What is wrong with how a case ended; nothing when all is well. */
export function judge(fault: FaultCase, outcome: Outcome): string[] {
  const { code, signal, stdout, stderr, stored, left, failed } = outcome;
  if (signal === 'SIGKILL') return ['it hung'];
  if (signal !== null || code === null) return [`ended by ${signal}`];
  const wrong = CODES.includes(code) ? [] : [`exit code ${code}`];
  wrong.push(...judgeWords(fault, outcome));
  for (const text of stored) wrong.push(...judgeResult(text, 'stored'));
  if (stdout !== '' && failed !== 'stream') wrong.push(...judgeResult(stdout, 'stdout'));
  if (code === 0 && stdout === '' && failed !== 'stream') wrong.push('no report');
  // What can't be removed is named.
  const others = left.filter((name) => !/^(.*\/)?\.uring-bench-\w+\.run$/.test(name));
  // Beside it stays the marker by which `clean` finds it.
  const secret = (others.length > 0 ? others : left).filter(
    (name) => !stderr.includes(`could not remove ${name}`) && !stderr.includes(`/${name}: `),
  );
  if (secret.length > 0) wrong.push(`left: ${secret.join(', ')}`);
  return wrong;
}
