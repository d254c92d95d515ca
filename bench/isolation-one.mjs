/*
 * One sample of bench/isolation.ts, in a process of its own and from dist/, as users run it: what it takes until
 * jobs of a kind are all at the barrier. `node isolation-one.mjs KIND JOBS` -> JSON on standard output.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { executors } from '../dist/jobs/executors/registry.js';
import { workers } from '../dist/jobs/executors/workers.js';
import { nativeJobs } from '../dist/jobs/native-job.js';
import { Arena } from '../dist/native/arena.js';
import { readOptions } from '../dist/options/option-reader.js';
import { readMachine } from '../dist/resolve/cpus.js';
import { resolve } from '../dist/resolve/resolve.js';

const [kind = 'thread', jobs = '1'] = process.argv.slice(2);

/** Every thread of this process and of its children. */
function tasks() {
  const pids = [String(process.pid)];
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
  pids.push(...children.split(' ').filter(Boolean));
  return pids.map((pid) => ({ pid, tids: readdirSync(`/proc/${pid}/task`) }));
}

/** What all of them hold and have used until now: resident bytes, each page shared out among those that map it. */
function used() {
  const sum = { pssKib: 0, switches: 0, cpuMs: 0 };
  for (const { pid, tids } of tasks()) {
    sum.pssKib += Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
    for (const tid of tids) {
      const folder = `/proc/${pid}/task/${tid}`;
      const status = readFileSync(`${folder}/status`, 'utf8');
      for (const [, count] of status.matchAll(/voluntary_ctxt_switches:\t(\d+)/g))
        sum.switches += Number(count);
      sum.cpuMs += Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
    }
  }
  return sum;
}

// At the barrier's other side jobs sleep: what is looked at then is their start alone.
const DELAY_MS = 500;
const given = {
  backend: 'null',
  isolation: kind === 'worker-defaults' ? 'worker' : kind,
  numjobs: jobs,
  'number-ios': '1',
  startdelay: `${DELAY_MS}ms`,
};
const written = Object.entries(given).map(([flag, text]) => ({ flag, text }));
const { plan } = resolve(readOptions(written).raw, {
  machine: readMachine(),
  target: { dioAlign: () => null },
});
const arena = new Arena(nativeJobs(plan, { variant: plan.variants[0], trial: 1, position: 1 }));
const executor = kind === 'worker-defaults' ? workers({ limits: {} }) : executors[kind];

const before = used();
const startedAt = performance.now();
let atWork = null;
const timer = setInterval(() => {
  if (atWork !== null || executor.tids(arena) === null) return;
  const startMs = performance.now() - startedAt;
  const now = used();
  atWork = {
    startMs,
    pssKib: now.pssKib - before.pssKib,
    switches: now.switches - before.switches,
    cpuMs: now.cpuMs - before.cpuMs,
  };
}, 1);
await executor.run(arena);
clearInterval(timer);
const wholeMs = performance.now() - startedAt - DELAY_MS;
arena.close();
process.stdout.write(JSON.stringify({ ...atWork, wholeMs }));
