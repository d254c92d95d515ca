/**
 * `npm run bench:series`: what a series costs the closed loop, and what the open loop costs an I/O, by the backend null. Each
 * round runs every case once in shuffled order: without a series, with one of 100 ms, and at a rate that nothing can
 * hold, so that I/Os are always due. CPU time of an I/O, ns; differences are of runs of one round. `-- --rounds N` (default
 * 9), `--seconds S` of a run (default 2), `--cpu N` (default 0). It is for a machine that does nothing else.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { RunResult } from '../src/results/schema.ts';
import { randomOf, shuffled } from '../src/stats/random.ts';
import { median } from '../src/stats/spread.ts';
import { buildTool } from './build.ts';
import { execute } from './exec.ts';

const tool = fileURLToPath(new URL('../bin/uring-bench.mjs', import.meta.url));
const CASES = {
  'closed loop, no series': ['--interval=0'],
  'closed loop, series of 100 ms': ['--interval=100ms'],
  'open loop, no series': ['--interval=0', '--rate-iops=1000000000'],
} as const;
type Case = keyof typeof CASES;
const { signal } = new AbortController();
const names = Object.keys(CASES) as Case[];
const PLAIN: Case = 'closed loop, no series';

/** CPU time of an I/O in one run, ns. */
async function measure(name: Case, seconds: string, cpu: string): Promise<number> {
  const workload = [
    '--backend=null',
    '--size=16m',
    '--iodepth=32',
    `--runtime=${seconds}`,
    `--cpus-allowed=${cpu}`,
  ];
  const report = ['--trials=1', '--no-save', '--quiet', '--output-format=json'];
  const { stdout } = await execute(process.execPath, [tool, ...workload, ...CASES[name], ...report], {
    signal,
  });
  const trial = (JSON.parse(stdout) as RunResult).backends[0]?.trials[0];
  if (!trial) throw new Error('a run has no trial');
  return (trial.cpu.usr_ns + trial.cpu.sys_ns) / trial.total_ios;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '2' },
    cpu: { type: 'string', default: '0' },
  },
});
await buildTool({ signal });
const samples = new Map<Case, number[]>(names.map((name) => [name, []]));
const random = randomOf(137n);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const name of shuffled(names, random)) {
    samples.get(name)?.push(await measure(name, values.seconds, values.cpu));
  }
}
const plain = samples.get(PLAIN) ?? [];
console.log('| | CPU ns an I/O | min..max | to the closed loop without |\n|---|---:|---:|---:|');
for (const [name, own] of samples) {
  const beside = own.map((value, round) => value - (plain[round] ?? Number.NaN));
  const range = `${Math.min(...own).toFixed(2)}..${Math.max(...own).toFixed(2)}`;
  const sign = median(beside) < 0 ? '' : '+';
  console.log(`| ${name} | ${median(own).toFixed(2)} | ${range} | ${sign}${median(beside).toFixed(2)} |`);
}
