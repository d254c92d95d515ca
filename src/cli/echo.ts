/** `uring-bench echo`: request and response over sockets, by servers of several models. */
import { type EchoPlan, echoPlan, listenPlan } from '../echo/plan.ts';
import { renderEcho } from '../echo/report.ts';
import { type EchoContext, runEcho } from '../echo/run.ts';
import type { EchoResult, EchoTrial } from '../echo/schema.ts';
import { serveEcho } from '../echo/serve.ts';
import { usageError } from '../errors.ts';
import type { Progress } from '../jobs/progress.ts';
import { readOptions } from '../options/option-reader.ts';
import type { OutputFormat } from '../options/output.ts';
import { jsonText } from '../report/text/json.ts';
import { readMachine } from '../resolve/cpus.ts';
import type { Invocation } from './program.ts';
import { Session } from './session.ts';

/** Beside a trial: client and server are started, and end. */
const BETWEEN_SECONDS = 0.05;

function watch(plan: EchoPlan, progress: Progress): Pick<EchoContext, 'onStart' | 'onTrial' | 'onSkipped'> {
  const trialSeconds = (plan.rampNs + plan.runtimeNs) / 1e9;
  return {
    onStart: (variants) =>
      progress.start({
        variants,
        trials: plan.trials,
        ofTrees: true,
        trialSeconds,
        expectedSeconds: variants.length * plan.trials * (trialSeconds + BETWEEN_SECONDS),
      }),
    onTrial: (variant: string, trial: EchoTrial) =>
      progress.sample({
        variant,
        trial: trial.trial,
        elapsedSeconds: trialSeconds,
        trialSeconds,
        fractionDone: 1,
        iops: trial.requests_per_sec,
        bwBytes: 0,
        meanLatencyNs: trial.lat_ns.mean,
        errors: trial.unanswered,
      }),
    onSkipped: (variant, reason) => progress.note(`${variant} is skipped: ${reason}`),
  };
}

async function report(session: Session, result: EchoResult): Promise<number> {
  const render = (format: OutputFormat, rendering: Session['rendering']) =>
    format === 'json'
      ? jsonText(result)
      : renderEcho(result, format === 'markdown' ? format : 'table', rendering);
  await session.deliver(render(session.output.outputFormat, session.rendering));
  await session.deliverMore(render);
  await session.sayReport();
  return session.exitCode(result.status === 'complete');
}

export async function echoCommand({ options, operands, argv }: Invocation): Promise<number> {
  const { raw } = readOptions(options);
  if (operands.length > 0) throw usageError(`echo takes no operand: ${operands.join(' ')}`);
  const session = await Session.open(raw, argv);
  session.checkFormats('echo', ['table', 'json', 'markdown']);
  const machine = readMachine();
  if (raw.listen !== undefined) {
    if (raw.connect !== undefined) throw usageError('--listen and --connect are of two machines');
    const plan = listenPlan(raw, machine);
    await session.during(({ signal, progress }) =>
      serveEcho(plan, signal, () => progress.note(`listening on ${raw.listen}; a signal ends it`)),
    );
    return session.exitCode(true);
  }
  const plan = echoPlan(raw, machine);
  const result = await session.during(({ signal, progress, commandLine }) =>
    runEcho(plan, { signal, commandLine, ...watch(plan, progress) }),
  );
  return report(session, result);
}
