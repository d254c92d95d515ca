/** Every fault that a run can meet, and one of them tried. */
import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CALLS, RUNS } from './calls.ts';

const executable = fileURLToPath(new URL('../../bin/uring-bench.mjs', import.meta.url));
const launcher = fileURLToPath(new URL('../support/fault.py', import.meta.url));

/** A run that takes longer hangs: 5 s of calls that are answered by "again", 10 s of waiting for what is in flight, and the rest. */
const LIMIT_MS = 20_000;
/** A run whose calls are only counted cannot hang, but each of them stops until it was counted: a busy machine takes long. */
const COUNTING_LIMIT_MS = 90_000;
/** Of the times that a call is made, so many are tried to fail alone: the first, the last and some between. */
const ONCE = 3;

export interface FaultCase {
  run: string;
  call: string;
  error: string;
  /** The time that it fails, counted from 1. */
  when: number | 'always';
}

export interface Outcome {
  /** null: it did not end. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** Text of the stored results. */
  stored: string[];
  /** Files of the run that are still there, beside stored results, and processes that work in its folder. */
  left: string[];
  /** How often each call was made in our code, until one failed that is to fail once. */
  calls: Record<string, number>;
  /** Whose call failed; null when none did. */
  failed: string | null;
}

/** Processes whose current folder is this one. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`) === folder;
    } catch {
      return false; // it has ended
    }
  });
}

/** Files below a folder that a run should have removed; stored results go to `stored`. */
function look(folder: string, stored: string[]): string[] {
  const left: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const isResult = path.startsWith(join(folder, 'results/')) && /^[^.].*\.json$/.test(entry.name);
    const text = isResult ? readFileSync(path, 'utf8') : '';
    if (text !== '') stored.push(text);
    else left.push(path.slice(folder.length + 1));
  }
  return left;
}

function waitFor(command: readonly string[], cwd: string, [out, err]: [number, number], limitMs: number) {
  const [program = '', ...args] = command;
  // A group of its own, so that nothing that it started outlives the limit.
  const child = spawn(program, args, {
    cwd,
    stdio: ['ignore', out, err],
    detached: true,
    env: environment(),
  });
  return new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    const timer = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), limitMs);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal });
    });
  });
}

function environment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT, NODE_OPTIONS, FORCE_COLOR, ...inherited } = process.env;
  return { ...inherited, NODE_V8_COVERAGE: '', PYTHONDONTWRITEBYTECODE: '1' };
}

/** Runs uring-bench under the launcher. @param what as the launcher's second argument */
async function under(what: string, args: readonly string[], limitMs = LIMIT_MS): Promise<Outcome> {
  const base = mkdtempSync(join(tmpdir(), 'uring-bench-fault-'));
  const folder = join(base, 'run');
  mkdirSync(folder);
  const [out, err] = ['out', 'err'].map((name) => openSync(join(base, name), 'w')) as [number, number];
  try {
    const command = [
      'python3',
      '-S',
      launcher,
      join(base, 'record'),
      what,
      process.execPath,
      executable,
      ...args,
    ];
    const ended = await waitFor(command, folder, [out, err], limitMs);
    const stored: string[] = [];
    const left = [...look(folder, stored), ...processesIn(folder).map((pid) => `process ${pid}`)];
    const hung = ended.signal === 'SIGKILL';
    const { calls, failed } = hung
      ? { calls: {}, failed: 'unknown' }
      : JSON.parse(readFileSync(join(base, 'record'), 'utf8'));
    const text = (name: string): string => readFileSync(join(base, name), 'utf8');
    return { ...ended, stdout: text('out'), stderr: text('err'), stored, left, calls, failed };
  } finally {
    closeSync(out);
    closeSync(err);
    rmSync(base, { recursive: true, force: true });
  }
}

/** Tries one. */
export function tryCase({ run, call, error, when }: FaultCase): Promise<Outcome> {
  return under(`${call}=${error}@${when}`, RUNS[run] ?? []);
}

/** 1 to count, at most ONCE of them, evenly spread. */
function spread(count: number): number[] {
  const steps = Math.min(count, ONCE);
  return [
    ...new Set(
      Array.from({ length: steps }, (_, i) => 1 + Math.round((i * (count - 1)) / Math.max(1, steps - 1))),
    ),
  ];
}

/** Every case of a run: its calls are counted first, so that each of them is made. */
export async function casesOf(run: string): Promise<FaultCase[]> {
  const { calls, code, stderr } = await under(
    CALLS.map(({ call }) => call).join(','),
    RUNS[run] ?? [],
    COUNTING_LIMIT_MS,
  );
  if (code !== 0) throw new Error(`without a fault, ${run} must work: ${stderr}`);
  return CALLS.flatMap(({ call, errors }) =>
    [...new Set(errors)].flatMap((error) => {
      const count = calls[call] ?? 0;
      const times: FaultCase['when'][] = count === 0 ? [] : [...spread(count), 'always'];
      return times.map((when) => ({ run, call, error, when }));
    }),
  );
}

/** As --only takes it. */
export function nameOf({ run, call, error, when }: FaultCase): string {
  return `${run}/${call}=${error}@${when}`;
}
