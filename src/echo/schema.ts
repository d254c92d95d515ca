/** The result of `uring-bench echo`: the only source of its types and of schema/echo.schema.json. */
import { type Static, Type } from '@sinclair/typebox';
import { LatencySchema } from '../results/schema.ts';
import { amount, count, nullable, strict } from '../results/schema-kinds.ts';
import { MachineNoteSchema } from '../results/schema-machine.ts';
import { DifferenceSchema, EstimateSchema } from '../results/schema-statistics.ts';
import { ECHO_VERSION } from '../results/versions.ts';

const oneOf = <T extends string>(...words: T[]) => Type.Union(words.map((word) => Type.Literal(word)));

const ServerSchema = Type.Object(
  {
    runtime_ns: count("of the window by the server's clock"),
    requests: amount('bytes that were sent back, by the size of a request'),
    usr_ns: count(
      'CPU time of all of its threads, those of the kernel included that poll and work for its ring',
    ),
    sys_ns: count(),
    syscalls: count('made by it, accept, epoll_ctl and close included'),
    voluntary: count('context switches'),
    involuntary: count(),
    resets: count('connections that ended with an error, since it began'),
    rearmed: count('multishot receives that ended for want of buffers'),
    sends_zc: count('zero-copy sends whose notification came'),
    zc_copied: count('of these, those that the kernel copied after all; Linux 6.2'),
  },
  { ...strict, description: 'what the server used in the window, between two marks of the client' },
);

const TrialSchema = Type.Object(
  {
    trial: Type.Integer({ minimum: 1, description: 'the block: each has every backend once, shuffled' }),
    position: Type.Integer({ minimum: 1, description: 'in its block' }),
    status: oneOf('complete', 'interrupted'),
    runtime_ns: count('of the window'),
    requests: count('answered in the window'),
    requests_per_sec: amount(),
    unanswered: count(
      'in flight, or due and not sent, at the end of the window and without an answer 1 s later',
    ),
    lat_ns: LatencySchema,
    client_cpu_pct: amount("of one CPU; an open loop's client never waits"),
    server: ServerSchema,
  },
  strict,
);

const SummarySchema = Type.Object(
  {
    trials: count(),
    requests_per_sec: EstimateSchema,
    cpu_ns_per_request: EstimateSchema,
    syscalls_per_request: EstimateSchema,
    ctx_per_request: EstimateSchema,
    lat_ns: Type.Object(
      {
        mean: amount(),
        min: amount(),
        max: amount(),
        N: count(),
        percentile: Type.Record(Type.String(), amount(), { description: 'keys as fio: "99.900000"' }),
      },
      { ...strict, description: 'of all trials together' },
    ),
    vs_first: nullable(
      Type.Object(
        {
          requests_per_sec: DifferenceSchema,
          cpu_ns_per_request: DifferenceSchema,
          lat_ns: Type.Record(Type.String(), DifferenceSchema, {
            description: 'percentiles 50, 99 and 99.9',
          }),
        },
        { ...strict, description: 'to the first backend, paired within blocks; null: it is that' },
      ),
    ),
  },
  strict,
);

const BackendSchema = Type.Object(
  {
    variant: Type.String({ description: 'io_uring+multishot+bundles' }),
    status: oneOf('complete', 'interrupted', 'failed', 'skipped'),
    reason: nullable(Type.String({ description: 'why it failed or was skipped' })),
    trials: Type.Array(TrialSchema),
    summary: nullable(SummarySchema),
  },
  strict,
);

const OptionsSchema = Type.Object(
  {
    transport: oneOf('tcp', 'unix'),
    connections: count(),
    bs: count('bytes of a request'),
    pipeline: count('requests that a connection has in flight'),
    rate: nullable(count('open loop: requests per second over all connections; null: closed loop')),
    verify: Type.Boolean(),
    runtime: amount('seconds of a trial'),
    ramp_time: amount('seconds'),
    trials: count(),
    server_cpus: nullable(Type.Array(count(), { description: 'null: of another machine' })),
    client_cpus: Type.Array(count()),
    connect: nullable(Type.String({ description: 'HOST:PORT of another server' })),
    randseed: Type.String({ description: 'of the order of trials' }),
  },
  strict,
);

export const EchoSchema = Type.Object(
  {
    kind: Type.Literal('uring-bench-echo'),
    schema_version: Type.Literal(ECHO_VERSION),
    tool_version: Type.String(),
    started_at: Type.String(),
    finished_at: Type.String(),
    command_line: Type.Array(Type.String()),
    status: oneOf('complete', 'interrupted', 'failed'),
    environment: MachineNoteSchema,
    options: OptionsSchema,
    backends: Type.Array(BackendSchema),
    warnings: Type.Array(Type.String()),
  },
  { ...strict, title: 'result of uring-bench echo' },
);

export type EchoResult = Static<typeof EchoSchema>;
export type EchoBackend = Static<typeof BackendSchema>;
export type EchoTrial = Static<typeof TrialSchema>;
export type EchoSummary = Static<typeof SummarySchema>;
