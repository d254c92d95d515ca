/** The value of --steady-state: `iops:10%/5x60s`, `lat:20%:10%/5x1m`. */
import { usageError } from '../errors.ts';
import type { SteadyAsk } from '../workload/workload.ts';
import { formatDecimal, formatTime, parseCount, parseDecimal, parseTime, shown } from './units.ts';

const METRICS = ['iops', 'bw', 'lat'] as const;
const ROUNDS = { least: 2, most: 1000 };
/** Shorter rounds are noise, and looks at them a load. */
const ROUND_NS_LEAST = 50_000_000;

/** `10%` or `10`: above 0, up to 100 -> 0.1. */
function share(text: string): number | undefined {
  const number = parseDecimal(text.trim().replace(/ *%$/, ''));
  return number === undefined || number <= 0 || number > 100 ? undefined : number / 100;
}

/** @throws BenchError (usage) that names the option and shows the text */
export function parseSteady(flag: string, text: string): SteadyAsk {
  const wrong = (why: string) =>
    usageError(
      `${shown(flag, text)}: ${why}`,
      'METRIC:RANGE[:SLOPE]/ROUNDSxTIME: iops:10%/5x60s, bw:20%:10%/5x1m; metrics are iops, bw and lat',
    );
  const [what = '', when, ...more] = text.split('/');
  if (when === undefined || more.length > 0) throw wrong('how many rounds, and how long, stand behind one /');
  const [name, rangeText = '', slopeText, ...rest] = what.split(':');
  const metric = METRICS.find((known) => known === name);
  if (metric === undefined) throw wrong(`'${name}' is no metric`);
  const range = share(rangeText);
  const excursion = slopeText === undefined ? null : share(slopeText);
  if (range === undefined || excursion === undefined || rest.length > 0)
    throw wrong('range and slope are percentages of the mean');
  const [roundsText = '', timeText, ...others] = when.split('x');
  if (timeText === undefined || others.length > 0) throw wrong('rounds and their time are written 5x60s');
  const rounds = parseCount(flag, roundsText, ROUNDS.least, ROUNDS.most);
  const roundNs = parseTime(flag, timeText, 's');
  if (roundNs < ROUND_NS_LEAST) throw wrong(`a round takes ${formatTime(ROUND_NS_LEAST)} at least`);
  return { metric, range, excursion, rounds, roundNs };
}

function percentText(value: number): string {
  return `${formatDecimal(Math.round(value * 1e8) / 1e6)}%`;
}

/** Text that parses back to the rule. */
export function formatSteady({ metric, range, excursion, rounds, roundNs }: SteadyAsk): string {
  const slope = excursion === null ? '' : `:${percentText(excursion)}`;
  return `${metric}:${percentText(range)}${slope}/${rounds}x${formatTime(roundNs)}`;
}
