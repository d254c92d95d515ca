/** What the machine does from one moment to the next, so cheap that it can be asked ten times a second. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IntervalConditions } from '../results/schema-series.ts';
import { blockDeviceByName } from './block-device.ts';
import { type Host, listNames, readText } from './host-files.ts';

interface Ticks {
  total: number;
  idle: number;
  steal: number;
}

/** First line of /proc/stat: user nice system idle iowait irq softirq steal (man 5 proc). */
function ticksNow(host: Host): Ticks | null {
  const line = readText('/proc/stat', host)?.match(/^cpu +([\d ]+)$/m)?.[1];
  if (line === undefined) return null;
  const ticks = line.trim().split(' ').slice(0, 8).map(Number);
  const [, , , idle = 0, iowait = 0, , , steal = 0] = ticks;
  return { total: ticks.reduce((sum, part) => sum + part, 0), idle: idle + iowait, steal };
}

/** Where drives have their sensor: that of an NVMe controller or of drivetemp, below the disk's device. */
function sensorsOf(disk: string, host: Host): string[] {
  const device = blockDeviceByName(disk, host);
  if (device === null) return [];
  const places = ['device', 'device/hwmon', 'device/device/hwmon'].map((place) =>
    join(device.diskFolder, place),
  );
  return places.flatMap((place) =>
    listNames(place, host)
      .filter((name) => /^hwmon\d+$/.test(name))
      .map((name) => join(place, name, 'temp1_input')),
  );
}

/** A drive answers this by a command of its own, beside the I/O: not more often than it changes. */
const TEMPERATURE_MS = 10_000;

/** Looks at the machine again and again: each time at what it did since the time before. */
export class IntervalLoad {
  readonly #host: Host;
  readonly #sensors: readonly string[];
  #before: Ticks | null;
  #askedMs = Number.NEGATIVE_INFINITY;
  #degrees: number | null = null;

  /** @param disks kernel names of the devices below the workload: nvme0n1 */
  constructor(disks: readonly string[], host: Host = {}) {
    this.#host = host;
    this.#sensors = [...new Set(disks.flatMap((disk) => sensorsOf(disk, host)))];
    this.#before = ticksNow(host);
    this.#askSensors();
  }

  /** The answer is for the look after it: nobody waits. */
  #askSensors(): void {
    const ms = performance.now();
    if (this.#sensors.length === 0 || ms - this.#askedMs < TEMPERATURE_MS) return;
    this.#askedMs = ms;
    for (const sensor of this.#sensors) {
      readFile(join(this.#host.root ?? '/', sensor), 'utf8').then(
        (text) => {
          // hwmon counts thousandths (Documentation/hwmon/sysfs-interface.rst).
          this.#degrees = Math.max(this.#degrees ?? Number.NEGATIVE_INFINITY, Number(text) / 1000);
        },
        () => {},
      );
    }
  }

  since(): IntervalConditions {
    const now = ticksNow(this.#host);
    const before = this.#before;
    this.#before = now;
    const degrees = this.#degrees;
    this.#degrees = null;
    this.#askSensors();
    const conditions: IntervalConditions = degrees === null ? {} : { temperature_c: degrees };
    if (now === null || before === null || now.total <= before.total) return conditions;
    const pct = (part: number): number => (Math.max(0, part) / (now.total - before.total)) * 100;
    conditions.steal_pct = pct(now.steal - before.steal);
    conditions.cpu_busy_pct = Math.min(100, Math.max(0, 100 - pct(now.idle - before.idle)));
    return conditions;
  }
}
