/** `uring-bench echo`: every server answers rightly, what it prints is what outsiders see, and nothing is left behind. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ajv } from 'ajv';
import type { EchoBackend, EchoResult } from '../src/echo/schema.ts';
import { DEFAULT_VARIANTS } from '../src/echo/variant.ts';
import { decodeCounts, lowestNsAt } from '../src/results/histogram.ts';
import { bench, benchFails, type Ended, startBench } from './support/bench.ts';
import { root } from './support/cli.ts';
import { processTree } from './support/proc-watch.ts';
import { scratchFolder } from './support/scratch.ts';
import { noStrace } from './support/strace.ts';
import { noTracefs, traceFor } from './support/tracefs.ts';

const SCHEMA = JSON.parse(readFileSync(join(root, 'schema/echo.schema.json'), 'utf8'));
const validate = new Ajv({ strict: false }).compile(SCHEMA);
const SHORT = ['--trials', '1', '--runtime', '200ms', '--ramp-time', '20ms'];
const JSON_ONLY = ['--output-format', 'json', '--quiet'];

function resultOf({ code, stdout, stderr }: Ended): EchoResult {
  assert.equal(code, 0, stderr || stdout);
  const result = JSON.parse(stdout) as EchoResult;
  assert.ok(validate(result), JSON.stringify(validate.errors));
  return result;
}

async function echo(
  t: TestContext,
  args: readonly string[],
  under: readonly string[] = [],
): Promise<EchoResult> {
  return resultOf(await bench(scratchFolder(t), ['echo', ...args, ...JSON_ONLY], { under }));
}

function backendOf(result: EchoResult, variant: string): EchoBackend {
  const found = result.backends.find((backend) => backend.variant === variant);
  assert.ok(found, variant);
  return found;
}

/** Requests of the only trial that took longer. */
function slowerThan({ trials: [trial] }: EchoBackend, ns: number): number {
  return decodeCounts(trial?.lat_ns.hdr ?? '').reduce(
    (sum, count, at) => sum + (lowestNsAt(at) > ns ? count : 0),
    0,
  );
}

function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => readlinkSync(join(folder, fd)).startsWith('socket:')).length;
}

/** The server of a trial that a command has started, by the name that it gave itself, once all have connected to it. */
async function serverOf(pid: number, connections: number): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    const found = processTree(pid).find((one) => {
      try {
        const comm = readFileSync(`/proc/${one}/comm`, 'utf8');
        return comm === 'echo-server\n' && socketsOf(one) > connections;
      } catch {
        return false; // it has ended: it was the probe's
      }
    });
    if (found !== undefined) return found;
    await sleep(5);
  }
  throw new Error('no server was started');
}

for (const transport of ['tcp', 'unix']) {
  test(`every server sends back what it got, over ${transport}`, async (t) => {
    const servers = [...DEFAULT_VARIANTS, 'epoll+edge'].join(',');
    const load = ['--connections', '5', '--pipeline', '3', '--bs', '3000', '--verify'];
    const result = await echo(t, ['--transport', transport, '--backend', servers, ...load, ...SHORT]);
    assert.equal(result.backends.length, DEFAULT_VARIANTS.length + 1);
    for (const { variant, status, reason, trials } of result.backends) {
      if (status === 'skipped') {
        assert.match(variant, /\+/, reason ?? '');
        continue;
      }
      const [trial] = trials;
      assert.equal(status, 'complete', `${variant}: ${reason}`);
      assert.ok(trial && trial.requests > 0 && trial.lat_ns.N === trial.requests, variant);
      assert.ok(trial.server.syscalls > 0 && trial.server.usr_ns + trial.server.sys_ns > 0, variant);
      assert.deepEqual([trial.unanswered, trial.server.resets], [0, 0], variant);
    }
    const zerocopy = backendOf(result, 'io_uring+multishot+zerocopy');
    if (transport === 'unix') assert.match(zerocopy.reason ?? '', /unix sockets/);
    else if (zerocopy.status === 'complete') assert.ok((zerocopy.trials[0]?.server.sends_zc ?? 0) > 0);
  });
}

