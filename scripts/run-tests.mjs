/*
 * Runs all tests: the C ones, then those of TypeScript, each file in a process of its own. Arguments filter:
 * an argument that names files or a part of their path chooses them (and leaves out the C tests), options go
 * to node --test. --coverage notes what tests that run beside each other execute, for `c8 report`; those that measure
 * are left as they are.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { closingLines, readNotes } from './test-notes.mjs';
import { filesToRetry, retryLine } from './test-retry.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function testFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(path);
    return entry.name.endsWith('.test.ts') ? [relative(root, path)] : [];
  });
}

function run(program, args, env = process.env) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', env });
  if (error) throw error;
  return status ?? 1;
}

/** Whether native/Makefile has a target; 2 is make's answer for none. */
function hasTarget(target) {
  return spawnSync('make', ['-C', 'native', '-n', target], { cwd: root, stdio: 'ignore' }).status === 0;
}

const given = process.argv.slice(2);
const coverage = given.includes('--coverage');
const options = given.filter((argument) => argument.startsWith('-') && argument !== '--coverage');
const filters = given
  .filter((argument) => !argument.startsWith('-'))
  .map((path) => path.replace(/^\.\//, ''));
const files = ['src', 'test', 'scripts', 'bench']
  .flatMap((folder) => testFiles(join(root, folder)))
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort();

if (files.length === 0) {
  process.stderr.write(`no test file matches ${filters.join(' ')}\n`);
  process.exit(1);
}
if (coverage) rmSync(join(root, 'coverage'), { recursive: true, force: true });
let failed = false;
if (filters.length === 0 && hasTarget('check')) {
  failed = run('make', ['--no-print-directory', '-s', '-C', 'native', 'check']) !== 0;
}
/** For a file: several times what the longest takes. One that hangs is told by name and killed, instead of all of CI. */
const FILE_LIMIT_MS = 10 * 60_000;

/**
 * @param concurrency 1 for tests that do I/O and measure: they must not get in each other's way
 * @returns the exit status, and the notes of test-notes.mjs
 */
function nodeTest(chosen, concurrency) {
  if (chosen.length === 0) return { status: 0, notes: { failing: [], failures: [], took: new Map() } };
  const folder = mkdtempSync(join(tmpdir(), 'uring-bench-tests-'));
  const list = join(folder, 'notes');
  const reporters = ['tap', 'stdout', './scripts/test-notes.mjs', list].flatMap((value, i) => [
    i % 2 === 0 ? '--test-reporter' : '--test-reporter-destination',
    value,
  ]);
  const noted = coverage && concurrency !== 1 ? { NODE_V8_COVERAGE: join(root, 'coverage') } : {};
  const status = run(
    process.execPath,
    [
      ...[
        '--import',
        'tsx',
        '--test',
        `--test-concurrency=${concurrency}`,
        `--test-timeout=${FILE_LIMIT_MS}`,
      ],
      ...reporters,
      ...options,
      ...chosen,
    ],
    { ...process.env, ...noted },
  );
  const notes = readNotes(list, (file) => relative(root, resolve(root, file)));
  rmSync(folder, { recursive: true, force: true });
  return { status, notes };
}

/**
 * Those that compare times, or watch what all of the machine does: nothing else runs beside them. What the rest of
 * conformance/ counts is the same on a busy machine.
 */
const ALONE =
  /^bench\/run\.|^test\/truth\/|^test\/conformance\/(amounts|rates|stalls|stop)\.|^test\/(compare-cli|ladder|null-gate|stats-e2e|trials)\./;
/** Of test/truth: what counts calls, requests or I/Os of its own, and no time. A busy machine makes them no other. */
const COUNTED =
  /^test\/truth\/(chains|features|features-cache|features-requests|io-uring-requests|mmap|offsets|syscalls-counted|trees|whole-files)\./;
const runsAlone = (file) => ALONE.test(file) && !COUNTED.test(file);
/** One more than there are CPUs: tests wait for runs of a given length, for disks and for signals. */
const LANES = availableParallelism() + 1;

const beside = nodeTest(
  files.filter((file) => !runsAlone(file)),
  LANES,
);
const alone = nodeTest(files.filter(runsAlone), 1);
const retried = filesToRetry([...beside.notes.failing, ...alone.notes.failing]);
let status = beside.status || alone.status;
let again;
if (retried.length > 0) {
  process.stdout.write(`# trying again, in case the machine was busy: ${retried.join(' ')}\n`);
  ({ status, notes: again } = nodeTest(retried, 1));
}
process.stdout.write(closingLines([beside.notes, alone.notes, ...(again ? [again] : [])]));
process.stdout.write(`${retryLine(retried, again?.failing ?? [])}\n`);
process.exit(failed ? 1 : status);
