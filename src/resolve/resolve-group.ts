/** From the options in force for one group of jobs to the group: its workload, its files, its bounds. */
import type { Variant } from '../backends/backend.ts';
import { storeOptions } from '../options/option-reader.ts';
import type { InForce, RawOptions } from '../options/options.ts';
import type { ResultWarning } from '../results/schema.ts';
import { resolveTargets, splitFilenames, type TargetHost } from '../targets/target.ts';
import { blockSizesInUse } from '../targets/target-options.ts';
import type { TargetFile } from '../workload/workload.ts';
import {
  COMPARISON_RUNTIME_NS,
  DEFAULT_RUNTIME_NS,
  type EndRules,
  endRules,
  jobBounds,
  passBytesOf,
  unreachedIos,
} from './bounds.ts';
import { checkCpus, type Machine } from './cpus.ts';
import { syncDepth } from './ignored.ts';
import type { JobGroup } from './run-plan.ts';
import { blockSizes, settle, settleQueue, workloadOf } from './settle.ts';

/** iodepth of the default comparison: enough that the asynchronous interfaces can show what they are for. */
export const COMPARISON_IODEPTH = 8;

/** What a group's resolution asks of the machine. */
export interface ResolveHost {
  machine: Machine;
  target: TargetHost;
}

/** What holds for all groups of a run. */
export interface RunSettings {
  /** Whether the defaults are those of a comparison. */
  comparison: boolean;
  /** The values of the run's own options, stored with each group. */
  values: Pick<InForce, 'reference' | 'trials' | 'until-confident' | 'max-trials' | 'warmup-trials'>;
}

/** A group that was asked for, with the variants that its jobs run with. */
export interface GroupToResolve {
  raw: RawOptions;
  startAfter: string | null;
  /** null: those of the run. */
  own: Variant | null;
  variants: readonly Variant[];
}

export interface ResolvedGroup {
  group: JobGroup;
  values: InForce;
  warnings: ResultWarning[];
}

/** @throws BenchError (usage) for the first thing that is wrong */
export function resolveGroup(asked: GroupToResolve, run: RunSettings, host: ResolveHost): ResolvedGroup {
  const { raw, variants } = asked;
  const values = { ...settle(raw), ...run.values };
  const rules = endRules(raw, run.comparison ? COMPARISON_RUNTIME_NS : DEFAULT_RUNTIME_NS);
  if (values['cpus-allowed'] !== null) checkCpus(values['cpus-allowed'], host.machine);
  values.backend = variants.map((variant) => variant.label);
  settleQueue(values, raw.iodepth ?? (run.comparison ? COMPARISON_IODEPTH : 1));

  const filenames = (raw.filename ?? []).flatMap(splitFilenames);
  const bs = blockSizes(values.bs);
  const files = targetsOf(raw, values, filenames, host);
  const sizeBytes = (files[0] ?? []).reduce((sum, file) => sum + file.size, 0);
  const leastBs = Math.min(...blockSizesInUse(values.rw, bs));
  const wholeBytes = passBytesOf(files[0] ?? [], leastBs);
  const bounds = jobBounds(rules, wholeBytes);
  settleFiles(values, files, filenames, sizeBytes);
  settleEnd(values, rules);
  const charDevices = files.flat().every((file) => file.kind === 'char');
  return {
    group: {
      workload: workloadOf(values, bs, bounds, charDevices),
      variant: asked.own,
      files,
      startAfter: asked.startAfter,
      options: storeOptions(values),
    },
    values,
    warnings: [...syncDepth(raw, variants), ...unreachedIos(rules, wholeBytes, leastBs), ...unchecked(files)],
  };
}

/** Devices are overwritten that may hold what only a library would have found. */
function unchecked(files: readonly (readonly TargetFile[])[]): ResultWarning[] {
  const paths = new Set(files.flat().flatMap((file) => (file.unchecked ? file.path : [])));
  return [...paths].map((path) => ({
    code: 'signatures-unchecked',
    message: `${path} was looked at for the commonest signatures at its start alone: install libblkid (util-linux) to have all looked for, at its end, too`,
    variant: null,
    trial: null,
  }));
}

function targetsOf(raw: RawOptions, values: InForce, filenames: string[], host: ResolveHost): TargetFile[][] {
  return resolveTargets(
    {
      name: values.name,
      filenames,
      directory: values.directory,
      size: values.size,
      filesize: values.filesize,
      nrfiles: raw.nrfiles ?? null,
      offset: values.offset,
      numjobs: values.numjobs,
      rw: values.rw,
      bs: blockSizes(values.bs),
      direct: values.direct,
      allowOverwrite: values['allow-overwrite'],
      destroyDevice: values['destroy-device'],
    },
    host.target,
  );
}

function settleFiles(
  values: InForce,
  files: readonly (readonly TargetFile[])[],
  filenames: string[],
  sizeBytes: number,
): void {
  const first = files[0] ?? [];
  const sizes = new Set(first.map((file) => file.size));
  values.filename = filenames.length > 0 ? filenames : null;
  values.nrfiles = first.length;
  values.size = sizeBytes;
  values.filesize = sizes.size === 1 ? (first[0]?.size ?? null) : null;
  values.bs = blockSizes(values.bs);
}

function settleEnd(values: InForce, rules: EndRules): void {
  values.runtime = rules.runtimeNs;
  values['time-based'] = rules.timeBased;
}
