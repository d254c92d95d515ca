/** compare and gate as users run them: streams, files, exit codes; and that a known slow-down is found. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Comparison } from '../src/compare/schema.ts';
import type { BaselineDocument } from '../src/results/baseline-schema.ts';
import { isBaseline } from '../src/results/document.ts';
import { parseStored } from '../src/results/read.ts';
import type { RunResult } from '../src/results/schema.ts';
import { type Finished, startUringBench, uringBench } from './support/cli.ts';
import { matchesGolden } from './support/golden.ts';
import { scratchFolder } from './support/scratch.ts';
import { syntheticRun } from './support/synthetic-run.ts';

const STEADY = [100_000, 100_500, 99_700, 100_200, 99_900];
const scaled = (factor: number) => STEADY.map((iops) => iops * factor);

/** A folder with base/1.json, base/2.json (one half of the trials each), same.json and slow.json. */
function stored(t: TestContext): string {
  const folder = scratchFolder(t);
  const write = (name: string, result: RunResult) =>
    writeFileSync(join(folder, name), JSON.stringify(result));
  mkdirSync(join(folder, 'base'));
  write('base/1.json', syntheticRun({ io_uring: scaled(1).slice(0, 2) }));
  write('base/2.json', syntheticRun({ io_uring: scaled(1).slice(2) }));
  write('same.json', syntheticRun({ io_uring: scaled(1) }));
  write('slow.json', syntheticRun({ io_uring: scaled(0.9) }));
  return folder;
}

function refused({ code, stdout, stderr }: Finished, ...patterns: RegExp[]): void {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^uring-bench: [^\n]+\n$/);
  for (const pattern of patterns) assert.match(stderr, pattern);
}

function comparisonOf({ stdout }: Finished): Comparison {
  return JSON.parse(stdout);
}

describe('--help', () => {
  for (const command of ['compare', 'gate']) {
    it(`golden help-${command}.txt`, () => {
      const { code, stdout, stderr } = uringBench([command, '--help']);
      assert.equal(code, 0, stderr);
      matchesGolden(`help-${command}.txt`, stdout);
      for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
    });
  }
});

