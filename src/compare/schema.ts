/**
 * A comparison of stored results, as `compare --output-format json` writes it: the only source of its types and of
 * schema/comparison.schema.json. Values are in the unit beside them.
 */
import { type Static, Type } from '@sinclair/typebox';
import { ExplainSchema } from '../results/schema-explain.ts';
import { count, nullable, strict } from '../results/schema-kinds.ts';
import { EstimateSchema } from '../results/schema-statistics.ts';
import { COMPARISON_SCHEMA_VERSION } from '../results/versions.ts';

const oneOf = <T extends string>(...words: T[]) => Type.Union(words.map((word) => Type.Literal(word)));

const SideSchema = Type.Object(
  {
    files: Type.Array(Type.String(), { minItems: 1 }),
    started_at: Type.Array(Type.String(), { minItems: 1, description: 'of each file' }),
    hostname: Type.String({ description: 'of the first file, as the next three' }),
    kernel: Type.String(),
    cpu_model: Type.String(),
    tool_version: Type.String(),
  },
  strict,
);

const MetricDifferenceSchema = Type.Object(
  {
    ratio: nullable(
      Type.Number({ description: 'candidate over baseline, of medians; null: the baseline is 0' }),
    ),
    low: nullable(Type.Number({ description: '95 % interval of the ratio; null: unbounded' })),
    high: nullable(Type.Number()),
    p: Type.Number({ minimum: 0, maximum: 1 }),
    test: oneOf('mann-whitney', 'wilcoxon', 'none'),
    verdict: oneOf('higher', 'lower', 'same', 'unknown'),
    more_trials: Type.Integer({ minimum: 0, description: 'of each side, that any test needs' }),
  },
  { ...strict, description: 'higher and lower are significant at 5 %; same is not; unknown: too few trials' },
);

const MetricComparisonSchema = Type.Object(
  {
    metric: Type.String({ description: 'iops, lat_p99, ...' }),
    unit: Type.String(),
    better: oneOf('higher', 'lower'),
    baseline: nullable(EstimateSchema),
    candidate: nullable(EstimateSchema),
    difference: nullable(MetricDifferenceSchema),
  },
  { ...strict, description: 'null: that side has no such trial or no such I/O' },
);

const VariantComparisonSchema = Type.Object(
  {
    backend: Type.String(),
    variant: Type.String(),
    label: Type.String(),
    baseline_trials: count(),
    candidate_trials: count(),
    missing: nullable(Type.String({ description: 'why one side has no trials' })),
    metrics: Type.Array(MetricComparisonSchema),
  },
  strict,
);

const MachineSchema = Type.Object(
  {
    syscall_ratio: Type.Number({ description: 'of the time that a bare system call takes' }),
    null_ratio: Type.Number({ description: 'of the time that an I/O of the backend null takes' }),
    low: Type.Number({ description: 'what it makes of the metric by itself, as a ratio: from' }),
    high: Type.Number({ description: 'to' }),
    treatment: oneOf('normalised', 'widened'),
    text: Type.String({ description: 'the same for people' }),
  },
  {
    ...strict,
    description:
      "The CPUs' speed differs, candidate over baseline, by the calibrations beside the trials. normalised: the evidence is of figures divided by the middle of low..high, with what is not known in the interval; widened: low..high holds 1, as the figure may have nothing to do with it",
  },
);

const EvidenceSchema = Type.Object(
  {
    ratio: Type.Number({ description: "candidate over baseline, of the means of the runs' levels" }),
    low: Type.Number({ description: '99 % interval of it, with what runs differ by' }),
    high: Type.Number(),
    deviation: Type.Number({ description: "standard deviation of one run's level, as a share" }),
    from: oneOf('runs', 'floor', 'blocks'),
    baseline_runs: count(),
    candidate_runs: count(),
    baseline_trials: count('that count'),
    candidate_trials: count('that count'),
    not_counted: nullable(Type.String({ description: 'trials that were disturbed, and by what' })),
    machine: nullable(MachineSchema),
    needs: nullable(Type.String({ description: 'what would change the outcome' })),
  },
  {
    ...strict,
    description:
      'runs: as they differ; floor: a stated one, for want of runs; blocks: pairs measured side by side',
  },
);

const CheckSchema = Type.Object(
  {
    rule: Type.String({ description: 'iops<-5%' }),
    metric: Type.String(),
    variant: Type.String(),
    label: Type.String(),
    outcome: oneOf('pass', 'regression', 'inconclusive'),
    reason: Type.String(),
    evidence: nullable(EvidenceSchema),
  },
  strict,
);

export const ComparisonSchema = Type.Object(
  {
    schema_version: Type.Literal(COMPARISON_SCHEMA_VERSION),
    tool: Type.Object({ name: Type.Literal('uring-bench'), version: Type.String() }, strict),
    baseline: SideSchema,
    candidate: SideSchema,
    variants: Type.Array(VariantComparisonSchema),
    checks: Type.Array(CheckSchema, { description: 'each rule of --fail-on for each variant' }),
    inconclusive: oneOf('tell', 'pass', 'fail'),
    outcome: Type.Union([oneOf('pass', 'regression', 'inconclusive'), Type.Null()], {
      description: 'the worst of the checks; null without rules',
    }),
    explained: Type.Optional(
      Type.Array(
        Type.Object({ variant: Type.String(), label: Type.String(), explain: ExplainSchema }, strict),
        { description: 'what got worse, in one more run of it (gate with --explain behind --)' },
      ),
    ),
    warnings: Type.Array(Type.Object({ code: Type.String(), message: Type.String() }, strict)),
  },
  { ...strict, $id: 'https://uring-bench.invalid/comparison-1.schema.json', title: 'uring-bench comparison' },
);

export type Comparison = Static<typeof ComparisonSchema>;
export type Side = Static<typeof SideSchema>;
export type MetricDifference = Static<typeof MetricDifferenceSchema>;
export type MetricComparison = Static<typeof MetricComparisonSchema>;
export type VariantComparison = Static<typeof VariantComparisonSchema>;
export type Evidence = Static<typeof EvidenceSchema>;
export type Check = Static<typeof CheckSchema>;
export type ComparisonWarning = Comparison['warnings'][number];
