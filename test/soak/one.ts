/** One combination, run in this process and held against everything that must be true of it. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError } from '../../src/errors.ts';
import { noProgress } from '../../src/jobs/progress.ts';
import { runPlan } from '../../src/jobs/runner.ts';
import { targetHost } from '../../src/native/library.ts';
import { readOptions } from '../../src/options/option-reader.ts';
import type { Flag } from '../../src/options/options.ts';
import { resolveOutput } from '../../src/options/output.ts';
import { readMachine } from '../../src/resolve/cpus.ts';
import { resolve } from '../../src/resolve/resolve.ts';
import { firstGroup, type RunPlan } from '../../src/resolve/run-plan.ts';
import type { RunResult } from '../../src/results/schema.ts';
import { operationsOf } from '../../src/workload/operations.ts';
import { parseResult } from '../support/result.ts';
import type { Combination } from './draw.ts';
import { judgeLaws } from './laws.ts';
import { changedBytes, judgeFile, makeFiles } from './victim-files.ts';

export interface Soaked {
  /** Why it was refused before anything was done; null when it ran. */
  refused: string | null;
  wrong: string[];
  trials: number;
  ios: number;
}

const OUTPUT = resolveOutput({ 'output-format': 'json', save: false, quiet: true }, false);

function planOf({ options, files }: Combination, folder: string): RunPlan {
  const named =
    options.filename === undefined ? {} : { filename: files.map((name) => join(folder, name)).join(':') };
  const written = Object.entries({ ...options, ...named, directory: folder }).map(([flag, text]) => ({
    flag: flag as Flag,
    text,
  }));
  return resolve(readOptions(written).raw, { machine: readMachine(), target: targetHost }).plan;
}

async function run(plan: RunPlan): Promise<RunResult> {
  const context = {
    progress: noProgress,
    signal: new AbortController().signal,
    commandLine: [],
    warnings: [],
  };
  const { result } = await runPlan(plan, { ...context, output: OUTPUT });
  return result;
}

/** Of files that were there before. */
function judgeFiles(plan: RunPlan, { files }: Combination, folder: string, result: RunResult): string[] {
  const { workload, files: jobs } = firstGroup(plan);
  const changing = operationsOf(workload.rw).some(({ changes }) => changes);
  const real = result.backends.some(({ backend, trials }) => backend !== 'null' && trials.length > 0);
  const bs = Math.min(workload.bs.read, workload.bs.write);
  const wrong = files.flatMap((name) => {
    const path = join(folder, name);
    const ranges = jobs.flat().filter((file) => file.path === path);
    const from = Math.min(...ranges.map(({ offset }) => offset));
    const end = Math.max(...ranges.map(({ offset, size }) => offset + size));
    const allowed = changing && real && ranges.length > 0;
    return judgeFile(path, { allowed, bs, zeros: workload.zeroBuffers, range: { from, end } });
  });
  const writes = result.backends
    .filter(({ backend }) => backend !== 'null')
    .flatMap(({ trials }) => trials)
    .reduce((sum, { ops }) => sum + (ops.write?.total_ios ?? 0), 0);
  const changed = files.reduce((sum, name) => sum + changedBytes(join(folder, name)), 0);
  // Such a pair writes what it has read.
  const same = workload.nativeOptions.pair === 'read-write';
  if (writes > 0 && files.length > 0 && changed === 0 && !same)
    wrong.push(`${writes} writes have changed nothing`);
  return wrong;
}

/** Runs it in a folder of its own, which is gone afterwards. */
export async function soakOne(combination: Combination, base: string): Promise<Soaked> {
  const folder = join(base, 'run');
  mkdirSync(folder);
  try {
    makeFiles(folder, combination.files);
    const plan = planOf(combination, folder);
    const result = await run(plan);
    const wrong = [
      ...judgeLaws(result, firstGroup(plan).workload),
      ...judgeFiles(plan, combination, folder, result),
    ];
    const left = readdirSync(folder).filter((name) => !combination.files.includes(name));
    if (left.length > 0) wrong.push(`left: ${left.join(', ')}`);
    parseResult(JSON.stringify(result));
    const trials = result.backends.flatMap((backend) => backend.trials);
    return {
      refused: null,
      wrong,
      trials: trials.length,
      ios: trials.reduce((sum, { total_ios }) => sum + total_ios, 0),
    };
  } catch (error) {
    const none = { trials: 0, ios: 0 };
    if (error instanceof BenchError && error.kind === 'usage' && !error.message.includes('\n')) {
      return { ...none, refused: error.message, wrong: [] };
    }
    return {
      ...none,
      refused: null,
      wrong: [error instanceof Error ? (error.stack ?? error.message) : `${error}`],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
