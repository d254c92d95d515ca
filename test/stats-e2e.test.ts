/**
 * The proof of the statistics on real runs: the null backend is slowed down by a known amount, and over repeated
 * runs 10 % is found and 0 % is not.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { planBlock } from '../src/jobs/plan.ts';
import { runTrial } from '../src/jobs/trial.ts';
import { targetHost } from '../src/native/library.ts';
import { readOptions } from '../src/options/option-reader.ts';
import { readMachine } from '../src/resolve/cpus.ts';
import { resolve } from '../src/resolve/resolve.ts';
import type { RunPlan } from '../src/resolve/run-plan.ts';
import { compareSamples, type Difference } from '../src/stats/difference.ts';
import { randomOf, shuffled } from '../src/stats/random.ts';
import { ahead, isBusy, tooBusy } from './support/ahead.ts';
import { backendOf, benchResult } from './support/bench.ts';
import { opsOf } from './support/ops.ts';
import { near } from './support/result.ts';
import { scratchFolder } from './support/scratch.ts';

/** What a regression is: significant and beyond it. */
const LIMIT = 0.05;

const significant = ({ verdict }: Difference) => verdict === 'higher' || verdict === 'lower';
const regressed = ({ verdict, ratio }: Difference) => verdict === 'lower' && ratio < 1 - LIMIT;
const shown = (differences: readonly Difference[]) =>
  differences.map(({ ratio, p }) => `${ratio.toFixed(3)} (p=${p.toFixed(3)})`).join(', ');

describe('the delay of the null backend', () => {
  it('is what each I/O takes, one after another', { skip: tooBusy() ?? false }, async (t) => {
    const args = ['--backend=null', '--null-delay=100us', '--runtime=100ms'];
    const one = backendOf(await benchResult(scratchFolder(t), args, { under: ahead })).trials[0];
    assert.ok(one);
    assert.ok(opsOf(one).read.lat_ns.min >= 100_000, `${opsOf(one).read.lat_ns.min} ns`);
    assert.ok(one.iops <= 10_000, `${one.iops} IOPS`);
    near(opsOf(one).read.lat_ns.percentile['50.000000'] ?? 0, 100_000, 0.05, 'median latency');
  });
});

/** IOPS of the five trials of a run of the command whose I/Os take so long. */
async function run(t: TestContext, delayNs: number): Promise<number[]> {
  const args = [
    '--backend=null',
    `--null-delay=${delayNs}`,
    '--runtime=30ms',
    '--trials=5',
    '--warmup-trials=1',
  ];
  const result = await benchResult(scratchFolder(t), args, { under: ahead });
  return backendOf(result).trials.map(({ iops }) => iops);
}

describe('runs one after the other', () => {
  const options = { timeout: 300_000, skip: tooBusy() ?? false };
  it('show a slow-down of 10 %, and none where there is none', options, async (t) => {
    const rounds = 6;
    const slowed: Difference[] = [];
    const same: Difference[] = [];
    for (let round = 0; round < rounds; round++) {
      const reference = await run(t, 10_000);
      const [candidate, equal] = [await run(t, 11_000), await run(t, 10_000)];
      slowed.push(compareSamples(reference, candidate, { paired: false }));
      same.push(compareSamples(reference, equal, { paired: false }));
    }
    const found = slowed.filter(regressed).length;
    assert.ok(found >= rounds - 1, `found ${found} of ${rounds}: ${shown(slowed)}`);
    // Runs differ by a percent beyond what their trials do, as any two starts of a process: hence the limit.
    assert.equal(same.filter(regressed).length, 0, `found where there is none: ${shown(same)}`);
  });
});

function nullJob(delayNs: number): RunPlan {
  const options = { backend: 'null', 'null-delay': String(delayNs), runtime: '12ms' } as const;
  const written = Object.entries(options).map(([flag, text]) => ({
    flag: flag as keyof typeof options,
    text,
  }));
  return resolve(readOptions(written).raw, { machine: readMachine(), target: targetHost }).plan;
}

/** IOPS of some jobs in blocks that hold each once, shuffled, as a run does with its backends. */
async function inBlocks(jobs: readonly RunPlan[], blocks: number, seed: bigint): Promise<number[][]> {
  const random = randomOf(seed);
  const iops = jobs.map((): number[] => []);
  for (let block = 1; block <= blocks; block++) {
    for (const at of shuffled([...jobs.keys()], random)) {
      const job = jobs[at] as RunPlan;
      const [planned] = planBlock(job, block);
      assert.ok(planned);
      const trial = await runTrial(job, planned, new AbortController().signal);
      iops[at]?.push(trial.iops);
    }
  }
  return iops;
}

describe('blocks of one run', () => {
  it('show a slow-down of 10 %, and a difference that is none as rarely as the test promises', async () => {
    const rounds = 12;
    const jobs = [nullJob(10_000), nullJob(11_000), nullJob(10_000)];
    const slowed: Difference[] = [];
    const same: Difference[] = [];
    for (let round = 0; round < rounds; round++) {
      const [reference = [], candidate = [], equal = []] = await inBlocks(jobs, 6, BigInt(round));
      slowed.push(compareSamples(reference, candidate, { paired: true }));
      same.push(compareSamples(reference, equal, { paired: true }));
    }
    // Of 12 with 3.1 % each, more than 3 are significant four times in 10,000.
    assert.ok(same.filter(significant).length <= 3, `false positives: ${shown(same)}`);
    // What else the machine does takes power from the test, but must not give it false positives.
    if (isBusy()) return;
    const found = slowed.filter(({ verdict }) => verdict === 'lower').length;
    assert.ok(found >= 0.9 * rounds, `found ${found} of ${rounds}: ${shown(slowed)}`);
  });
});
