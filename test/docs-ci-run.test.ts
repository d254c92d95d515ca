/**
 * docs/CI.md, done: what its blocks tell people to type, and its jobs' steps, in order, each from an empty folder. DATA and RUNTIME, which
 * the document has for it, make them small and short; no command is changed.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EXIT } from '../src/errors.ts';
import { ciJobs, type Workflow } from './support/ci-document.ts';
import { executable, root } from './support/cli.ts';
import { documentCommands, noYaml, typed } from './support/documents.ts';
import { hasCommand, loopDevice, mountOn, run, scratchFolder, skipUnless } from './support/scratch.ts';

/** Installing is README's; here the command is linked as npm link would. */
const INSTALL = /npm ci && npm link|^git clone /;
/** Judged over so short trials beside whatever else goes on here: all answers but that it could not be done. */
const JUDGED: readonly unknown[] = [EXIT.ok, EXIT.regression, EXIT.undecided];

interface Place {
  /** Where it is typed. */
  cwd: string;
  env: Record<string, string>;
}

/** A new folder to work in, with the command on the PATH, and a sudo for root where there is none. */
function place(t: TestContext, cwd: string): Place {
  const bin = join(scratchFolder(t), 'bin');
  mkdirSync(bin);
  symlinkSync(executable, join(bin, 'uring-bench'));
  if (!hasCommand('sudo')) writeFileSync(join(bin, 'sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  const env = { PATH: `${bin}:${process.env.PATH}`, RUNTIME: '0.02', DATA: join(scratchFolder(t), 'data') };
  return { cwd, env };
}

/** Types a line. @param codes those that it may end with */
function type(command: string, { cwd, env }: Place, codes: readonly unknown[]): string {
  const { code, stdout, stderr } = typed(command, { cwd, env, bash: ['-e', '-o', 'pipefail'] });
  assert.ok(codes.includes(code), `${command}\nexit code ${code}\n${stdout}${stderr}`);
  return stdout;
}

/** A regression and undecided are answers of what judges, and of nothing else. */
function codesOf(command: string): readonly unknown[] {
  return /^uring-bench (gate|compare .*--fail-on)/.test(command) ? JUDGED : [EXIT.ok];
}

/** When each run began that a baseline or a folder of results holds. */
function begun(...paths: string[]): string[] {
  return paths.flatMap((path) => {
    const stored = JSON.parse(readFileSync(path, 'utf8'));
    return (stored.runs ?? [stored]).map((one: { started_at: string }) => one.started_at);
  });
}

function resultsIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => (name.endsWith('.json') ? [join(folder, name)] : []));
}

/** Makes what the document's blocks make. */
function typeBlocks(here: Place): void {
  symlinkSync(root, join(here.cwd, 'old'));
  for (const line of documentCommands('docs/CI.md')) type(line, here, codesOf(line));
}

/** Does a step of a job as a runner does: `env` is the workflow's, but for what the test has for the document's own knobs. */
function step(
  script: string,
  given: Readonly<Record<string, string>>,
  here: Place,
  codes: readonly unknown[],
): string {
  return type(script, { ...here, env: { ...given, ...here.env } }, codes);
}

function scripts({ jobs }: Workflow): string[] {
  const all = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run: script }) => script ?? []));
  const own = all.filter((script) => !INSTALL.test(script));
  assert.equal(all.length - own.length, 1, 'installs once');
  return own;
}

test('what it tells people to type, and the jobs that keep a baseline', {
  skip: noYaml,
  timeout: 300_000,
}, (t) => {
  const here = place(t, scratchFolder(t));
  const at = (...names: string[]) => join(here.cwd, ...names);
  typeBlocks(here);
  const compared = begun(...resultsIn(at('gate')));
  assert.ok(compared.length > 0);
  for (const time of begun(at('base.json')))
    assert.ok(!compared.includes(time), 'the baseline against itself');
  assert.ok(resultsIn(at('results')).some((name) => name.endsWith('-ab-old.json')));

  // A runner's checkout holds what was committed, and nothing of the runs before.
  const summary = join(scratchFolder(t), 'summary');
  const checkout = (): Place => {
    const folder = scratchFolder(t);
    mkdirSync(join(folder, 'bench'));
    writeFileSync(join(folder, 'bench', 'base.json'), readFileSync(at('bench', 'base.json')));
    return { cwd: folder, env: { ...here.env, GITHUB_STEP_SUMMARY: summary } };
  };
  const runner = checkout();
  const { own: workflow, gitlab: job } = ciJobs();
  assert.deepEqual(Object.keys(workflow.env), ['DATA', 'RUNTIME']);
  for (const script of scripts(workflow)) step(script, workflow.env, runner, codesOf(script));
  assert.match(readFileSync(summary, 'utf8'), /\|/);
  assert.match(readFileSync(join(runner.cwd, 'junit.xml'), 'utf8'), /<testcase/);
  assert.ok(Array.isArray(JSON.parse(readFileSync(join(runner.cwd, 'smaller.json'), 'utf8'))));

  const other = checkout();
  assert.ok(job.before_script.every((line) => INSTALL.test(line)));
  for (const line of [...job.script, ...job.after_script]) {
    step(line, job.variables, other, codesOf(line));
  }
  for (const name of ['junit.xml', 'metrics.txt']) assert.ok(existsSync(join(other.cwd, 'gate', name)), name);
});

const noDisk =
  noYaml ||
  skipUnless('loop', 'ext4') ||
  (['lsblk', 'findmnt'].every(hasCommand) ? false : 'needs lsblk and findmnt');

test('the job that measures both sides, on the disk that it works on', {
  skip: noDisk,
  timeout: 300_000,
}, (t) => {
  // lsblk lists it first.
  const other = loopDevice(t, 2 ** 20);
  const { device } = loopDevice(t, 2 ** 29);
  run('mkfs.ext4', '-q', device);
  const folder = join(scratchFolder(t), 'workspace');
  mkdirSync(folder);
  mountOn(t, folder, device);
  const here = place(t, folder);
  here.env.GITHUB_STEP_SUMMARY = join(folder, 'summary');
  const scheduler = (path: string) =>
    readFileSync(`/sys/block/${path.replace('/dev/', '')}/queue/scheduler`, 'utf8');
  const before = scheduler(other.device);
  const { hosted: workflow } = ciJobs();
  for (const script of scripts(workflow)) step(script, workflow.env, here, codesOf(script));
  assert.match(scheduler(device), /\[mq-deadline\]/);
  assert.equal(scheduler(other.device), before);
  for (const side of ['none', 'mq-deadline']) assert.equal(resultsIn(join(folder, side)).length, 6, side);
  assert.match(readFileSync(join(folder, 'summary'), 'utf8'), /io_uring/);
});
