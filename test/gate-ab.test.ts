/** gate --ab as users run it: two commands in turns, stored sides, exit codes, what is refused. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Comparison } from '../src/compare/schema.ts';
import { type Finished, root, startUringBench, uringBench } from './support/cli.ts';
import { jobsAtWork } from './support/proc-watch.ts';
import { parseResult } from './support/result.ts';
import { scratchFolder } from './support/scratch.ts';

const PROGRAM = `'${process.execPath}' '${join(root, 'bin', 'uring-bench.mjs')}'`;
const JOB = ['--backend=null', '--size=1m', '--runtime=100ms'];

const slowed = (ns: number) => `${PROGRAM} --null-delay=${ns}`;

/** Judged by what other work does not touch: the machine that runs this may be busy. */
function ab(cwd: string, old: string, now: string, ...options: string[]): Finished {
  const rules = ['--fail-on=lat_p50>+3%', '--metric=iops,lat_p50'];
  return uringBench(['gate', '--ab', old, now, ...rules, ...options, '--', ...JOB], { cwd });
}

function refused({ code, stdout, stderr }: Finished, exit: number, pattern: RegExp): void {
  assert.equal(code, exit, stderr);
  assert.equal(stdout, '');
  assert.match(stderr.trim().split('\n').at(-1) ?? '', pattern);
}

describe('gate --ab', () => {
  it('finds 5 %, and nothing between a command and itself', (t) => {
    const cwd = scratchFolder(t);
    const same = ab(cwd, slowed(2000), slowed(2000), '--no-save');
    assert.equal(same.code, 0, same.stdout + same.stderr);
    assert.deepEqual(readdirSync(cwd), [], 'nothing is left');
    const slower = ab(cwd, slowed(2000), slowed(2100), '--output-format=json');
    assert.equal(slower.code, 1, slower.stdout + slower.stderr);
    const { checks, variants }: Comparison = JSON.parse(slower.stdout);
    assert.equal(checks[0]?.evidence?.from, 'blocks');
    assert.equal(variants[0]?.baseline_trials, variants[0]?.candidate_trials);
    const [now, old, ...others] = readdirSync(join(cwd, 'results')).sort();
    assert.deepEqual(others, []);
    assert.match(`${now} ${old}`, /-ab-new\.json .*-ab-old\.json$/);
    const stored = parseResult(readFileSync(join(cwd, 'results', old ?? ''), 'utf8'));
    assert.deepEqual(
      stored.backends[0]?.trials.map(({ trial }) => trial),
      Array.from({ length: variants[0]?.baseline_trials ?? 0 }, (_, at) => at + 1),
    );
  });

  it('says of a command that fails what it said, with its exit code', (t) => {
    const cwd = scratchFolder(t);
    const good = slowed(2000);
    refused(ab(cwd, good, `${PROGRAM} --bss=4k`), 2, /exit code 2: unknown option '--bss'/);
    refused(ab(cwd, 'false', good), 3, /^uring-bench: false: exit code 1: it said nothing$/);
    refused(ab(cwd, good, '/nonexistent/uring-bench'), 3, /nonexistent.*exit code 127: .*not found/);
    writeFileSync(join(cwd, 'lies.sh'), '#!/bin/sh\necho hello\n', { mode: 0o755 });
    refused(ab(cwd, './lies.sh', good), 2, /what \.\/lies\.sh wrote is not JSON/);
    refused(ab(cwd, good, `${good} --iodepth=4`), 2, /is not the workload of .*iodepth=1 and 4/);
  });

  it('refuses what makes no two sides', (t) => {
    const cwd = scratchFolder(t);
    const gate = (...args: string[]) => uringBench(['gate', ...args], { cwd });
    refused(gate('--ab', 'true', '--', '--bs=4k'), 2, /--ab takes two commands, OLD and NEW/);
    refused(gate('--ab', 'true', 'true', '--baseline=a.json'), 2, /--baseline is for gates against a stored/);
    refused(gate('--ab', 'true', 'true', '--', '--quiet'), 2, /--quiet says where the report goes/);
    refused(gate('--ab', 'true', 'true', '--max-trials=3'), 2, /max-trials=3 is less than trials=8/);
    assert.deepEqual(readdirSync(cwd), []);
  });

  it('stops with its commands on a signal', async (t) => {
    const cwd = scratchFolder(t);
    const long = `${slowed(2000)} --runtime=60s --results-dir=.`;
    const { child, ended } = startUringBench(
      ['gate', '--ab', long, long, '--', '--backend=null', '--size=1m'],
      { cwd },
    );
    await jobsAtWork(child.pid ?? 0);
    child.kill('SIGINT');
    const done = await ended;
    assert.equal(done.code, 130, done.stderr);
    assert.equal(done.stdout, '');
  });
});
