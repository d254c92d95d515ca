/*
 * Runs inside the machine: for each step of steps.json the program in this process, as its executable would, with what
 * the kernel shows of it from outside. One process for all, because a new one takes many seconds on an emulated CPU.
 * Each outcome is a line of outcomes.jsonl, written when the step is over. machine.ts has the types of both.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

const { main } = await import('../../dist/cli/main.js');

const WATCH_MS = 100;
const PAGE = 4096;
/** The buffers of a job are in a smaller mapping. */
const MOST_MAPPED = 2 ** 24;

/** Whatever the program writes to a stream goes into a text; a call ends that and returns it. */
function capture(stream) {
  const { write, fd } = stream;
  let text = '';
  // What goes to a file is written past the stream: here it is to be no file.
  stream.fd = -1;
  stream.write = (chunk, ...rest) => {
    text += chunk;
    rest.find((argument) => typeof argument === 'function')?.();
    return true;
  };
  return () => {
    stream.write = write;
    stream.fd = fd;
    return text;
  };
}

/** By device, the interrupts of its I/O queues (nvme0q1 and up; queue 0 is for administration) on all CPUs. */
function interrupts() {
  const counts = {};
  for (const line of readFileSync('/proc/interrupts', 'utf8').split('\n')) {
    const device = /\b(nvme\d+)q[1-9]\d*$/.exec(line)?.[1];
    if (!device) continue;
    const perCpu = line
      .split(':')[1]
      .trim()
      .split(/\s+/)
      .filter((word) => /^\d+$/.test(word));
    counts[device] = perCpu.reduce((sum, count) => sum + Number(count), counts[device] ?? 0);
  }
  return counts;
}

/** By device, the reads and writes that went through the block layer (Documentation/admin-guide/iostats.rst). */
function blockIos() {
  const counts = {};
  for (const line of readFileSync('/proc/diskstats', 'utf8').trim().split('\n')) {
    const [, , name, reads, , , , writes] = line.trim().split(/\s+/);
    counts[name] = Number(reads) + Number(writes);
  }
  return counts;
}

function difference(before, after) {
  return Object.fromEntries(
    Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]),
  );
}

/** The kernel's submission threads of this process, by their id, as they were last seen. */
function lookAtThreads(seen) {
  for (const tid of readdirSync('/proc/self/task')) {
    let status;
    try {
      status = readFileSync(`/proc/self/task/${tid}/status`, 'utf8');
    } catch {
      continue; // it has ended
    }
    const field = (name) => new RegExp(`^${name}:\\t(.*)$`, 'm').exec(status)?.[1] ?? '';
    if (!field('Name').startsWith('iou-sqp')) continue;
    seen[tid] = { cpus: field('Cpus_allowed_list'), voluntary: Number(field('voluntary_ctxt_switches')) };
  }
}

/** This process's own anonymous mappings: "7f45a3800000-7f45a4000000", at most of that size. */
function mappings(mostBytes) {
  const ranges = [];
  for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw.p \S+ 00:00 0 *$/.exec(line) ?? [];
    if (from && Number(`0x${to}`) - Number(`0x${from}`) <= mostBytes) ranges.push(`${from}-${to}`);
  }
  return ranges;
}

/** Whether these bytes begin a page of a mapping. */
function isIn(range, { start, bytes, sha1 }) {
  const [from, to] = range.split('-').map((hex) => Number(`0x${hex}`));
  const memory = openSync('/proc/self/mem', 'r');
  const content = Buffer.alloc(to - from);
  try {
    readSync(memory, content, 0, content.length, from);
  } catch {
    return false; // it is gone
  } finally {
    closeSync(memory);
  }
  for (let at = 0; at >= 0; at = content.indexOf(start, at + 1, 'hex')) {
    const found = createHash('sha1')
      .update(content.subarray(at, at + bytes))
      .digest('hex');
    if (at % PAGE === 0 && found === sha1) return true;
  }
  return false;
}

function shell(command) {
  if (command === undefined) return;
  const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}

async function runStep({ name, before, args, memory, after }) {
  shell(before);
  const threads = {};
  const known = new Set(mappings(MOST_MAPPED));
  let inMemory = false;
  const interruptsBefore = interrupts();
  const blockIosBefore = blockIos();
  const watching = setInterval(() => {
    lookAtThreads(threads);
    if (memory === undefined || inMemory) return;
    inMemory = mappings(MOST_MAPPED).some((range) => !known.has(range) && isIn(range, memory));
  }, WATCH_MS);
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)];
  const startedAt = performance.now();
  const code = await main(args);
  const wallMs = performance.now() - startedAt;
  clearInterval(watching);
  const outcome = {
    ...{ name, code, signal: null, stdout: stdout(), stderr: stderr(), wallMs },
    interrupts: difference(interruptsBefore, interrupts()),
    blockIos: difference(blockIosBefore, blockIos()),
    threads: Object.values(threads),
    inMemory,
  };
  shell(after);
  return outcome;
}

// main listens once more each time.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
for (const step of JSON.parse(readFileSync('steps.json', 'utf8'))) {
  appendFileSync('outcomes.jsonl', `${JSON.stringify(await runStep(step))}\n`);
}
