/**
 * `npm run bench:explain`: what looking on costs, as CPU time of an I/O, for docs/PERFORMANCE.md. Each run has a trial
 * that nobody looks at and a pass that somebody does, one after the other: their difference is the cost. `-- --rounds N`
 * (default 9), each with every case once in shuffled order, `--seconds S` of a trial (default 1), `--cpu N` (default 0);
 * the table as Markdown on standard output. Needs what tracing needs, and a machine that does nothing else.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { RunResult } from '../src/results/schema.ts';
import { randomOf, shuffled } from '../src/stats/random.ts';
import { median } from '../src/stats/spread.ts';
import { buildTool } from './build.ts';
import { execute } from './exec.ts';

const tool = fileURLToPath(new URL('../bin/uring-bench.mjs', import.meta.url));
const TIERS = ['basic', 'trace', 'full'] as const;
const BACKENDS = ['sync', 'io_uring'] as const;
const PATHS = {
  cached: ['--buffered', '--pre-read', '--size=64m'],
  direct: ['--size=64m'],
} as const;

interface Case {
  tier: (typeof TIERS)[number];
  backend: (typeof BACKENDS)[number];
  path: keyof typeof PATHS;
}

/** CPU time of an I/O, ns: without and with somebody who looks on. */
interface Sample {
  plainNs: number;
  lookedNs: number;
}

function sampleOf(text: string): Sample {
  const [backend] = (JSON.parse(text) as RunResult).backends;
  const [trial] = backend?.trials ?? [];
  const pass = backend?.explain?.pass;
  if (!trial || !pass) throw new Error('a run has no trial or no pass');
  return {
    plainNs: (trial.cpu.usr_ns + trial.cpu.sys_ns) / trial.total_ios,
    lookedNs: pass.cpu_ns / pass.total_ios,
  };
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '1' },
    cpu: { type: 'string', default: '0' },
  },
});
const signal = new AbortController().signal;
const folder = mkdtempSync(join(process.cwd(), 'explain-cost.'));

async function measure({ tier, backend, path }: Case): Promise<Sample> {
  const args = [
    ...['--rw=randread', '--bs=4k', '--iodepth=8', '--trials=1', '--warmup-trials=1', `--backend=${backend}`],
    ...[`--runtime=${values.seconds}s`, `--cpus-allowed=${values.cpu}`, `--explain=${tier}`, ...PATHS[path]],
    ...[`--filename=${join(folder, 'data')}`, '--no-save', '--quiet', '--output-format=json'],
  ];
  const { stdout } = await execute(process.execPath, [tool, ...args], { signal });
  return sampleOf(stdout);
}

const cases = Object.keys(PATHS).flatMap((path) =>
  BACKENDS.flatMap((backend) =>
    TIERS.map((tier): Case => ({ tier, backend, path: path as keyof typeof PATHS })),
  ),
);
const samples = new Map<Case, Sample[]>(cases.map((one) => [one, []]));
const random = randomOf(1n);
try {
  await buildTool({ signal });
  for (let round = 1; round <= Number(values.rounds); round++) {
    process.stderr.write(`bench: round ${round}\n`);
    for (const one of shuffled(cases, random)) samples.get(one)?.push(await measure(one));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** "+120 ns (1.11x)": medians over the rounds, each of a run's own two. */
function costText(all: readonly Sample[]): string {
  const more = median(all.map(({ plainNs, lookedNs }) => lookedNs - plainNs));
  const times = median(all.map(({ plainNs, lookedNs }) => lookedNs / plainNs));
  return `${more < 0 ? '' : '+'}${more.toFixed(0)} ns (${times.toFixed(2)}x)`;
}

const lines = Object.keys(PATHS).flatMap((path) =>
  BACKENDS.map((backend) => {
    const own = cases.filter((one) => one.path === path && one.backend === backend);
    const plain = median(own.flatMap((one) => samples.get(one) ?? []).map(({ plainNs }) => plainNs));
    const cells = own.map((one) => costText(samples.get(one) ?? []));
    return `| ${path} ${backend} | ${plain.toFixed(0)} ns | ${cells.join(' | ')} |`;
  }),
);
process.stdout.write(
  [
    `| CPU time of an I/O | nobody looks on | ${TIERS.map((tier) => `\`=${tier}\``).join(' | ')} |`,
    '|---|---:|---:|---:|---:|',
    ...lines,
  ].join('\n'),
);
process.stdout.write('\n');
