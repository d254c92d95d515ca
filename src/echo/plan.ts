/** Options of `uring-bench echo` to what is going to be done, with every default and every check. */
import { usageError } from '../errors.ts';
import { readText } from '../host/host-files.ts';
import { defaultOf } from '../options/option-reader.ts';
import type { OptionValues, RawOptions } from '../options/options.ts';
import { checkCpus, type Machine } from '../resolve/cpus.ts';
import { formatSize, parseCpus } from '../values/units.ts';
import { DEFAULT_VARIANTS, type EchoVariant, parseEchoVariants } from './variant.ts';

/** Where another server listens, or is to listen. */
export interface EchoAddress {
  host: string;
  port: number;
}

export interface EchoPlan {
  variants: readonly EchoVariant[];
  transport: OptionValues['transport'];
  connections: number;
  /** Bytes of a request. */
  bs: number;
  pipeline: number;
  /** Requests/s over all connections; null: closed loop. */
  rate: number | null;
  verify: boolean;
  runtimeNs: number;
  rampNs: number;
  trials: number;
  /** null: those that the other machine's server was given. */
  serverCpus: readonly number[] | null;
  clientCpus: readonly number[];
  connect: EchoAddress | null;
  randseed: bigint;
  percentiles: readonly number[];
}

const DEFAULTS = { bs: 512, runtimeNs: 1_000_000_000, rampNs: 200_000_000, trials: 5 };
const [LEAST_BS, MOST_BS] = [64, 64 * 1024];
/** Of what is in flight, which the client keeps to compare answers with. */
const MOST_BYTES = 2 ** 30;

function bsOf(raw: RawOptions): number {
  if (raw.bs === undefined) return DEFAULTS.bs;
  const { read, write, trim } = raw.bs;
  if (read === undefined || read !== write || write !== trim)
    throw usageError('bs: a request of echo has one size', 'like --bs 4k');
  if (read < LEAST_BS || read > MOST_BS)
    throw usageError(`bs=${formatSize(read)}: a request of echo has 64 bytes to 64k`);
  return read;
}

/** `HOST:PORT`, `[::1]:PORT`. @throws BenchError (usage) */
function addressOf(flag: string, text: string): EchoAddress {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65535)
    throw usageError(`${flag}=${text} is no HOST:PORT`, 'like 10.0.0.2:7000 or [fd00::2]:7000');
  return { host, port };
}

/** CPUs of the core that a CPU is a part of; itself where the kernel does not say. */
function siblingsOf(cpu: number): number[] {
  const text = readText(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`, {});
  return text === null ? [cpu] : parseCpus('thread_siblings_list', text.trim(), Number.MAX_SAFE_INTEGER);
}

/** Whether two sets of CPUs have a core in common. */
export function shareCore(some: readonly number[], others: readonly number[]): boolean {
  const cores = new Set(some.flatMap(siblingsOf));
  return others.some((cpu) => cores.has(cpu));
}

/** The server has the first CPU there is, the client the first on another core, or at least another, if there is one. */
function cpusOf(
  raw: RawOptions,
  machine: Machine,
  remote: boolean,
): Pick<EchoPlan, 'serverCpus' | 'clientCpus'> {
  const allowed = machine.cpusOnline.filter((cpu) => machine.cpusAllowed.includes(cpu));
  const [given, client] = [raw['cpus-allowed'], raw['client-cpus']];
  if (given !== undefined) checkCpus(given, machine);
  if (client !== undefined) checkCpus(client, machine, 'client-cpus');
  if (remote) {
    if (given !== undefined)
      throw usageError('cpus-allowed is of the server, which is elsewhere', 'give it there, with --listen');
    return { serverCpus: null, clientCpus: client ?? allowed.slice(0, 1) };
  }
  const free = (cpus: readonly number[]) => allowed.filter((cpu) => !cpus.includes(cpu));
  const serverCpus = given ?? [free(client ?? [])[0] ?? allowed[0] ?? 0];
  const others = free(serverCpus);
  const apart = others.find((cpu) => !shareCore(serverCpus, [cpu]));
  return { serverCpus, clientCpus: client ?? [apart ?? others[0] ?? serverCpus[0] ?? 0] };
}

/** @throws BenchError (usage) */
export function echoPlan(raw: RawOptions, machine: Machine): EchoPlan {
  const connect = raw.connect === undefined ? null : addressOf('connect', raw.connect);
  const transport = raw.transport ?? defaultOf('transport');
  if (connect !== null && transport === 'unix')
    throw usageError('transport=unix does not reach another machine', 'leave it out, with --connect');
  const plan: EchoPlan = {
    variants: parseEchoVariants(raw.backend ?? DEFAULT_VARIANTS),
    transport,
    connections: raw.connections ?? defaultOf('connections'),
    bs: bsOf(raw),
    pipeline: raw.pipeline ?? defaultOf('pipeline'),
    rate: raw['request-rate'] ?? null,
    verify: raw.verify ?? defaultOf('verify'),
    runtimeNs: raw.runtime ?? DEFAULTS.runtimeNs,
    rampNs: raw['ramp-time'] ?? DEFAULTS.rampNs,
    trials: raw.trials ?? DEFAULTS.trials,
    ...cpusOf(raw, machine, connect !== null),
    connect,
    randseed: raw.randseed ?? defaultOf('randseed'),
    percentiles: raw['percentile-list'] ?? defaultOf('percentile-list'),
  };
  if (plan.connections * plan.pipeline * plan.bs > MOST_BYTES) {
    throw usageError(
      `${plan.connections} connections x ${plan.pipeline} requests x ${formatSize(plan.bs)} are more than 1g in flight`,
      'lower --connections, --pipeline or --bs',
    );
  }
  return plan;
}

/** What a server for others is given: where, and its CPUs. @throws BenchError (usage) */
export function listenPlan(raw: RawOptions, machine: Machine): { address: EchoAddress; cpus: number[] } {
  const [stray] = Object.keys(raw).filter(
    (flag) => !['listen', 'cpus-allowed', 'quiet', 'color'].includes(flag),
  );
  if (stray !== undefined)
    throw usageError(`${stray} is nothing to --listen`, 'the client says it, with --connect');
  const cpus = raw['cpus-allowed'] ?? [];
  checkCpus(cpus, machine);
  return { address: addressOf('listen', raw.listen ?? ''), cpus };
}
