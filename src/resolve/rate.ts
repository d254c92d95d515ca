/** What --rate and --rate-iops come to: I/Os a second of each job, and what they cannot be combined with. */
import { usageError } from '../errors.ts';
import type { InForce } from '../options/options.ts';
import { RATE_IOPS_MAX } from '../options/options-rate.ts';
import { parseTime, shown } from '../values/units.ts';
import { isTree, rwModes } from '../workload/operations.ts';
import type { Workload } from '../workload/workload.ts';
import type { LatencyTarget } from './run-plan.ts';

/** Bytes of an I/O, on average over the mix of operations. */
function meanBytes({ rw, rwmixread }: InForce, bs: Workload['bs']): number {
  const { operations } = rwModes[rw];
  const of = (name: string): number =>
    name === 'read' || name === 'write' || name === 'trim' ? bs[name] : bs.write;
  if (operations.length === 1) return of(operations[0] ?? 'read');
  return (rwmixread * bs.read + (100 - rwmixread) * bs.write) / 100;
}

/** `p99:500us`. @throws BenchError (usage) */
export function parseTarget(text: string): LatencyTarget {
  const [, digits = '', time = ''] = /^(?:lat_)?p(\d{1,2}(?:\.\d{1,6})?):(.+)$/i.exec(text.trim()) ?? [];
  const percentile = Number(digits);
  if (time === '' || !(percentile > 0)) {
    const hint = 'a percentile and its limit, like p99:500us';
    throw usageError(`${shown('latency-target', text)} is not pN:TIME`, hint);
  }
  const limitNs = parseTime('latency-target', time, 'us');
  if (limitNs === 0) throw usageError(`${shown('latency-target', text)}: nothing takes no time`);
  return { percentile, limitNs };
}

/** What decides by itself how fast I/Os are sent, or for how long. @throws BenchError (usage) that names it */
function checkTarget(values: InForce): void {
  const target = 'latency-target';
  const rated = (['rate', 'rate-iops', 'rate-min', 'rate-iops-min'] as const).find(
    (flag) => values[flag] !== null,
  );
  if (rated !== undefined)
    throw usageError(`${target} finds the rate, and ${rated} says one`, 'give one of them');
  if (values.thinktime > 0)
    throw usageError(`${target} and thinktime both say when I/Os are sent`, 'give one of them');
  if (isTree(values.rw))
    throw usageError(
      `${target}: rw=${values.rw} is done as fast as it can`,
      'only I/O of data can have a rate',
    );
  const bound = (['number-ios', 'io-size'] as const).find((flag) => values[flag] !== null);
  if (bound !== undefined)
    throw usageError(`${target} needs trials of one length, and ${bound} ends them`, 'give --runtime alone');
  if (values['until-confident'] !== null)
    throw usageError(`${target} and until-confident both say how many trials there are`, 'give one of them');
  if (values['steady-state'] !== null)
    throw usageError(
      `${target} needs trials of one length, and steady-state ends them`,
      'give --runtime alone',
    );
  if (values.explain !== 'none')
    throw usageError(`${target} and explain exclude each other`, 'explain a run at the rate that it finds');
}

/** @throws BenchError (usage) when both are given, or none but what depends on them */
function checkRates(values: InForce): void {
  const { rate, 'rate-iops': iops, 'rate-process': process, thinktime, rw } = values;
  if (rate !== null && iops !== null)
    throw usageError('rate and rate-iops say the same in two ways', 'give one of them');
  if (rate === null && iops === null) {
    if (process === 'linear') return;
    throw usageError(`rate-process=${process} needs a rate`, 'give --rate-iops or --rate');
  }
  const flag = rate === null ? 'rate-iops' : 'rate';
  if (thinktime > 0)
    throw usageError(`${flag} and thinktime both say when I/Os are sent`, 'give one of them');
  if (isTree(rw))
    throw usageError(`${flag}: rw=${rw} is done as fast as it can`, 'only I/O of data can have a rate');
}

/**
 * The rates of a workload's jobs, in I/Os a second; 0 where none was given. As in fio they are of each job; here of
 * all its operations together.
 * @throws BenchError (usage) for what contradicts, and for more than the schedule can tell apart
 */
export function ratesOf(
  values: InForce,
  bs: Workload['bs'],
): Pick<Workload, 'rateIops' | 'rateProcess' | 'rateIopsMin'> {
  if (values['latency-target'] !== null) {
    parseTarget(values['latency-target']);
    checkTarget(values);
    // The search sets it: until then what excludes a rate excludes this.
    return { rateIops: 1, rateProcess: values['rate-process'], rateIopsMin: 0 };
  }
  checkRates(values);
  const iopsOf = (bytes: number | null): number => (bytes === null ? 0 : bytes / meanBytes(values, bs));
  const rateIops = values['rate-iops'] ?? iopsOf(values.rate);
  if (rateIops > RATE_IOPS_MAX)
    throw usageError(
      `rate is ${Math.round(rateIops)} I/Os a second`,
      `at most ${RATE_IOPS_MAX} can be told apart`,
    );
  return {
    rateIops,
    rateProcess: values['rate-process'],
    rateIopsMin: values['rate-iops-min'] ?? iopsOf(values['rate-min']),
  };
}
