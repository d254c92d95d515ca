/** Which failed tests may be run a second time: only those that measure time on a machine that others may use. */

/** Files in which a test compares times or speeds; a busy moment can fail them without a fault. */
export const MEASURING = [
  'bench/run.test.ts',
  'test/compare-cli.test.ts',
  'test/conformance/amounts.test.ts',
  'test/conformance/stop.test.ts',
  'test/ladder.test.ts',
  'test/stats-e2e.test.ts',
  'test/trials.test.ts',
  'test/truth/features-threads.test.ts',
  'test/truth/fio.test.ts',
  'test/truth/scheduling.test.ts',
  'test/truth/time.test.ts',
];

/** More failures than this in a run are no busy moment. */
export const RETRIES_MOST = 2;

/**
 * Files to run again, given those that failed: all of them or none, as one failure that stands fails the run anyway.
 * @param {readonly string[]} failing
 * @returns {readonly string[]}
 */
export function filesToRetry(failing) {
  const may = failing.length <= RETRIES_MOST && failing.every((file) => MEASURING.includes(file));
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
