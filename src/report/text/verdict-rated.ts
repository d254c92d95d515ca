/** The verdict of an open loop: its IOPS were asked for, so it is who held them, and whose I/Os were answered soonest. */
import type { Rated, RatedStanding } from '../../stats/rated.ts';
import { formatIops, formatLatency, joined } from '../../values/format.ts';

/** From here on a share is told as whole. */
const NEARLY = 0.99;

const names = (all: readonly Rated[]): string => joined(all.map(({ label }) => label));

/** "61 %", "2.6 %" */
function percent(share: number): string {
  const pct = share * 100;
  return `${pct < 10 ? pct.toFixed(1) : Math.round(pct)} %`;
}

/** How far one got that did not hold its rate: some trials may have, and then the median tells nothing. */
function shortfall({ label, share }: Rated): string {
  const nearly = share >= NEARLY;
  return nearly ? `${label} not in every trial` : `${label} did ${percent(share)} of them`;
}

function whoHeld({ askedIops, held, missed }: RatedStanding): string {
  const asked = `${formatIops(askedIops)} IOPS`;
  const fell = joined(missed.map(shortfall));
  if (held.length === 0 && missed.length === 1) return `${asked} were not held: ${fell}`;
  if (held.length === 0) return `none held ${asked}: ${fell}`;
  const who = missed.length === 0 && held.length > 1 ? 'all' : names(held);
  return `${who} held ${asked}${fell === '' ? '' : `; ${fell}`}`;
}

function whoseTail({ held, tied, unknown }: RatedStanding): string | null {
  const [first, ...others] = held;
  if (first === undefined) return null;
  const p99 = ({ p99Ns }: Rated): string => formatLatency(p99Ns);
  if (others.length === 0) return `99 % of its I/Os were answered within ${p99(first)} of when they were due`;
  const last = others.at(-1) as Rated;
  const range = `p99 of the response ${p99(first)} (${first.label}) to ${p99(last)} (${last.label})`;
  if (unknown) return `${range}, but there are too few trials to tell them apart (--trials)`;
  const same = held.slice(0, 1 + tied);
  if (same.length === held.length) return `no difference in the p99 of their response is seen: ${range}`;
  const soonest = same.length === 1 ? `${first.label} answered soonest` : `${names(same)} answered soonest`;
  return `${soonest}: ${range}`;
}

/** One or two sentences, without their full stops. */
export function ratedSentences(standing: RatedStanding): string[] {
  return [whoHeld(standing), whoseTail(standing)].filter((text) => text !== null);
}
