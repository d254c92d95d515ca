/**
 * A reporter for node --test, and what the end of a run says from its notes. A note is a line of JSON: `{file, ms}` for
 * each top-level test that ended, `{file, name, message}` for each test or subtest that failed.
 */
import { existsSync, readFileSync } from 'node:fs';

/** A message longer than this, in lines, is cut: the whole of it is in the TAP above. */
const MESSAGE_LINES = 12;

/** @param {any} error as node:test wraps it: what was thrown is its cause */
function messageOf(error) {
  const thrown = error?.cause ?? error;
  const lines = String(thrown?.message ?? thrown).split('\n');
  return lines.length > MESSAGE_LINES
    ? [...lines.slice(0, MESSAGE_LINES), '...'].join('\n')
    : lines.join('\n');
}

export default async function* testNotes(events) {
  for await (const { type, data } of events) {
    if (!data.file || (type !== 'test:pass' && type !== 'test:fail')) continue;
    const { file, name, details, nesting } = data;
    // A test whose subtest failed fails with it: the subtest's note tells why.
    const ofItself = details?.error?.failureType !== 'subtestsFailed';
    if (type === 'test:fail')
      yield `${JSON.stringify({ file, name, message: ofItself ? messageOf(details?.error) : undefined })}\n`;
    if (nesting === 0) yield `${JSON.stringify({ file, ms: details?.duration_ms ?? 0 })}\n`;
  }
}

/**
 * @typedef {{ file: string, name: string, message: string }} Failure
 * @typedef {{ failing: string[], failures: Failure[], took: Map<string, number> }} Notes
 *   failing: files; failures: of tests that failed of themselves; took: milliseconds by file
 */

/**
 * @param {string} path where the reporter wrote
 * @param {(file: string) => string} nameOf what to call a file
 * @returns {Notes}
 */
export function readNotes(path, nameOf) {
  // A run that died before its first test has none.
  const notes = (existsSync(path) ? readFileSync(path, 'utf8') : '')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .map((note) => ({ ...note, file: nameOf(note.file) }));
  const took = new Map();
  for (const { file, ms } of notes) if (ms !== undefined) took.set(file, (took.get(file) ?? 0) + ms);
  const failing = [...new Set(notes.filter(({ name }) => name !== undefined).map(({ file }) => file))];
  return { failing, failures: notes.filter(({ message }) => message !== undefined), took };
}

/**
 * The files that took longest, and what failed with its reason: logs of CI are long, and their end is what is read.
 * @param {readonly Notes[]} parts of a run
 * @param {number} slowest how many files
 * @returns {string} lines of TAP's comments
 */
export function closingLines(parts, slowest = 12) {
  const took = parts
    .flatMap((part) => [...part.took])
    .sort(([, a], [, b]) => b - a)
    .slice(0, slowest)
    .map(([file, ms]) => `# ${(ms / 1000).toFixed(0).padStart(5)} s ${file}`);
  const failed = parts
    .flatMap(({ failures }) => failures)
    .flatMap(({ file, name, message }) => [
      `# failed: ${file}: ${name}`,
      ...message.split('\n').map((line) => `#   ${line}`),
    ]);
  return [...took, ...failed, ''].join('\n');
}
