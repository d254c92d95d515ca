/** What `--explain` stores that anybody may read: the kernel's counters in /proc and /sys over the explaining pass. */
import { type Static, Type } from '@sinclair/typebox';
import { amount, count, nullable, strict } from './schema-kinds.ts';

const BasicThreadsSchema = Type.Object(
  {
    kind: Type.Union(
      [
        Type.Literal('job'),
        Type.Literal('pool'),
        Type.Literal('iou-wrk'),
        Type.Literal('iou-sqp'),
        Type.Literal('other'),
      ],
      {
        description:
          'pool: threads of glibc or of threadpool that serve a job; other: of a program that is not ours',
      },
    ),
    threads: count('that were seen, at once or one after the other'),
    seen_ns: count('sum of their times between the first and the last look at each'),
    run_ns: count('of it on a CPU'),
    ready_ns: nullable(count('of it able to run and waiting for a CPU; null where the kernel does not say')),
    sleep_ns: nullable(count('the rest of it')),
    voluntary: count('switches that they made themselves meanwhile: they slept'),
    involuntary: count('switches that were made for them: another had to run'),
  },
  { ...strict, description: 'threads of one kind, together' },
);

const BasicDeviceSchema = Type.Object(
  {
    device: Type.String({ description: 'vda' }),
    reads: count('that ended meanwhile, of anybody'),
    read_ns: count('sum of their times in queue and device; the kernel counts milliseconds'),
    writes: count(),
    write_ns: count(),
    busy_ns: count('with anything in queue or device'),
    in_flight: amount('mean number of requests in queue and device'),
  },
  strict,
);

const BasicRingsSchema = Type.Object(
  {
    sq_work_pct: nullable(amount("of the polling threads' time (SQPOLL) doing work; null without any")),
    cq_overflow_most: count('completions that had no room in a ring, the most at one look'),
  },
  strict,
);

export const BasicFiguresSchema = Type.Object(
  {
    window_ns: count('from the first look to the last; looks are at most some 30 ms apart'),
    threads: Type.Array(BasicThreadsSchema),
    devices: Type.Array(BasicDeviceSchema),
    pressure: Type.Object(
      {
        cpu_pct: nullable(amount('of the window in which some task of the machine waited for a CPU (PSI)')),
        io_pct: nullable(amount('the same for I/O')),
        memory_pct: nullable(amount('the same for memory')),
      },
      { ...strict, description: 'null where the kernel does not say' },
    ),
    rings: nullable(BasicRingsSchema),
  },
  {
    ...strict,
    description: 'what needs no rights; null figures where a trial was over before it could be looked at',
  },
);

export type BasicThreads = Static<typeof BasicThreadsSchema>;
export type BasicFigures = Static<typeof BasicFiguresSchema>;
