/** What a traced pass says of a backend: figures, and what they mean in words. */
import type { RawExplain } from '../native/explain.ts';
import type { Trial } from '../results/schema.ts';
import type { Explanation } from '../results/schema-explain.ts';
import type { ExplainContext } from './context.ts';
import { figuresOf } from './figures.ts';
import { sentencesOf } from './rules.ts';

/** The pass that was looked at; its speed beside that of the trials is what looking on cost. */
export function passOf(trial: Trial, measuredIops: number | null): NonNullable<Explanation['pass']> {
  const { total_ios, runtime_ns, iops, effective_depth, ctx, cpu } = trial;
  return {
    ...{ total_ios, runtime_ns, iops, effective_depth },
    measured_iops: measuredIops,
    ctx: ctx.total,
    cpu_ns: cpu.usr_ns + cpu.sys_ns,
  };
}

/** The explanation of a pass that was traced. */
export function explain(raw: RawExplain, context: ExplainContext): Explanation {
  const { trial, full, measured_iops: measuredIops } = context;
  const traced = figuresOf(raw, context);
  return {
    tier: full ? 'full' : 'trace',
    missing: null,
    pass: trial === null ? null : passOf(trial, measuredIops),
    traced,
    sentences: sentencesOf({ ...context, traced }),
  };
}
