/**
 * `npm run gate:null`: whether the tool itself became dearer. It measures CPU time per I/O of the null backend, of this
 * tree and of the commit in null-baseline.json, built and run here and now, in turns.
 *
 * The stored baseline is a commit and not a number: nanoseconds of another machine mean nothing, and a ratio to some
 * other measure (a clock read, a bare loop) changes with the CPU too. What is compared are two programs on one machine
 * in the same minutes, in blocks of one run each whose order alternates, so that drift and neighbours hit both. CPU time
 * is what preemption doesn't inflate. The commit stays until somebody changes it: a loop that gets a percent dearer
 * with each commit is found as well.
 *
 * Exit codes: 0 no regression (or undecided, with a note), 1 a regression, 2 it cannot be told here.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Look, trialsNeeded } from '../src/compare/gate.ts';
import { formatRule, judge, parseRule, type Rule } from '../src/compare/rules.ts';
import type { Trial } from '../src/results/schema.ts';
import { compareSamples, estimate } from '../src/stats/difference.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const HELP = `npm run gate:null -- [--base REF] [--blocks N] [--max-blocks N] [--runtime TIME] [--fail-on RULE]
`;

/** What stands in null-baseline.json. */
interface Baseline {
  commit: string;
  rule: string;
}

class Unable extends Error {}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** The full hash of a commit; null when this clone doesn't have it. */
function commitOf(ref: string): string | null {
  try {
    return git('rev-parse', '--verify', '--quiet', `${ref}^{commit}`);
  } catch {
    return null;
  }
}

/** Builds a commit's native library in a folder of its own. Its TypeScript runs as it is, through tsx. */
function buildOf(commit: string, folder: string): void {
  const archive = execFileSync('git', ['archive', '--format=tar', commit], { cwd: root, maxBuffer: 2 ** 28 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  // A copy of the link in the archive, if there is one, must not be followed.
  rmSync(join(folder, 'node_modules'), { force: true, recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const make = ['-s', `-j${availableParallelism()}`, '-C', join(folder, 'native')];
  execFileSync('make', make, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** One run of the null backend -> its only trial. */
function runOf(folder: string, runtime: string): Trial {
  const options = ['--backend=null', '--iodepth=8', '--size=1m', `--runtime=${runtime}`, '--trials=1'];
  const report = ['--output-format=json', '--quiet', '--no-save'];
  const done = spawnSync(process.execPath, [join(folder, 'bin', 'uring-bench.mjs'), ...options, ...report], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (done.status !== 0) throw new Unable(`${folder}: ${done.stderr.trim() || `exit code ${done.status}`}`);
  // Of a version of its own: only what has been there from the first is looked at.
  const trial: Trial | undefined = JSON.parse(done.stdout).backends[0]?.trials[0];
  if (trial === undefined || !(trial.total_ios > 0)) throw new Unable(`${folder}: a run without a trial`);
  return trial;
}

interface Samples {
  before: number[];
  after: number[];
}

/** Blocks of one run each. The order alternates: whichever comes second finds the machine as warm. */
function measure(blocks: number, base: string, runtime: string, { metric }: Rule, samples: Samples): void {
  const sample = (folder: string): number => {
    const value = metric.of(runOf(folder, runtime));
    if (value === null) throw new Unable(`a run has no ${metric.name}`);
    return value;
  };
  for (let block = 0; block < blocks; block++) {
    const pairs = [() => samples.before.push(sample(base)), () => samples.after.push(sample(root))];
    for (const run of samples.before.length % 2 === 0 ? pairs : pairs.reverse()) run();
  }
}

function describe(rule: Rule, { before, after }: Samples): { line: string; outcome: Look['outcome'] } {
  const difference = compareSamples(before, after, { paired: true });
  const { outcome, reason } = judge(rule, difference);
  const percent = (ratio: number) => `${ratio < 1 ? '' : '+'}${((ratio - 1) * 100).toFixed(1)}%`;
  const median = (samples: readonly number[]) => Number(estimate(samples).median.toPrecision(4));
  const line =
    `${outcome}: ${formatRule(rule)}: ${median(before)} -> ${median(after)} ${rule.metric.unit}, ` +
    `${percent(difference.ratio)} (${percent(difference.low)}..${percent(difference.high)}, ` +
    `p=${difference.p.toFixed(3)}, ${before.length} blocks): ${reason}`;
  return { line, outcome };
}

function judged(
  base: string,
  rule: Rule,
  runtime: string,
  blocks: number,
  maxBlocks: number,
): Look['outcome'] {
  const samples: Samples = { before: [], after: [] };
  const looks: Look[] = [];
  for (let more = trialsNeeded(looks, blocks, maxBlocks); more > 0; ) {
    measure(more, base, runtime, rule, samples);
    const { line, outcome } = describe(rule, samples);
    process.stdout.write(`${line}\n`);
    looks.push({ outcome, trials: samples.before.length });
    more = trialsNeeded(looks, blocks, maxBlocks);
  }
  return looks.at(-1)?.outcome ?? null;
}

function main(): number {
  const { values } = parseArgs({
    options: {
      base: { type: 'string' },
      blocks: { type: 'string', default: '6' },
      'max-blocks': { type: 'string', default: '18' },
      runtime: { type: 'string', default: '500ms' },
      'fail-on': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const stored: Baseline = JSON.parse(readFileSync(join(root, 'bench', 'null-baseline.json'), 'utf8'));
  const rule = parseRule('fail-on', values['fail-on'] ?? stored.rule);
  const wanted = values.base ?? stored.commit;
  const commit = commitOf(wanted);
  if (commit === null) {
    throw new Unable(`commit ${wanted} is not in this clone (fetch the whole history, or use --base REF)`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'uring-bench-null-gate-'));
  try {
    process.stdout.write(`null backend of this tree against ${git('log', '-1', '--format=%h %s', commit)}\n`);
    execFileSync('make', ['-s', '-C', join(root, 'native')], { stdio: ['ignore', 'ignore', 'inherit'] });
    buildOf(commit, folder);
    const outcome = judged(
      folder,
      rule,
      values.runtime,
      Number(values.blocks),
      Math.max(Number(values.blocks), Number(values['max-blocks'])),
    );
    return outcome === 'regression' ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  process.exitCode = main();
} catch (error) {
  // Wrong usage is told in a line; anything else is a bug and shows where.
  const known = error instanceof Unable || (error as { kind?: string }).kind === 'usage';
  process.stderr.write(`null-gate: ${known ? (error as Error).message : (error as Error).stack}\n`);
  process.exitCode = 2;
}