describe('compare', () => {
  it('exits 1 on a regression, and 0 without one or without rules', (t) => {
    const cwd = stored(t);
    const compare = (...args: string[]) => uringBench(['compare', ...args], { cwd });
    const slow = compare('same.json', 'slow.json', '--fail-on', 'iops<-5%');
    assert.equal(slow.code, 1, slow.stderr);
    assert.match(slow.stdout, /^REGRESSION: 1 of 1 check failed$/m);
    assert.equal(compare('same.json', 'slow.json').code, 0);
    assert.equal(compare('same.json', 'slow.json', '--fail-on', 'iops<-20%').code, 0);
    assert.equal(compare('slow.json', 'same.json', '--fail-on', 'iops<-5%').code, 0, 'faster is fine');
    assert.equal(compare('same.json', 'same.json', '--fail-on', 'iops<-0%').code, 0, 'so is the same');
  });

  it('says without rules what a gate would, and exits with 0', (t) => {
    const cwd = stored(t);
    const told = uringBench(['compare', 'same.json', 'slow.json', '--annotate=github'], { cwd });
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stdout, /^REGRESSION: 2 of 3 checks failed$/m);
    assert.match(told.stderr, /^::error title=regression%3A io_uring%3A lat_p50>\+3%25::/m);
    const junit = uringBench(['compare', 'same.json', 'slow.json', '--output-format=junit'], { cwd });
    assert.equal(junit.code, 0, junit.stderr);
    assert.match(junit.stdout, /tests="3" failures="2"/);
    assert.match(
      uringBench(['compare', 'same.json', 'same.json'], { cwd }).stdout,
      /^no regression: 3 checks/m,
    );
  });

  it('takes files, quoted patterns and lists, and pools them', (t) => {
    const cwd = stored(t);
    for (const operand of [
      'base/*.json',
      'base/1.json,base/2.json',
      'base/[12].json,base/1.json',
      '**/?.json',
    ]) {
      const done = uringBench(['compare', operand, 'slow.json', '--output-format=json', '--quiet'], { cwd });
      assert.equal(done.code, 0, done.stderr);
      const { baseline, variants } = comparisonOf(done);
      assert.deepEqual(baseline.files, ['base/1.json', 'base/2.json'], operand);
      assert.equal(variants[0]?.baseline_trials, 5);
    }
    writeFileSync(join(cwd, 'odd,na*me.json'), readFileSync(join(cwd, 'same.json')));
    assert.equal(uringBench(['compare', 'odd,na*me.json', 'slow.json'], { cwd }).code, 0);
    const input = readFileSync(join(cwd, 'slow.json'), 'utf8');
    assert.equal(uringBench(['compare', 'same.json', '-'], { cwd, input }).code, 0);
  });

  it('says on stderr what a report in a file or for a program does not show', (t) => {
    const cwd = stored(t);
    const args = ['compare', 'same.json', 'slow.json', '--fail-on=iops<-5%,lat_p99>+50%'];
    const junit = uringBench([...args, '--output-format=junit', '--output=gate.xml'], { cwd });
    assert.equal(junit.code, 1);
    assert.equal(junit.stdout, '');
    assert.match(junit.stderr, /^uring-bench: regression: io_uring: iops<-5%: .*$/m);
    assert.match(readFileSync(join(cwd, 'gate.xml'), 'utf8'), /failures="1"/);
  });

  it('lets what is undecided pass or fail, as asked', (t) => {
    const cwd = stored(t);
    const args = ['compare', 'base/1.json', 'slow.json', '--fail-on', 'iops<-5%'];
    const told = uringBench(args, { cwd });
    assert.equal(told.code, 5, told.stderr);
    assert.match(told.stdout, /1 of 1 check undecided, exit code 5 \(--inconclusive=tell\)/);
    const passed = uringBench([...args, '--inconclusive=pass'], { cwd });
    assert.equal(passed.code, 0, passed.stderr);
    assert.match(passed.stdout, /1 of 1 check undecided, which passes \(--inconclusive=pass\)/);
    assert.equal(uringBench([...args, '--inconclusive=fail'], { cwd }).code, 1);
  });

  it('refuses what cannot be compared, in one line', (t) => {
    const cwd = stored(t);
    const other = syntheticRun({ io_uring: scaled(1) });
    for (const job of other.jobs) job.options = { ...job.options, iodepth: 32, bs: 8192 };
    writeFileSync(join(cwd, 'other.json'), JSON.stringify(other));
    writeFileSync(join(cwd, 'broken.json'), '{"tool":');
    const compare = (...args: string[]) => uringBench(['compare', ...args], { cwd });
    refused(
      compare('same.json', 'other.json'),
      /other\.json is not the workload of same\.json/,
      /iodepth=8 and 32/,
      /bs=4k and 8k/,
    );
    refused(compare('same.json'), /two operands, BASELINE and CANDIDATE, not 1/);
    refused(compare('nothing/*.json', 'slow.json'), /no file matches nothing\/\*\.json/);
    refused(compare('missing.json', 'slow.json'), /missing\.json/);
    refused(compare('same.json', 'broken.json'), /broken\.json is not JSON/);
    refused(compare('same.json', 'slow.json', '--fail-on', 'iops<5%'), /a fall has a minus sign/);
    refused(compare('same.json', 'slow.json', '--metric', 'iop'), /did you mean 'iops'/);
    refused(compare('same.json', 'slow.json', '--iodepth', '8'), /compare has no option '--iodepth'/);
    refused(compare('same.json', 'slow.json', '--output-format', 'xml'), /unknown value output-format=xml/);
  });
});

