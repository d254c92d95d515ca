/**
 * `npm run gate:trust`: how often real gates cry wolf, and how often they sleep. Gates of the null backend with 2 us an
 * I/O, each a command as users type it, beside seeded noise of each kind; without a change, and with an I/O that takes
 * longer by a known share. test/gate-trust.test.ts asks the same of a model in CI. Takes minutes: it is not part of CI.
 *
 * Prints a line for each noise, way and change: alarms, undecided and passed gates, with Wilson's 95 % interval of alarms.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Random, randomOf } from '../src/stats/random.ts';

const program = fileURLToPath(new URL('../bin/uring-bench.mjs', import.meta.url));

const HELP =
  'npm run gate:trust -- [--gates N] [--noise LIST] [--way baseline,ab] [--change 0,0.05,0.15] [--seed N] [--runs N]\n';

const KINDS = ['none', 'cpu-hogs', 'io-hogs', 'stops', 'shift'] as const;
type Kind = (typeof KINDS)[number];

const DELAY_NS = 2000;
const JOB = ['--backend=null', '--size=1m', '--runtime=100ms'];

/** Noise that goes on until it is ended. `victim` is who may be stopped meanwhile. */
interface Noise {
  victim: ChildProcess | null;
  end(): Promise<void>;
}

/** A process that does nothing but use a CPU. */
function hog(): ChildProcess {
  return spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
}

/** Goes on in turns of random length, until it is told to end. */
function turns(turn: (random: Random, going: () => boolean) => Promise<void>, random: Random): Noise {
  let going = true;
  const noise: Noise = {
    victim: null,
    async end() {
      going = false;
      await done;
    },
  };
  const done = (async () => {
    while (going) await turn(random, () => going);
  })();
  return noise;
}

/** One or two CPUs' worth of other work, for half a second or three, then as long a pause. */
function cpuHogs(random: Random): Noise {
  return turns(async (next) => {
    const hogs = Array.from({ length: next() < 0.5 ? 1 : 2 }, hog);
    await sleep(500 + 2500 * next());
    for (const one of hogs) one.kill('SIGKILL');
    await sleep(500 + 2500 * next());
  }, random);
}

/** Writes of 1 MiB that are synced, with pauses. */
function ioHogs(random: Random, folder: string): Noise {
  const fd = openSync(join(folder, 'hog'), 'w');
  const block = Buffer.alloc(2 ** 20, 1);
  const noise = turns(async (next) => {
    for (let i = 0; i < 20 * next(); i++) writeSync(fd, block, 0, block.length, i * block.length);
    fsyncSync(fd);
    await sleep(200 * next());
  }, random);
  return {
    victim: null,
    async end() {
      await noise.end();
      closeSync(fd);
    },
  };
}

/** The benchmark is stopped for 10 to 200 ms, as a hypervisor does with a whole machine, a few times a second. */
function stops(random: Random): Noise {
  const signal = (noise: Noise, name: NodeJS.Signals): void => {
    const { victim } = noise;
    if (victim?.pid === undefined || victim.exitCode !== null) return;
    try {
      process.kill(-victim.pid, name);
    } catch {
      // It has just ended.
    }
  };
  const noise: Noise = turns(async (next) => {
    await sleep(50 + 500 * next());
    signal(noise, 'SIGSTOP');
    await sleep(10 + 190 * next());
    signal(noise, 'SIGCONT');
  }, random);
  return noise;
}

/** One CPU is used for good: the machine is another one than that of the baseline. */
function shifted(): Noise {
  const one = hog();
  return {
    victim: null,
    async end() {
      one.kill('SIGKILL');
    },
  };
}

const silence = (): Noise => ({ victim: null, async end() {} });

function noiseOf(kind: Kind, candidate: boolean, random: Random, folder: string): Noise {
  switch (kind) {
    case 'none':
      return silence();
    case 'cpu-hogs':
      return cpuHogs(random);
    case 'io-hogs':
      return ioHogs(random, folder);
    case 'stops':
      return stops(random);
    case 'shift':
      return candidate ? shifted() : silence();
  }
}