test('system calls of a request are those that strace counts', { skip: noStrace }, async (t) => {
  for (const [variant, exactly] of [
    ['sync', 2],
    ['epoll', null],
    ['io_uring', null],
  ] as const) {
    const folder = scratchFolder(t);
    const trace = join(folder, 'trace');
    const calls = 'accept4,epoll_ctl,epoll_pwait,recvfrom,sendto,io_uring_enter,prctl';
    const under = ['strace', '--seccomp-bpf', '-f', '-qq', '-o', trace, '-e', `trace=${calls}`];
    const load = ['--backend', variant, '--connections', '4', '--ramp-time', '0'];
    const result = await echo(t, [...load, '--trials', '1', '--runtime', '600ms'], under);
    // Client, and the thread that answers it on the control connection, of the trial: the probe's were the first.
    const lines = readFileSync(trace, 'utf8').split('\n');
    const named = (name: string) =>
      lines.flatMap((line) => (line.includes(`"${name}"`) ? [line.split(/ +/, 1)[0]] : []));
    const [clients, controls] = [named('echo-client'), named('echo-server')];
    const made = lines
      .filter((line) => !/resumed>|prctl\(/.test(line))
      .map((line) => ({ tid: line.split(/ +/, 1)[0], call: /^\d+ +(\w+)\(/.exec(line)?.[1] }));
    const client = clients.at(-1);
    // Beside requests it sends the spec and two marks.
    const requests = made.filter(({ tid, call }) => tid === client && call === 'sendto').length - 3;
    // Node's threads wait with epoll, too, but have no sockets.
    const atWork = new Set(
      made.flatMap(({ tid, call }) => (/^(sendto|io_uring_enter)$/.test(call ?? '') ? tid : [])),
    );
    const server = made.filter(
      ({ tid, call }) => call && atWork.has(tid) && !clients.includes(tid) && !controls.includes(tid),
    ).length;
    const printed = backendOf(result, variant).summary?.syscalls_per_request.median ?? 0;
    // Traced on a busy machine a request can take milliseconds.
    assert.ok(requests > 50, `${variant}: ${requests} requests`);
    const seen = server / requests;
    assert.ok(Math.abs(printed / seen - 1) < 0.1, `${variant}: printed ${printed}, seen ${seen}`);
    if (exactly !== null) assert.ok(Math.abs(printed / exactly - 1) < 0.02, `${variant}: ${printed}`);
  }
});

test('requests of a ring are those that its model names', { skip: noTracefs }, async (t) => {
  const EVENT = 'io_uring/io_uring_submit_req';
  const trace = traceFor(t, 4096);
  if (!trace.has(EVENT)) return t.skip(`this kernel has no event ${EVENT}`);
  const servers = ['io_uring', 'io_uring+multishot', 'io_uring+multishot+zerocopy'];
  const load = ['--backend', servers.join(','), '--connections', '4', ...SHORT, ...JSON_ONLY];
  const running = startBench(scratchFolder(t), ['echo', ...load]);
  trace.follow(running.pid);
  trace.watch(EVENT, 'comm == "echo-server"');
  const result = resultOf(await running.ended);
  const seen = new Map<string, Map<string, number>>();
  for (const line of trace.lines()) {
    const [, tid = '', opcode = ''] = /-(\d+) +\[.*opcode (\w+),/.exec(line) ?? [];
    const own = seen.get(tid) ?? new Map<string, number>();
    seen.set(tid, own.set(opcode, (own.get(opcode) ?? 0) + 1));
  }
  // A thread a trial, in the order in which they ran; the probes' threads send nothing.
  const complete = result.backends.filter(({ status }) => status === 'complete');
  const turns = complete.toSorted((a, b) => (a.trials[0]?.position ?? 0) - (b.trials[0]?.position ?? 0));
  const threads = [...seen.values()].filter((own) => own.has('SEND') || own.has('SEND_ZC'));
  assert.equal(threads.length, turns.length);
  for (const [i, { variant, trials }] of turns.entries()) {
    const of = (opcode: string) => threads[i]?.get(opcode) ?? 0;
    const requests = trials[0]?.requests ?? 0;
    const multishot = variant.includes('multishot');
    assert.ok(of(variant.includes('zerocopy') ? 'SEND_ZC' : 'SEND') >= requests, variant);
    if (multishot) assert.ok(of('RECV') < 100 && of('ACCEPT') <= 2, `${variant}: ${of('RECV')} receives`);
    else assert.ok(of('RECV') >= requests && of('ACCEPT') >= 4, `${variant}: ${of('RECV')} receives`);
  }
});

test('a stall is in the latencies of an open loop, and in few of a closed one', async (t) => {
  const slow: number[] = [];
  for (const loop of [['--request-rate', '4000'], []]) {
    const load = ['--backend', 'epoll', '--connections', '4', '--trials', '1', '--runtime', '600ms'];
    const running = startBench(scratchFolder(t), [
      'echo',
      ...load,
      '--ramp-time',
      '0',
      ...loop,
      ...JSON_ONLY,
    ]);
    const server = await serverOf(running.pid, 4);
    await sleep(100);
    process.kill(server, 'SIGSTOP');
    await sleep(100);
    process.kill(server, 'SIGCONT');
    slow.push(slowerThan(backendOf(resultOf(await running.ended), 'epoll'), 50e6));
  }
  const [open = 0, closed = 0] = slow;
  // Due in the first half of 100 ms; one a connection.
  assert.ok(open >= 150, `${open} requests of the open loop waited 50 ms`);
  assert.ok(closed >= 1 && closed <= 8, `${closed} requests of the closed loop waited 50 ms`);
});

test('a server that listens for another machine serves one client after the other', async (t) => {
  const port = String(20_000 + (process.pid % 10_000));
  const at = `127.0.0.1:${port}`;
  const server = startBench(scratchFolder(t), ['echo', '--listen', at]);
  await server.said(/listening on/);
  const result = await echo(t, ['--connect', at, '--backend', 'sync,io_uring', '--verify', ...SHORT]);
  for (const { variant, status } of result.backends) assert.equal(status, 'complete', variant);
  assert.equal(result.options.server_cpus, null);
  const left = processTree(server.pid);
  server.kill('SIGTERM');
  assert.equal((await server.ended).code, 143);
  for (const pid of left) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  const line = await benchFails(scratchFolder(t), ['echo', '--connect', at, '--quiet'], 3);
  assert.match(line, /connect to 127\.0\.0\.1:\d+: connection refused.*--listen/);
});

test('a signal ends all at once, with what was measured', async (t) => {
  const load = ['--backend', 'sync,io_uring+multishot', '--connections', '50', '--runtime', '30'];
  const running = startBench(scratchFolder(t), ['echo', ...load, '--trials', '2', ...JSON_ONLY]);
  await serverOf(running.pid, 50);
  await sleep(400);
  const left = processTree(running.pid);
  running.kill('SIGINT');
  const { code, stdout, wallMs } = await running.ended;
  assert.equal(code, 130);
  assert.ok(wallMs < 10_000, `${wallMs} ms`);
  const result = JSON.parse(stdout) as EchoResult;
  assert.ok(validate(result), JSON.stringify(validate.errors));
  assert.equal(result.status, 'interrupted');
  const trials = result.backends.flatMap((backend) => backend.trials);
  assert.ok(trials.length === 1 && trials[0]?.status === 'interrupted' && trials[0].requests > 0);
  assert.ok(left.length >= 3);
  for (const pid of left) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('what cannot be is told in a line', async (t) => {
  const cases: [args: string[], code: number, line: RegExp][] = [
    [['--bs', '63'], 2, /bs=63: a request of echo has 64 bytes to 64k/],
    [['--bs', '4k,8k'], 2, /one size/],
    [['--backend', 'linux-aio'], 2, /no backend 'linux-aio' \(there are: sync, epoll, io_uring\)/],
    [['--backend', 'epoll+multishot'], 2, /epoll has no feature 'multishot' in echo \(it has: edge\)/],
    [['--backend', 'io_uring+bundles+zerocopy'], 2, /exclude each other/],
    [['--connect', 'here'], 2, /is no HOST:PORT/],
    [['--connect', 'a:1', '--transport', 'unix'], 2, /does not reach another machine/],
    [['--listen', 'a:1', '--bs', '4k'], 2, /bs is nothing to --listen/],
    [['--client-cpus', '1000'], 2, /client-cpus=1000: CPU 1000 does not exist/],
    [['--connections', '1000', '--pipeline', '1000', '--bs', '4k'], 2, /more than 1g in flight/],
    [['--output-format', 'csv'], 2, /echo has no output-format=csv/],
  ];
  const check = async ([args, code, line]: (typeof cases)[number]) =>
    assert.match(await benchFails(scratchFolder(t), ['echo', ...args], code), line);
  await Promise.all(cases.map(check));
  const under = ['prlimit', '--nofile=256:256'];
  const line = await benchFails(scratchFolder(t), ['echo', '--connections', '1000', '--quiet'], 3, { under });
  assert.match(line, /too many open files.*raise ulimit -n, or lower --connections/);
});
