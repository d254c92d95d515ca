/** One trial of `uring-bench echo`: native client and server, processes of their own, and what they say. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants, release } from 'node:os';
import { olderThan } from '../backends/kernel.ts';
import { BenchError, systemHint, systemWords } from '../errors.ts';
import { echoPath } from '../native/library.ts';
import { countsFromSparse, toLatency } from '../results/histogram.ts';
import type { EchoPlan } from './plan.ts';
import type { EchoTrial } from './schema.ts';
import type { EchoVariant } from './variant.ts';

/** What native/echo/main.c prints. */
interface Said {
  /** Positive errno of what ended the trial; 0: nothing did. */
  error?: number;
  /** Positive errno of what the server can't do here. */
  refused?: number;
  stage: string;
  ns: number;
  answered: number;
  unanswered: number;
  client_us: number;
  interrupted: boolean;
  server: Record<
    | ('ns' | 'bytes' | 'syscalls' | 'usr_us' | 'sys_us' | 'voluntary' | 'involuntary' | 'resets')
    | ('rearmed' | 'sends_zc' | 'zc_copied'),
    number
  >;
  latency: { N: number; min: number; max: number; sum: number; over: number; counts: [number, number][] };
}

/** Words of native/echo/main.c. */
function wordsOf(plan: EchoPlan, variant: EchoVariant, windowNs: number): string[] {
  const { connect } = plan;
  const words: Record<string, string | number> = {
    transport: plan.transport,
    backend: variant.backend,
    features: variant.features.map(({ name }) => name).join(','),
    connections: plan.connections,
    bs: plan.bs,
    pipeline: plan.pipeline,
    window_ns: windowNs,
    ramp_ns: plan.rampNs,
    rate: plan.rate ?? 0,
    verify: plan.verify ? 1 : 0,
    server_cpus: (plan.serverCpus ?? []).join(','),
    client_cpus: plan.clientCpus.join(','),
    ...(connect === null ? {} : { host: connect.host, port: connect.port }),
  };
  return Object.entries(words).map(([key, value]) => `${key}=${value}`);
}

/**
 * Starts the native program, which ends with this process.
 * @param how run or listen
 * @throws BenchError (failed) when it cannot be started
 */
export function startNative(how: 'run' | 'listen', words: readonly string[]): ChildProcess {
  try {
    return spawn(echoPath, [how, String(process.pid), ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    throw nativeError(`did not start: ${(error as Error).message}`);
  }
}

/** What went wrong with the native program itself. */
export function nativeError(what: string): BenchError {
  return new BenchError(`echo: its process ${what}`, {
    kind: 'failed',
    stage: 'run echo',
    hint: "npm run build makes it anew, if it isn't there",
  });
}

function ended(child: ChildProcess, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const stop = () => child.kill('SIGTERM');
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    let [out, said] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.on('error', (error) => reject(nativeError(`did not start: ${error.message}`)));
    child.on('close', (code, by) => {
      signal.removeEventListener('abort', stop);
      if (code === 0) resolve(out);
      else reject(nativeError(by ? `was killed by ${by}` : `ended with ${code}: ${said.trim()}`));
    });
  });
}

async function say(
  plan: EchoPlan,
  variant: EchoVariant,
  windowNs: number,
  signal: AbortSignal,
): Promise<Said> {
  return JSON.parse(await ended(startNative('run', wordsOf(plan, variant, windowNs)), signal)) as Said;
}

const { EBADMSG, ECONNREFUSED, ECONNRESET, EMFILE, EOPNOTSUPP, EINVAL } = constants.errno;

function failure({ error = 0, stage }: Said, plan: EchoPlan): BenchError {
  if (error === EBADMSG) {
    return new BenchError(`the answer was not what had been sent: ${stage}`, {
      kind: 'failed',
      errno: error,
      stage: 'verify',
    });
  }
  const hints: Record<number, string> = {
    [EMFILE]: 'raise ulimit -n, or lower --connections',
    ...(plan.connect === null ? {} : { [ECONNREFUSED]: 'is uring-bench echo --listen at work there?' }),
    [ECONNRESET]: 'the server has ended, or closed the connection',
  };
  const hint = hints[error] ?? systemHint(error);
  const where =
    plan.connect !== null && stage === 'connect' ? ` to ${plan.connect.host}:${plan.connect.port}` : '';
  return new BenchError(`${stage}${where}: ${systemWords(error)}`, {
    kind: 'failed',
    errno: error,
    stage,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Why a server can't be; its kernel is known where it is this one. */
function refusal({ refused = 0, stage }: Said, { features }: EchoVariant, plan: EchoPlan): string {
  const kernel = release();
  const newer = features.find(({ since }) => olderThan(kernel, since));
  const unknown = refused === EINVAL || refused === EOPNOTSUPP;
  const lacks = unknown && newer !== undefined && plan.connect === null;
  const hint = lacks ? `${newer.name} needs Linux ${newer.since}, this is ${kernel}` : systemHint(refused);
  return `${stage}: ${systemWords(refused)}${hint === undefined ? '' : ` (${hint})`}`;
}

/**
 * Whether a server of this model can be.
 * @returns null, or why not
 * @throws BenchError (failed) when it cannot even be asked
 */
export async function probeEcho(
  plan: EchoPlan,
  variant: EchoVariant,
  signal: AbortSignal,
): Promise<string | null> {
  const said = await say(plan, variant, 0, signal);
  // A limit of this user is no want of the kernel.
  if (said.refused === EMFILE) throw failure({ ...said, error: said.refused }, plan);
  if (said.refused !== undefined) return refusal(said, variant, plan);
  if (said.error) throw failure(said, plan);
  return null;
}

/** Native figures as they are stored. */
function trialOf(said: Said, plan: EchoPlan, at: Pick<EchoTrial, 'trial' | 'position'>): EchoTrial {
  const { server, latency } = said;
  const requests = server.bytes / plan.bs;
  return {
    ...at,
    status: said.interrupted ? 'interrupted' : 'complete',
    runtime_ns: said.ns,
    requests: said.answered,
    requests_per_sec: said.answered / (said.ns / 1e9),
    unanswered: said.unanswered,
    lat_ns: toLatency(
      countsFromSparse(latency.counts),
      { min: latency.min, max: latency.max, sum: latency.sum, overRange: latency.over },
      plan.percentiles,
    ),
    client_cpu_pct: (said.client_us / (said.ns / 1e3)) * 100,
    server: {
      runtime_ns: server.ns,
      requests,
      usr_ns: server.usr_us * 1000,
      sys_ns: server.sys_us * 1000,
      syscalls: server.syscalls,
      voluntary: server.voluntary,
      involuntary: server.involuntary,
      resets: server.resets,
      rearmed: server.rearmed,
      sends_zc: server.sends_zc,
      zc_copied: server.zc_copied,
    },
  };
}

/**
 * @returns null when it was stopped before anything was measured
 * @throws BenchError (failed)
 */
export async function echoTrial(
  plan: EchoPlan,
  variant: EchoVariant,
  at: Pick<EchoTrial, 'trial' | 'position'>,
  signal: AbortSignal,
): Promise<EchoTrial | null> {
  const said = await say(plan, variant, plan.runtimeNs, signal);
  if (said.refused !== undefined) {
    throw new BenchError(refusal(said, variant, plan), { kind: 'failed', stage: said.stage });
  }
  if (said.error) throw failure(said, plan);
  if (said.interrupted && said.answered === 0) return null;
  if (said.answered === 0)
    throw new BenchError('no request was answered', { kind: 'failed', stage: 'measure' });
  return trialOf(said, plan, at);
}