/** A run whose every I/O takes this long: what it costs beyond that is little, and the median of latency shows none. */
function nullRun(delayNs: number): string[] {
  return ['--backend=null', '--size=1m', '--runtime=100ms', `--null-delay=${delayNs}`];
}

// The machine that runs this may be busy, which the rule does not mind.
const RULE = ['--fail-on=lat_p50>+5%', '--metric=iops,lat_p50', '--disturbed=count'];

function gate(cwd: string, options: readonly string[], run: readonly string[]): Finished {
  return uringBench(['gate', '--baseline=base.json', ...RULE, ...options, '--', ...run], { cwd });
}

function baselineOf(cwd: string): BaselineDocument {
  const stored = parseStored(readFileSync(join(cwd, 'base.json'), 'utf8'), 'base.json');
  assert.ok(isBaseline(stored));
  return stored;
}

describe('gate', () => {
  it('needs a baseline, which --update makes', (t) => {
    const cwd = scratchFolder(t);
    refused(gate(cwd, [], nullRun(2000)), /there is no baseline base\.json/, /--update/);
    assert.deepEqual(readdirSync(cwd), []);
    const made = gate(cwd, ['--update', '--no-save'], [...nullRun(2000), '--trials=2']);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stderr, /^Baseline: base\.json \(1 run\)$/m);
    assert.deepEqual(readdirSync(cwd), ['base.json']);
    assert.deepEqual(
      baselineOf(cwd).runs.map(({ backends }) => backends[0]?.trials.length),
      [2],
    );
    assert.match(uringBench(['show', 'base.json'], { cwd }).stdout, /null/, 'it is a result like any other');
  });

  it('finds 15 % and not 0 %, over repeated runs, after looking twice', (t) => {
    const cwd = scratchFolder(t);
    assert.equal(gate(cwd, ['--update'], nullRun(2000)).code, 0);
    for (let repeat = 0; repeat < 2; repeat++) {
      const same = gate(cwd, ['--no-save'], nullRun(2000));
      assert.equal(same.code, 0, same.stdout + same.stderr);
      const slower = gate(cwd, ['--no-save', '--output-format=json'], nullRun(2300));
      assert.equal(slower.code, 1, slower.stdout + slower.stderr);
      const { checks, candidate, variants } = comparisonOf(slower);
      assert.equal(checks[0]?.outcome, 'regression');
      assert.equal(candidate.files.length, 2, 'a second round before it says so');
      assert.equal(variants[0]?.candidate_trials, 10);
      assert.match(slower.stderr, /regression: null: lat_p50>\+5%: 5 more trials of each/);
    }
  });

  it('adds each run to the baseline, and keeps the last ones', (t) => {
    const cwd = scratchFolder(t);
    for (let run = 0; run < 4; run++) {
      const done = gate(cwd, ['--update', '--no-save', '--baseline-runs=3'], nullRun(2000));
      assert.equal(done.code, 0, done.stderr);
    }
    const { runs } = baselineOf(cwd);
    assert.equal(runs.length, 3);
    const slower = gate(cwd, ['--no-save', '--output-format=json'], nullRun(2300));
    assert.equal(slower.code, 1, slower.stderr);
    const { checks, baseline, warnings } = comparisonOf(slower);
    assert.deepEqual(baseline.files, ['base.json#1', 'base.json#2', 'base.json#3']);
    assert.equal(checks[0]?.evidence?.baseline_runs, 3);
    assert.equal(checks[0]?.evidence?.candidate_runs, 1, 'rounds are one run');
    assert.ok(warnings.some(({ code }) => code === 'baseline-of-one-hour'));
    const shown = uringBench(['show', 'base.json'], { cwd });
    assert.equal(shown.stdout.match(/^workload /gm)?.length, 3, 'each as a run');
  });

  it('takes a stored result as a baseline of one run', (t) => {
    const cwd = scratchFolder(t);
    const run = uringBench(
      [...nullRun(2000), '--trials=5', '--output-format=json', '--output=base.json', '--no-save'],
      { cwd },
    );
    assert.equal(run.code, 0, run.stderr);
    assert.equal(gate(cwd, ['--no-save'], nullRun(2300)).code, 1);
    assert.equal(gate(cwd, ['--update', '--no-save'], nullRun(2000)).code, 0);
    assert.equal(baselineOf(cwd).runs.length, 2);
  });

  /** Makes the stored baseline one of a machine on which others took so much of a CPU, in percent. */
  const withOthers = (cwd: string, pct: number): void => {
    const base = baselineOf(cwd);
    for (const { trials } of base.runs.flatMap(({ backends }) => backends))
      for (const { conditions } of trials) if (conditions) conditions.others_cpu_pct = pct;
    writeFileSync(join(cwd, 'base.json'), JSON.stringify(base));
  };

  it('says at once that a baseline was disturbed throughout, and repeats nothing', (t) => {
    const cwd = scratchFolder(t);
    assert.equal(gate(cwd, ['--update', '--no-save'], nullRun(2000)).code, 0);
    withOthers(cwd, 150);
    const args = ['--disturbed=repeat', '--output-format=json', '--results-dir=made'];
    const done = gate(cwd, args, [...nullRun(2000), '--trials=2']);
    assert.equal(done.code, 5, done.stderr);
    const [said] = done.stderr.split('\n').filter((line) => line.includes('undecided: disturbed'));
    assert.match(said ?? '', /of the baseline \d+ of \d+ trials .* one round, and it takes a new baseline/);
    assert.equal(readdirSync(join(cwd, 'made')).length, 1, 'one round');
    assert.match(comparisonOf(done).checks[0]?.reason ?? '', /no trial left: .* it takes a new baseline/);
    const passed = gate(cwd, [...args, '--inconclusive=pass'], [...nullRun(2000), '--trials=2']);
    assert.equal(passed.code, 0, passed.stderr);
  });

  it('repeats what was disturbed, up to a limit, and then is undecided', async (t) => {
    const cwd = scratchFolder(t);
    gate(cwd, ['--update', '--no-save'], nullRun(2000));
    withOthers(cwd, 0);
    const hog = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
    t.after(() => hog.kill('SIGKILL'));
    const args = ['--no-save', '--disturbed=repeat', '--max-trials=5', '--output-format=json'];
    const done = gate(cwd, args, nullRun(2000));
    assert.equal(done.code, 5, done.stderr);
    assert.match(done.stderr, /disturbed .*other processes used the CPUs: .*5 more trials/);
    const { checks, variants } = comparisonOf(done);
    assert.equal(variants[0]?.candidate_trials, 10, 'as many again, and no more');
    assert.match(checks[0]?.reason ?? '', /disturbed .*other processes used the CPUs/);
  });

  it('compares stored rounds as the gate did', (t) => {
    const cwd = scratchFolder(t);
    gate(cwd, ['--update', '--no-save'], nullRun(2000));
    const judged = gate(cwd, ['--output-format=json', '--quiet'], nullRun(2300));
    const again = uringBench(
      ['compare', 'base.json', 'results/*.json', ...RULE, '--output-format=json', '--quiet'],
      { cwd },
    );
    assert.equal(again.code, 1, again.stderr);
    assert.deepEqual(comparisonOf(again).variants, comparisonOf(judged).variants);
  });

  it('settles a suspicion at the most trials', (t) => {
    const cwd = scratchFolder(t);
    gate(cwd, ['--update', '--no-save'], nullRun(2000));
    const done = gate(cwd, ['--no-save', '--output-format=json', '--max-trials=5'], nullRun(2300));
    assert.equal(done.code, 1, done.stderr);
    assert.equal(comparisonOf(done).variants[0]?.candidate_trials, 5);
    refused(gate(cwd, ['--max-trials=3'], nullRun(2000)), /max-trials=3 is less than trials=5/);
  });

  it('accepts a change with --update, but not with --update=pass', (t) => {
    const cwd = scratchFolder(t);
    gate(cwd, ['--update', '--no-save'], nullRun(2000));
    const before = readFileSync(join(cwd, 'base.json'), 'utf8');
    const kept = gate(cwd, ['--update=pass', '--no-save'], nullRun(2600));
    assert.equal(kept.code, 1);
    assert.match(kept.stderr, /^Baseline kept: not every check passed: base\.json$/m);
    assert.equal(readFileSync(join(cwd, 'base.json'), 'utf8'), before);
    const accepted = gate(cwd, ['--update', '--no-save'], nullRun(2600));
    assert.equal(accepted.code, 0, accepted.stderr);
    assert.match(accepted.stdout, /REGRESSION/, 'it says what it accepts');
    assert.match(accepted.stderr, /\(1 run, begun anew: this run is of another level\)/);
    assert.equal(baselineOf(cwd).runs[0]?.backends[0]?.trials.length, 10, 'of both rounds');
    assert.equal(gate(cwd, ['--update=pass', '--no-save'], nullRun(2600)).code, 0);
  });

  it('refuses another workload before it runs anything, unless it is to be replaced', (t) => {
    const cwd = scratchFolder(t);
    gate(cwd, ['--update', '--no-save'], nullRun(2000));
    const deeper = [...nullRun(2000), '--iodepth=4'];
    refused(gate(cwd, [], deeper), /this run is not the workload of base\.json: iodepth=1 and 4/, /--update/);
    refused(
      gate(cwd, [], ['--backend=sync', '--size=1m', '--runtime=100ms']),
      /has none of the backends of this run/,
    );
    assert.equal(existsSync(join(cwd, 'results')), false);
    const replaced = gate(cwd, ['--update', '--no-save'], [...deeper, '--trials=1']);
    assert.equal(replaced.code, 0, replaced.stderr);
    assert.equal(baselineOf(cwd).runs[0]?.jobs[0]?.options.iodepth, 4);
  });

  it('says where each option belongs', (t) => {
    const cwd = scratchFolder(t);
    refused(uringBench(['gate'], { cwd }), /gate needs --baseline/);
    refused(
      uringBench(['gate', '--bs=8k'], { cwd }),
      /gate has no option '--bs' \(options of the run stand behind --\)/,
    );
    refused(gate(cwd, ['--update'], ['--quiet']), /--quiet says where the report goes \(give it before --\)/);
    refused(gate(cwd, ['--update'], ['--metric=iops']), /--metric is an option of gate/);
    refused(gate(cwd, ['--update'], ['--bss=8k']), /unknown option '--bss': did you mean '--bs'/);
    refused(gate(cwd, ['--update'], ['8k']), /'8k' behind -- is no option of a run/);
  });

  it('stops on a signal, judges nothing and keeps the baseline', async (t) => {
    const cwd = scratchFolder(t);
    gate(cwd, ['--update', '--no-save'], nullRun(2000));
    const before = readFileSync(join(cwd, 'base.json'), 'utf8');
    const long = ['--backend=null', '--size=1m', '--runtime=20s', '--null-delay=2000'];
    const args = ['gate', '--baseline=base.json', '--update', '--output-format=json', '--', ...long];
    const { child, ended } = startUringBench(args, { cwd });
    let said = '';
    child.stderr?.on('data', (text: string) => {
      said += text;
      if (/about/.test(said)) child.kill('SIGINT');
      if (/about/.test(said)) said = '';
    });
    const done = await ended;
    assert.equal(done.code, 130, done.stderr);
    assert.equal((JSON.parse(done.stdout) as RunResult).status, 'interrupted');
    assert.equal(readFileSync(join(cwd, 'base.json'), 'utf8'), before);
  });
});
