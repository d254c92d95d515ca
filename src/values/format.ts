/** Numbers as reports show them. Every function takes stored units (ns, bytes, I/Os) and returns text. */

/** A whole number with thousands separators: 1486000 is "1,486,000". */
export function formatCount(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A number with one decimal and thousands separators: "1,383.8". */
function formatTenths(value: number): string {
  const [whole = '0', tenth = '0'] = value.toFixed(1).split('.');
  return `${formatCount(Number(whole))}.${tenth}`;
}

/** The same, with a second decimal below 1, where it says something. */
function formatOneDecimal(value: number): string {
  return value > 0 && value < 0.95 ? trimmedDecimals(value, 2) : formatTenths(value);
}

/** value with so many decimals; "<0.01" instead of a zero that isn't one. */
function trimmedDecimals(value: number, decimals: number): string {
  const least = 10 ** -decimals;
  return value > 0 && value < least / 2 ? `<${least.toFixed(decimals)}` : value.toFixed(decimals);
}

/** I/Os per second: whole with thousands separators, one decimal below 100. */
export function formatIops(iops: number): string {
  return iops < 99.95 ? formatOneDecimal(iops) : formatCount(iops);
}

/** Bytes per second as the number of MiB/s, without the unit. */
export function formatMiBps(bytesPerSecond: number): string {
  return formatOneDecimal(bytesPerSecond / 2 ** 20);
}

/** A latency in ns: whole ns below 10 usec, then usec: "8,412 ns", "84.1 usec", "1,549 usec". */
export function formatLatency(ns: number): string {
  if (Math.round(ns) < 10_000) return `${formatCount(ns)} ns`;
  const usec = ns / 1000;
  return `${usec < 99.95 ? usec.toFixed(1) : formatCount(usec)} usec`;
}

/** Events per I/O: "1.00", "12.5", "0.008", "<0.001". */
export function formatPerIo(events: number): string {
  if (events >= 99.95) return formatCount(events);
  if (events >= 9.995) return events.toFixed(1);
  return trimmedDecimals(events, events > 0 && events < 0.0995 ? 3 : 2);
}

/** Nanoseconds per I/O as the number of usec, without the unit: "4.91", "12.3", "1,204". */
export function formatUsec(ns: number): string {
  return formatPerIo(ns / 1000);
}

/** A percentage without the sign: "4.2", "98", "1,203". */
export function formatPct(pct: number): string {
  return pct > 0 && pct < 9.95 ? trimmedDecimals(pct, 1) : formatCount(pct);
}

/** A change as a percentage with its sign: "+4.9%", "-42.6%", "0.0%". */
export function formatChange(pct: number): string {
  const size = formatTenths(Math.abs(pct));
  if (size === '0.0') return '0.0%';
  return `${pct < 0 ? '-' : '+'}${size}%`;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** A size: "512 B", "4 KiB", "1.5 GiB". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = Number.isInteger(value) || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}

/** A time in ns for people: "850 ms", "3.2 s", "10 s", "5 min". */
export function formatDuration(ns: number): string {
  const seconds = ns / 1e9;
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds >= 120) return `${formatCount(seconds / 60)} min`;
  return `${Number(seconds.toFixed(1))} s`;
}

/** A percentile as the quantile it is: 99.9 is "0.999". */
export function formatQuantile(percentile: number): string {
  return String(Number((percentile / 100).toPrecision(12)));
}

/** "1 read", "2 reads". */
export function plural(count: number, singular: string, many = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : many}`;
}

/** "a", "a and b", "a, b and c". */
export function joined(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
