/**
 * What a trial did interval by interval. Intervals follow each other without a gap and add up to the trial: I/Os, bytes
 * and samples of each operation. docs/SERIES.md says how they come about.
 */
import { type Static, Type } from '@sinclair/typebox';
import { type OperationName, operationNames } from '../workload/operations.ts';
import { amount, count, nullable, strict } from './schema-kinds.ts';

const IntervalLatencySchema = Type.Object(
  {
    mean: amount(),
    max: amount('exact in the interval that raised the maximum of its trial, else of its highest bucket'),
    percentile: Type.Record(Type.String(), amount(), {
      description: 'keys as fio: "50.000000", 99 and 99.9',
    }),
    hdr: Type.String({ description: 'HdrHistogram V2, zlib-compressed, base64; empty without samples' }),
  },
  { ...strict, description: 'nanoseconds; of jobs with a rate the response, from when an I/O was due' },
);

const IntervalOpSchema = Type.Object(
  {
    ios: count(),
    bytes: count(),
    errors: Type.Optional(count('I/Os that failed; absent when none did')),
    lat: IntervalLatencySchema,
  },
  strict,
);

/** By operation, one schema for all of them; an operation that did nothing is absent. */
const IntervalOpsSchema = Type.Unsafe<Partial<Record<OperationName, IntervalOp>>>(
  Type.Record(Type.String({ pattern: `^(${operationNames.join('|')})$` }), IntervalOpSchema, strict),
);

const IntervalConditionsSchema = Type.Object(
  {
    steal_pct: Type.Optional(amount("of all CPUs' time: taken by the hypervisor")),
    cpu_busy_pct: Type.Optional(amount("of all CPUs' time: not idle and not waiting for I/O")),
    temperature_c: Type.Optional(
      Type.Number({ description: 'of the hottest device of the workload that has a sensor' }),
    ),
  },
  { ...strict, description: 'of the machine; what cannot be seen is absent' },
);

const SeriesIntervalSchema = Type.Object(
  {
    start_ns: count("since the window's begin"),
    length_ns: count('as it was: to when the counters were read'),
    ops: IntervalOpsSchema,
    conditions: Type.Optional(IntervalConditionsSchema),
  },
  strict,
);

export const TrialSeriesSchema = Type.Object(
  {
    interval_ns: count('as asked, or doubled until the intervals were few enough to store'),
    asked_ns: Type.Optional(count('the interval asked for, where neighbours had to be merged')),
    intervals: Type.Array(SeriesIntervalSchema),
  },
  strict,
);

/** What --steady-state found in a trial. Shares are of the window's mean. */
export const SteadyStateSchema = Type.Object(
  {
    rule: Type.String({ description: 'as given: iops:10%/5x60s' }),
    at_ns: nullable(
      count(
        "the end of the first window within the rule, since the trial's window began; null: there was none",
      ),
    ),
    rounds: count('that were over then'),
    window: nullable(
      Type.Object(
        {
          start_ns: count(),
          length_ns: count(),
          mean: amount('of the rounds: IOPS, bytes per second or ns'),
          range: amount('highest less lowest round, as a share'),
          slope: Type.Number({ description: 'of the fitted line, for each round' }),
          excursion: amount('of the fitted line over the window, as a share'),
        },
        strict,
      ),
    ),
  },
  { ...strict, description: 'the last window that there was; the trial itself is all of it' },
);

type IntervalOp = Static<typeof IntervalOpSchema>;
export type IntervalLatency = Static<typeof IntervalLatencySchema>;
export type IntervalConditions = Static<typeof IntervalConditionsSchema>;
export type SeriesInterval = Static<typeof SeriesIntervalSchema>;
export type TrialSeries = Static<typeof TrialSeriesSchema>;
export type SteadyState = Static<typeof SteadyStateSchema>;
