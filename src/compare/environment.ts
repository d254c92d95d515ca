/** What differs between the machines or settings of two results: each difference may explain the numbers by itself. */
import type { DeviceInfo, Environment, RunResult } from '../results/schema.ts';
import type { ComparisonWarning } from './schema.ts';

/** What a reader calls it, and what it is. */
type Facts = readonly (readonly [name: string, value: unknown])[];

function hostFacts(environment: Environment, tool: RunResult['tool']): Facts {
  const { kernel, kernel_version: build } = environment;
  return [
    ['kernel', kernel],
    // A rebuilt kernel of the same release.
    ['kernel build', build],
    ['architecture', environment.arch],
    ['virtualization', environment.virtualization],
    ['CPU', environment.cpu_model],
    ['CPUs online', environment.cpus_online],
    ['CPUs allowed', environment.cpus_allowed],
    ['NUMA nodes', environment.numa_nodes],
    ['SMT', environment.smt],
    ['governor', environment.governor],
    ['mitigations', environment.mitigations],
    ['memory', `${(environment.memory_bytes / 2 ** 30).toFixed(1)} GiB`],
    ['clock', environment.clock],
    ['clocksource', environment.clocksource],
    ['Node', environment.node],
    ['uring-bench', tool.version],
    ['native library', environment.library],
    ['glibc', environment.glibc],
  ];
}

function deviceFacts(device: DeviceInfo): Facts {
  return [
    ['file system', device.file_system],
    ['mount options', device.mount_options],
    ['device', device.device],
    ['device model', device.model],
    ['firmware', device.firmware],
    ['rotational', device.rotational],
    ['scheduler', device.scheduler],
    ['nr_requests', device.nr_requests],
    ['logical block size', device.logical_block_size],
    ['physical block size', device.physical_block_size],
    ['max_sectors_kb', device.max_sectors_kb],
    ['write cache', device.write_cache],
    ['io_poll', device.io_poll],
    ['nomerges', device.nomerges],
    ['rq_affinity', device.rq_affinity],
    ['wbt_lat_usec', device.wbt_lat_usec],
  ];
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'unknown';
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}

/** Something of a machine or its settings that is not the same. */
export interface EnvironmentChange {
  code: 'host-differs' | 'environment-differs' | 'device-differs';
  /** `kernel` */
  name: string;
  before: string;
  after: string;
}

function differing(code: EnvironmentChange['code'], before: Facts, after: Facts): EnvironmentChange[] {
  return before.flatMap(([name, value], at) => {
    const other = after[at]?.[1];
    if (value === other) return [];
    return [{ code, name, before: shown(value), after: shown(other) }];
  });
}

/** A device that both sides used stands for all: several files are almost always on one. */
function firstDevice({ files }: Environment): DeviceInfo | undefined {
  return files.find(({ device }) => device !== null) ?? files[0];
}

type Where = Pick<RunResult, 'environment' | 'tool'>;

/** Everything that differs, in the order in which it matters; nothing when the runs share a machine and its settings. */
export function environmentChanges(before: Where, after: Where): EnvironmentChange[] {
  const [left, right] = [before.environment, after.environment];
  const hosts = (environment: Environment): Facts => [['host', environment.hostname]];
  const changes = differing('host-differs', hosts(left), hosts(right));
  const host = differing('environment-differs', hostFacts(left, before.tool), hostFacts(right, after.tool));
  // Another release has another build line as a matter of course.
  const kernelToo = host.some(({ name }) => name === 'kernel');
  changes.push(...host.filter(({ name }) => !(kernelToo && name === 'kernel build')));
  const [device, other] = [firstDevice(left), firstDevice(right)];
  if (device && other) changes.push(...differing('device-differs', deviceFacts(device), deviceFacts(other)));
  return changes;
}

/** The same as warnings of a comparison. */
export function environmentDifferences(before: RunResult, after: RunResult): ComparisonWarning[] {
  return environmentChanges(before, after).map(({ code, name, before: was, after: is }) => ({
    code,
    message: `${name} differs: ${was} and ${is}`,
  }));
}
