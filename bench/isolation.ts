/**
 * `npm run bench:isolation`: what it takes to start jobs as threads, processes and workers of Node's, for
 * docs/decisions/0003. `-- --rounds N` (default 5) interleaved rounds; the table as Markdown on standard output.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from '../src/stats/spread.ts';
import { buildTool } from './build.ts';
import { execute } from './exec.ts';

const KINDS = {
  thread: 'thread',
  process: 'process',
  worker: 'worker',
  'worker-defaults': "worker, Node's default limits",
} as const;
const JOBS = [1, 8, 72];
const one = fileURLToPath(new URL('isolation-one.mjs', import.meta.url));

interface Sample {
  /** Until all jobs were at the barrier. */
  startMs: number;
  /** The whole run of a job that does one I/O. */
  wholeMs: number;
  /** All threads and processes together, from before the start until then. */
  cpuMs: number;
  pssKib: number;
  switches: number;
}

const signal = new AbortController().signal;
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const samples = new Map<string, Sample[]>();
await buildTool({ signal });
for (let round = 1; round <= Number(values.rounds); round++) {
  process.stderr.write(`bench: round ${round}\n`);
  for (const jobs of JOBS) {
    for (const kind of Object.keys(KINDS)) {
      const { stdout } = await execute(process.execPath, [one, kind, String(jobs)], { signal });
      const key = `${kind} ${jobs}`;
      samples.set(key, [...(samples.get(key) ?? []), JSON.parse(stdout) as Sample]);
    }
  }
}

const rows = JOBS.flatMap((jobs) =>
  Object.entries(KINDS).map(([kind, name]) => {
    const of = (field: keyof Sample) => median((samples.get(`${kind} ${jobs}`) ?? []).map((s) => s[field]));
    const cells = [
      of('startMs').toFixed(1),
      of('wholeMs').toFixed(1),
      of('cpuMs').toFixed(1),
      (of('pssKib') / 1024).toFixed(1),
      of('switches').toFixed(0),
    ];
    return `| ${jobs} | ${name} | ${cells.join(' | ')} |`;
  }),
);
process.stdout.write(
  `${[
    '| jobs | each a | start ms | start to end ms | CPU ms | MiB | switches |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')}\n`,
);
