/** The machine that vm-run.sh boots: runs the program in it, step by step, and says what was seen there. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Ended, REPORT } from '../support/bench.ts';

const vmRun = fileURLToPath(new URL('vm-run.sh', import.meta.url));
const guest = fileURLToPath(new URL('guest.mjs', import.meta.url));

/** One run of the program there; guest.mjs does it. */
export interface Step {
  name: string;
  args: readonly string[];
  /** Shell commands around it. */
  before?: string;
  after?: string;
  /** What to look for in the program's memory while it runs: its first bytes and SHA-1, in hex, and its length. */
  memory?: { start: string; sha1: string; bytes: number };
}

export interface Outcome extends Ended {
  /** Interrupts of the I/O queues while it ran, by device: nvme0. */
  interrupts: Readonly<Record<string, number>>;
  /** I/Os of the block layer while it ran, by block device: nvme0n1. */
  blockIos: Readonly<Record<string, number>>;
  /** The submission threads (iou-sqp) that the kernel started for it, as they were last seen. */
  threads: readonly { cpus: string; voluntary: number }[];
  /** Whether the step's `memory` was found. */
  inMemory: boolean;
}

/** Takes the kernel from the network at first. */
const PREPARE_MS = 300_000;
/** For one machine and all its steps, far above what they take on a machine that does something else as well. */
const LIMIT_SECONDS = 600;

/**
 * false, or why there is no machine here.
 * @param kernel of vm-run.sh: VM_KERNEL
 * @throws where CI has one to expect: there these tests must not be skipped unseen
 */
export function lookForMachine(kernel = '6.12'): string | false {
  const { status, stderr } = spawnSync(vmRun, ['--prepare'], {
    encoding: 'utf8',
    timeout: PREPARE_MS,
    env: { ...process.env, VM_KERNEL: kernel },
  });
  if (status === 0) return false;
  const reason = stderr.trim().split('\n').at(-1) || 'vm-run.sh --prepare takes too long';
  if (process.env.CI === 'true' && process.arch === 'x64') throw new Error(reason);
  return reason;
}

export const noMachine = lookForMachine();

/** A step that reports in JSON. */
export function report(name: string, args: readonly string[], more: Omit<Step, 'name' | 'args'> = {}): Step {
  return { name, args: [...args, ...REPORT], ...more };
}

export interface Machine {
  /** What came of a step, by its name. */
  outcome(name: string): Outcome;
  /** A file that a step left in its current directory. */
  file(name: string): Buffer;
}

function run(folder: string, steps: readonly Step[], environment: MachineOptions['environment']): Outcomes {
  writeFileSync(join(folder, 'steps.json'), JSON.stringify(steps));
  const { NODE_TEST_CONTEXT, NODE_OPTIONS, FORCE_COLOR, ...inherited } = process.env;
  const boot = () =>
    spawnSync(vmRun, [process.execPath, guest], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...inherited, VM_TIMEOUT: `${LIMIT_SECONDS}`, ...environment },
    });
  let { status, stdout, stderr } = boot();
  // The emulated processor sometimes kills the guest's kernel in an initcall, before anything of ours has begun.
  if (
    status !== 0 &&
    /kernel_init_freeable/.test(`${stdout}${stderr}`) &&
    !existsSync(join(folder, 'outcomes.jsonl'))
  ) {
    process.stderr.write('the guest kernel died while it booted; once more\n');
    ({ status, stdout, stderr } = boot());
  }
  if (status !== 0) throw new Error(`the machine: exit code ${status}\n${stdout}${stderr}`);
  const lines = readFileSync(join(folder, 'outcomes.jsonl'), 'utf8').trim().split('\n');
  return new Map(
    lines.map((line) => {
      const { name, ...outcome } = JSON.parse(line) as Outcome & { name: string };
      return [name, outcome];
    }),
  );
}

type Outcomes = ReadonlyMap<string, Outcome>;

interface MachineOptions {
  /** Of vm-run.sh: VM_IOPS and the like. */
  environment?: Readonly<Record<string, string>>;
  /** Files in the steps' current directory, by name. */
  files?: Readonly<Record<string, Buffer>>;
}

/** For the tests of a suite: a machine that has run these steps before the first of them. */
export function useMachine(
  steps: readonly Step[],
  { environment = {}, files = {} }: MachineOptions = {},
): Machine {
  let folder = '';
  let outcomes: Outcomes = new Map();
  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'uring-bench-vm-')));
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    outcomes = run(folder, steps, environment);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  return {
    outcome(name) {
      const outcome = outcomes.get(name);
      if (!outcome) throw new Error(`the machine has not run ${name}`);
      return outcome;
    },
    file: (name) => readFileSync(join(folder, name)),
  };
}
