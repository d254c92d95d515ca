/** Whether a run was what the article's table is about: reads from the cache or from the device, busy CPUs. */
import type { RunResult } from '../../results/schema.ts';
import type { ArticleReport, DeviceReads } from '../../results/schema-report.ts';
import { formatBytes, formatPct, plural } from '../../values/format.ts';

/** Less than this in a trial is the jobs' program being loaded, not their reads: at most a thousandth of them, or: */
const CACHED_SHARE = 0.001;
const PROGRAM_BYTES = 2 ** 20;
/** From here on the CPUs may be called busy: the rest is interrupts and the idle moments of start and end. */
const BUSY_PCT = 90;

export interface CacheCheck {
  /** true: read from the page cache. null: there is no witness. */
  cached: boolean | null;
  /** What the trials read, and what of it came from a device by the witness; of all trials. */
  ioBytes: number;
  readBytes: number;
  witness: 'process' | 'device' | null;
}

/** Our own reads are the better witness: a device may have other readers. */
function witnessOf(reads: readonly DeviceReads[]): CacheCheck['witness'] {
  if (reads.length === 0) return null;
  if (reads.every(({ process_bytes: bytes }) => bytes !== null)) return 'process';
  return reads.every(({ device_bytes: bytes }) => bytes !== null) ? 'device' : null;
}

function isCached({ io_bytes: ioBytes }: DeviceReads, bytes: number): boolean {
  return bytes <= Math.max(PROGRAM_BYTES, ioBytes * CACHED_SHARE);
}

/** Whether every trial's reads came from the page cache. */
export function checkCache({ device_reads: reads }: Pick<ArticleReport, 'device_reads'>): CacheCheck {
  const witness = witnessOf(reads);
  const bytesOf = (one: DeviceReads) => (witness === 'process' ? one.process_bytes : one.device_bytes) ?? 0;
  const sum = (of: (one: DeviceReads) => number) => reads.reduce((total, one) => total + of(one), 0);
  const ioBytes = sum((one) => one.io_bytes);
  if (witness === null) return { cached: null, ioBytes, readBytes: 0, witness };
  const cached = reads.every((one) => isCached(one, bytesOf(one)));
  return { cached, ioBytes, readBytes: sum(bytesOf), witness };
}

function witnessText(witness: 'process' | 'device', devices: readonly string[]): string {
  return witness === 'process'
    ? "the jobs' read_bytes in /proc/self/io"
    : `sectors read of ${devices.map((device) => `/sys/block/${device}/stat`).join(', ')}`;
}

/** What the devices read in the same time, by anyone. */
function deviceText({ devices, device_reads: reads }: ArticleReport): string {
  const known = reads.flatMap(({ device_bytes: bytes }) => bytes ?? []);
  if (known.length < reads.length || known.length === 0) return '';
  const total = known.reduce((a, b) => a + b, 0);
  return `; ${devices.join(', ')} read ${formatBytes(total)} in that time, for anyone`;
}

/** What the witnesses of device reads say about the table. */
export function checkLines(report: ArticleReport): string[] {
  if (report.device_reads.length === 0) return [];
  const check = checkCache(report);
  const trials = plural(report.device_reads.length, 'trial');
  if (check.witness === null) {
    return ['Where the reads came from is not known: neither /proc/self/io nor a device tells.'];
  }
  const share = check.ioBytes > 0 ? (check.readBytes / check.ioBytes) * 100 : 0;
  const from = `${formatBytes(check.readBytes)} of ${formatBytes(check.ioBytes)} in ${trials} came from a device`;
  const by = `(${witnessText(check.witness, report.devices)}${check.witness === 'process' ? deviceText(report) : ''})`;
  if (report.table !== 'table2') return [`Direct I/O: ${formatPct(share)} % of the bytes, ${from} ${by}.`];
  const loaded = check.readBytes > 0 ? ', what loading programs takes,' : '';
  const caused = `${formatBytes(check.readBytes)}${loaded} beside ${formatBytes(check.ioBytes)} from the cache`;
  return check.cached
    ? [`Page cache: reads did not reach a device: ${caused} in ${trials} ${by}.`]
    : [
        `NOT the article's table 2: reads reached the device: ${from} ${by}. Is there memory for the files, and does nothing take cached pages away (memory.max, DAMON)?`,
      ];
}

/** How busy the CPUs were: the article's table is about what an I/O costs, when that is the limit. */
export function cpuLine({ backends, environment }: RunResult): string {
  const cpus = environment.cpus_allowed;
  const busy = backends.flatMap(({ label, summary }) => {
    if (summary === null) return [];
    return [{ label, pct: (summary.usr_pct.median + summary.sys_pct.median) / cpus }];
  });
  if (busy.length === 0) return 'No backend ran.';
  const list = busy.map(({ label, pct }) => `${label} ${formatPct(pct)} %`).join(', ');
  const least = Math.min(...busy.map(({ pct }) => pct));
  const where = `Use of ${plural(cpus, 'CPU')} by jobs and their helpers: ${list}`;
  if (least >= BUSY_PCT) return `${where}; saturated, as in the article.`;
  return `${where}. The article's were saturated, so that its order is that of costs per I/O; where they are not, the device decides.`;
}
