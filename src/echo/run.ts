/** All trials of `uring-bench echo`: what can't be here is skipped, then blocks of every backend in shuffled order. */
import { BenchError } from '../errors.ts';
import { noteMachine } from '../host/machine-note.ts';
import { ECHO_VERSION } from '../results/versions.ts';
import { mixSeed, randomOf, shuffled } from '../stats/random.ts';
import { packageVersion } from '../version.ts';
import type { EchoPlan } from './plan.ts';
import type { EchoBackend, EchoResult, EchoTrial } from './schema.ts';
import { withSummaries } from './summary.ts';
import { echoTrial, probeEcho } from './trial.ts';
import type { EchoVariant } from './variant.ts';
import { echoPlanWarnings, echoTrialWarnings } from './warnings.ts';

export interface EchoContext {
  /** Aborted by the first signal. */
  signal: AbortSignal;
  commandLine: readonly string[];
  /** The trials begin: of these. */
  onStart(variants: readonly string[]): void;
  onTrial(variant: string, trial: EchoTrial): void;
  onSkipped(variant: string, reason: string): void;
}

function storedOptions(plan: EchoPlan): EchoResult['options'] {
  const { connect } = plan;
  return {
    transport: plan.transport,
    connections: plan.connections,
    bs: plan.bs,
    pipeline: plan.pipeline,
    rate: plan.rate,
    verify: plan.verify,
    runtime: plan.runtimeNs / 1e9,
    ramp_time: plan.rampNs / 1e9,
    trials: plan.trials,
    server_cpus: plan.serverCpus === null ? null : [...plan.serverCpus],
    client_cpus: [...plan.clientCpus],
    connect: connect === null ? null : `${connect.host}:${connect.port}`,
    randseed: String(plan.randseed),
  };
}

/** @throws BenchError (unavailable) when none can work here */
async function probeAll(plan: EchoPlan, context: EchoContext): Promise<Map<EchoVariant, EchoBackend>> {
  const backends = new Map<EchoVariant, EchoBackend>();
  for (const variant of plan.variants) {
    context.signal.throwIfAborted();
    const reason = await probeEcho(plan, variant, context.signal);
    const status = reason === null ? 'complete' : 'skipped';
    backends.set(variant, { variant: variant.name, status, reason, trials: [], summary: null });
    if (reason !== null) context.onSkipped(variant.name, reason);
  }
  const [first] = backends.values();
  if (first && [...backends.values()].every(({ status }) => status === 'skipped')) {
    const names = [...backends.values()].map(({ variant }) => variant).join(', ');
    throw new BenchError(`${names}: unavailable here: ${first.reason}`, { kind: 'unavailable' });
  }
  return backends;
}

async function runOne(
  plan: EchoPlan,
  variant: EchoVariant,
  backend: EchoBackend,
  at: Pick<EchoTrial, 'trial' | 'position'>,
  context: EchoContext,
): Promise<void> {
  try {
    const trial = await echoTrial(plan, variant, at, context.signal);
    if (trial === null) return;
    backend.trials.push(trial);
    context.onTrial(variant.name, trial);
  } catch (error) {
    if (!(error instanceof BenchError) || context.signal.aborted) throw error;
    backend.status = 'failed';
    backend.reason = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  }
}

async function runBlocks(
  plan: EchoPlan,
  backends: ReadonlyMap<EchoVariant, EchoBackend>,
  context: EchoContext,
): Promise<void> {
  for (let trial = 1; trial <= plan.trials; trial++) {
    const order = shuffled([...backends], randomOf(mixSeed(plan.randseed ^ BigInt(trial))));
    for (const [i, [variant, backend]] of order.entries()) {
      if (context.signal.aborted) return;
      if (backend.status !== 'complete') continue;
      await runOne(plan, variant, backend, { trial, position: i + 1 }, context);
    }
  }
}

/**
 * @throws BenchError unavailable when no backend can work here, failed when the server cannot be reached; the signal's
 * reason when it came before anything was measured
 */
export async function runEcho(plan: EchoPlan, context: EchoContext): Promise<EchoResult> {
  const startedAt = new Date().toISOString();
  const known = await probeAll(plan, context);
  context.onStart(
    [...known.values()].flatMap(({ status, variant }) => (status === 'complete' ? [variant] : [])),
  );
  await runBlocks(plan, known, context);
  const backends = [...known.values()];
  const stopped = context.signal.aborted;
  if (stopped && backends.every(({ trials }) => trials.length === 0)) context.signal.throwIfAborted();
  for (const backend of backends) {
    const complete = backend.trials.filter(({ status }) => status === 'complete').length;
    if (stopped && backend.status === 'complete' && complete < plan.trials) backend.status = 'interrupted';
  }
  const failed = backends.some(({ status }) => status === 'failed');
  return {
    kind: 'uring-bench-echo',
    schema_version: ECHO_VERSION,
    tool_version: packageVersion(),
    started_at: startedAt,
    finished_at: new Date().toISOString(),
    command_line: [...context.commandLine],
    status: failed ? 'failed' : stopped ? 'interrupted' : 'complete',
    environment: noteMachine(),
    options: storedOptions(plan),
    backends: withSummaries(backends, plan.percentiles, plan.randseed),
    warnings: [...echoPlanWarnings(plan), ...echoTrialWarnings(backends, plan.rate)],
  };
}
