/** Part two: what the loop itself costs, with and without latencies, and what reading the clock costs. */
import { quantile } from '../src/stats/spread.ts';
import { buildFloor, programs } from './build.ts';
import type { Context } from './comparison.ts';
import { execute } from './exec.ts';
import { BLOCK_BYTES } from './rows.ts';
import { nsPerIo, type SpreadOf, spread } from './summary.ts';

interface Setting {
  iodepth: number;
  batch: number;
}

/** A batch is never larger than iodepth. */
const settings: readonly Setting[] = [
  { iodepth: 1, batch: 1 },
  { iodepth: 8, batch: 1 },
  { iodepth: 8, batch: 8 },
  { iodepth: 64, batch: 1 },
  { iodepth: 64, batch: 8 },
];

/** All in nanoseconds per I/O. */
export interface FloorRow extends Setting {
  with: SpreadOf;
  without: SpreadOf;
  /** What recording latencies adds: the median of the rounds' own differences. */
  recording: number;
}

export interface Floor {
  rows: FloorRow[];
  /** Nanoseconds of one reading of the clock. */
  clock: SpreadOf;
}

/** Paired values, one pair a round. */
export function floorRow(setting: Setting, kept: readonly number[], left: readonly number[]): FloorRow {
  const differences = kept.map((value, round) => value - (left[round] as number));
  return { ...setting, with: spread(kept), without: spread(left), recording: quantile(differences, 0.5) };
}

export async function runFloor({ options, file, signal, say }: Context): Promise<Floor> {
  await buildFloor({ signal });
  const { rounds, seconds, cpu } = options;
  const measure = async (program: string, ...args: (string | number)[]) =>
    Number((await execute(program, args.map(String), { signal, seconds })).stdout);
  const kept = settings.map((): number[] => []);
  const left = settings.map((): number[] => []);
  const clock: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    say(`floor: round ${round} of ${rounds}`);
    for (const [index, { iodepth, batch }] of settings.entries()) {
      const args = [iodepth, batch, seconds, cpu];
      kept[index]?.push(await measure(programs.floor, ...args));
      left[index]?.push(await measure(programs.floorNoLatency, ...args));
    }
    const perSecond = await measure(programs.bare, 'clock', file.path, BLOCK_BYTES, 1, 1, seconds, cpu);
    clock.push(nsPerIo(perSecond));
  }
  return {
    rows: settings.map((setting, index) => floorRow(setting, kept[index] ?? [], left[index] ?? [])),
    clock: spread(clock),
  };
}