/** A gate's exit code. */
async function gate(args: readonly string[], folder: string, noise: Noise): Promise<number | null> {
  const child = spawn(process.execPath, [program, 'gate', '--no-save', '--quiet', ...args], {
    cwd: folder,
    detached: true,
    stdio: 'ignore',
  });
  noise.victim = child;
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  noise.victim = null;
  return code;
}

function delayed(change: number): string {
  return `--null-delay=${Math.round(DELAY_NS * (1 + change))}`;
}

interface Asked {
  kind: Kind;
  way: 'baseline' | 'ab';
  change: number;
  gates: number;
  runs: number;
}

/** How many gates ended with each exit code. */
async function series(asked: Asked, random: Random): Promise<Map<number | null, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'uring-bench-gate-trust-'));
  const ended = new Map<number | null, number>();
  try {
    const base = ['--baseline=base.json'];
    if (asked.way === 'baseline') {
      const noise = noiseOf(asked.kind, false, random, folder);
      for (let run = 0; run < asked.runs; run++) {
        await gate(
          [...base, '--update', `--baseline-runs=${asked.runs}`, '--', ...JOB, delayed(0)],
          folder,
          noise,
        );
      }
      await noise.end();
    }
    const ub = `'${process.execPath}' '${program}'`;
    const args =
      asked.way === 'baseline'
        ? [...base, '--', ...JOB, delayed(asked.change)]
        : ['--ab', `${ub} ${delayed(0)}`, `${ub} ${delayed(asked.change)}`, '--', ...JOB];
    const noise = noiseOf(asked.kind, true, random, folder);
    for (let at = 0; at < asked.gates; at++) {
      const code = await gate(args, folder, noise);
      ended.set(code, (ended.get(code) ?? 0) + 1);
    }
    await noise.end();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return ended;
}

/** Wilson's 95 % interval of a share (Wilson 1927). */
function wilson(hits: number, all: number): string {
  const z = 1.96;
  const share = hits / all;
  const middle = (share + (z * z) / (2 * all)) / (1 + (z * z) / all);
  const half = (z / (1 + (z * z) / all)) * Math.sqrt((share * (1 - share)) / all + (z * z) / (4 * all * all));
  const percent = (value: number) => Math.abs(value * 100).toFixed(0);
  return `${percent(Math.max(0, middle - half))}..${percent(Math.min(1, middle + half))} %`;
}

function lineOf({ kind, way, change, gates }: Asked, ended: ReadonlyMap<number | null, number>): string {
  const [alarms, pass, undecided] = [1, 0, 5].map((code) => ended.get(code) ?? 0) as [number, number, number];
  const failed = gates - alarms - pass - undecided;
  return (
    `${kind} ${way} change ${(change * 100).toFixed(0)} %: ${alarms} of ${gates} alarm (${wilson(alarms, gates)}), ` +
    `${undecided} undecided, ${pass} pass${failed > 0 ? `, ${failed} FAILED: ${JSON.stringify([...ended])}` : ''}`
  );
}

const { values } = parseArgs({
  options: {
    gates: { type: 'string', default: '100' },
    noise: { type: 'string', default: KINDS.join(',') },
    way: { type: 'string', default: 'baseline,ab' },
    change: { type: 'string', default: '0,0.05,0.15' },
    runs: { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) process.stdout.write(HELP);
else {
  const random = randomOf(BigInt(values.seed));
  const wanted = values.noise.split(',');
  for (const kind of KINDS.filter((one) => wanted.includes(one))) {
    for (const way of (['baseline', 'ab'] as const).filter((one) => values.way.split(',').includes(one))) {
      for (const change of values.change.split(',').map(Number)) {
        const asked = { kind, way, change, gates: Number(values.gates), runs: Number(values.runs) };
        process.stdout.write(`${lineOf(asked, await series(asked, random))}\n`);
      }
    }
  }
}
