/** What a list of stored results needs of each: its summaries, without trials and histograms, which are most of a file. */
import { FormatRegistry, type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { usageError } from '../errors.ts';
import { fieldsOf, lift } from './lift.ts';
import { ResultSchema } from './schema.ts';
import { SweepSchema } from './sweep-schema.ts';

const { backends, tool, status, started_at, labels, note, environment, jobs } = ResultSchema.properties;
const { trials: _, groups: __, ...summed } = backends.items.properties;

/** Not strict: what else there is was not looked at. */
const ListedSchema = Type.Object({
  ...{ tool, status, started_at, labels, note, environment, jobs },
  backends: Type.Array(Type.Object(summed)),
});

const ListedSweepSchema = Type.Object({
  tool,
  status,
  started_at,
  grid: SweepSchema.properties.grid,
  points: Type.Array(Type.Object({ result: ListedSchema })),
});

const ListedBaselineSchema = Type.Object({
  tool,
  kind: Type.Literal('baseline'),
  runs: Type.Array(ListedSchema, { minItems: 1 }),
});

const ListedEvaluationSchema = Type.Object({
  tool,
  kind: Type.Literal('evaluation'),
  status,
  started_at,
  environment,
  profile: Type.String(),
  target: Type.Object({ path: Type.String() }),
});

/** A run, without its trials. */
export type ListedRun = Static<typeof ListedSchema>;

export interface ListedFile {
  path: string;
  status: ListedRun['status'];
  started_at: string;
  /** The run; of a sweep that of each point, of a gate's baseline each that it holds. */
  runs: ListedRun[];
  /** `sweep bs=4k,16k x iodepth=1,2`, `evaluate quick of /dev/sda`; null of a run, which says it itself. */
  grid: string | null;
}

/** Reads what is listed of a file: a tenth of the time that all of it takes. @throws BenchError (usage) when it is no result */
export function parseListed(text: string, path: string): ListedFile {
  if (text.trim() === '')
    throw usageError(`${path} is empty`, 'the run that writes it may not have ended yet');
  const found = fieldsOf(parsed(text, path));
  if (fieldsOf(found.tool).name !== 'uring-bench') throw usageError(`${path} is not a uring-bench result`);
  // Dates are looked at where they are shown.
  if (!FormatRegistry.Has('date-time'))
    FormatRegistry.Set('date-time', (date) => !Number.isNaN(Date.parse(date)));
  if (found.kind === 'explanation')
    throw usageError(`${path} explains a command: uring-bench show prints it`);
  const value = lift(found);
  if (Value.Check(ListedSchema, value)) return { ...base(path, value), runs: [value], grid: null };
  if (Value.Check(ListedBaselineSchema, value)) {
    const last = value.runs.at(-1) as ListedRun;
    return { ...base(path, last), runs: value.runs, grid: null };
  }
  if (Value.Check(ListedEvaluationSchema, value)) {
    const { profile, target, kind: _kind, ...run } = value;
    const grid = `evaluate ${profile} of ${target.path}`;
    return { ...base(path, value), runs: [{ ...run, jobs: [], backends: [] }], grid };
  }
  if (!Value.Check(ListedSweepSchema, value)) {
    throw usageError(`${path} does not fit the schema of a result`, 'uring-bench show says where');
  }
  const words = value.grid.dimensions.map(({ option, values }) => `${option}=${values.join(',')}`);
  const grid = `sweep ${words.join(' x ')}`;
  return { ...base(path, value), runs: value.points.map(({ result }) => result), grid };
}

function base(path: string, { status, started_at }: Pick<ListedRun, 'status' | 'started_at'>) {
  return { path, status, started_at };
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw usageError(`${path} is not JSON: ${(error as Error).message.replace(/\s+/g, ' ')}`);
  }
}
