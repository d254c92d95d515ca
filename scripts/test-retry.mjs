/**
 * Which failed tests may be run a second time: only those that measure time, or whose witnesses watch the kernel, on a
 * machine that others may use. The first failure stays in the log and is told at its end.
 */

/** Files in which a test compares times or speeds; a busy moment can fail them without a fault. */
export const MEASURING = [
  'bench/run.test.ts',
  'test/compare-cli.test.ts',
  'test/conformance/amounts.test.ts',
  'test/conformance/rates.test.ts',
  'test/conformance/stop.test.ts',
  'test/ladder.test.ts',
  'test/stats-e2e.test.ts',
  'test/trials.test.ts',
];

/** What strace, trace points and /proc see of a run: a full disk queue or a thread that was not let run shows there, too. */
const WITNESSED = /^test\/truth\//;

/** More failures than this in a run are no busy moment. */
export const RETRIES_MOST = 3;

/**
 * Files to run again, given those that failed: all of them or none, as one failure that stands fails the run anyway.
 * @param {readonly string[]} failing
 * @returns {readonly string[]}
 */
export function filesToRetry(failing) {
  const may =
    failing.length <= RETRIES_MOST &&
    failing.every((file) => MEASURING.includes(file) || WITNESSED.test(file));
  return may ? failing : [];
}

/**
 * The last line of a run, in TAP's comments.
 * @param {readonly string[]} retried
 * @param {readonly string[]} failedAgain
 */
export function retryLine(retried, failedAgain) {
  const files = retried.map((file) => `${file} (${failedAgain.includes(file) ? 'failed again' : 'passed'})`);
  return `# retried ${retried.length}${retried.length > 0 ? `: ${files.join(', ')}; the first failure is above` : ''}`;
}
