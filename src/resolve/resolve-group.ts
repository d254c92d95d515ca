/** From the options in force for one group of jobs to the group: its workload, its files, its bounds. */
import type { Variant } from '../backends/backend.ts';
import { usageError } from '../errors.ts';
import { storeOptions } from '../options/option-reader.ts';
import type { InForce, RawOptions } from '../options/options.ts';
import type { ResultWarning } from '../results/schema.ts';
import { resolveTargets, splitFilenames, type TargetHost } from '../targets/target.ts';
import { blockSizesInUse } from '../targets/target-options.ts';
import { resolveTrees } from '../targets/tree.ts';
import { formatSize } from '../values/units.ts';
import { asideBytes } from '../workload/aside.ts';
import type { TargetFile, Tree, Workload } from '../workload/workload.ts';
import {
  bytesOfPass,
  COMPARISON_RUNTIME_NS,
  coldPassBytes,
  DEFAULT_RUNTIME_NS,
  type EndRules,
  endRules,
  jobBounds,
  passBytesOf,
  unreachedIos,
} from './bounds.ts';
import { checkCpus, type Machine } from './cpus.ts';
import { laidOutAnyway, syncDepth } from './ignored.ts';
import type { JobGroup } from './run-plan.ts';
import { blockSizes, settle, settleQueue, workloadOf } from './settle.ts';
import { checkWhole, fixedFilesize, treeBounds, treeOf, treeWarnings } from './tree.ts';

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
  checkWhole(values);
  const tree = treeOf(raw, values);
  if (tree !== null) return treeGroup(asked, values, rules, tree, host);
  const files = targetsOf(raw, values, filenames, host);
  const sizeBytes = (files[0] ?? []).reduce((sum, file) => sum + file.size, 0);
  const leastBs = Math.min(...blockSizesInUse(values.rw, bs));
  const wholeBytes = passBytesOf(files[0] ?? [], leastBs);
  const bounds = jobBounds(rules, wholeBytes);
  settleFiles(values, files, filenames, sizeBytes);
  settleEnd(values, rules, wholeBytes);
  const charDevices = files.flat().every((file) => file.kind === 'char');
  const workload = workloadOf(values, {
    bs,
    bounds,
    coldPassBytes: charDevices ? 0 : coldPassBytes(rules, wholeBytes, values),
    charDevices,
    tree: null,
  });
  checkAside(workload, files.flat());
  return {
    group: {
      workload,
      variant: asked.own,
      files,
      startAfter: asked.startAfter,
      options: storeOptions(values),
    },
    values,
    warnings: [
      ...syncDepth(raw, variants),
      ...unreachedIos(rules, wholeBytes, leastBs),
      ...unchecked(files),
      ...laidOutAnyway(raw, values, files.flat()),
    ],
  };
}

/** The same for jobs that work on trees of small files. */
function treeGroup(
  { raw, variants, own, startAfter }: GroupToResolve,
  values: InForce,
  rules: EndRules,
  asked: Tree,
  host: ResolveHost,
): ResolvedGroup {
  const { numjobs, name, directory, direct, rw } = values;
  const place = { name, directory, numjobs, shared: values['shared-dir'], direct };
  const { files, tree } = resolveTrees({ ...asked, ...place, rw }, host.target);
  values.nrfiles = tree.items;
  values.filesize =
    tree.itemBytes === tree.itemBytesMost
      ? tree.itemBytes
      : { least: tree.itemBytes, most: tree.itemBytesMost };
  values.bs = blockSizes(values.bs);
  values.runtime = rules.runtimeNs;
  values['time-based'] = rules.timeBased;
  return {
    group: {
      workload: workloadOf(values, {
        bs: blockSizes(values.bs),
        bounds: treeBounds(rules, tree),
        coldPassBytes: 0,
        charDevices: false,
        tree,
      }),
      variant: own,
      files,
      startAfter,
      options: storeOptions(values),
    },
    values,
    warnings: [...syncDepth(raw, variants), ...treeWarnings(raw, values)],
  };
}

/** @throws BenchError (usage) for a file that has no room for a double write's first writes and a block besides */
function checkAside(workload: Workload, files: readonly TargetFile[]): void {
  const aside = asideBytes(workload);
  const small = aside > 0 && files.find(({ size }) => size < aside + workload.bs.write);
  if (!small) return;
  throw usageError(
    `pair=double-write: ${small.path} has ${formatSize(small.size)}, and its first writes take ${formatSize(aside)} (bs x iodepth)`,
    'raise --size, or lower --iodepth or --bs',
  );
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
      filesize: fixedFilesize(values),
      nrfiles: raw.nrfiles ?? null,
      offset: values.offset,
      numjobs: values.numjobs,
      rw: values.rw,
      bs: blockSizes(values.bs),
      direct: values.direct,
      room: values.fallocate,
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
  // Of files of several sizes a percentage has as many offsets: then it stays what it was.
  const offsets = new Set(first.map((file) => file.offset));
  if (offsets.size === 1) values.offset = first[0]?.offset ?? 0;
  values.filesize = sizes.size === 1 ? (first[0]?.size ?? null) : null;
  values.bs = blockSizes(values.bs);
}

function settleEnd(values: InForce, rules: EndRules, wholeBytes: number): void {
  if (rules.passBytes !== null) values['io-size'] = bytesOfPass(rules, wholeBytes);
  values.runtime = rules.runtimeNs;
  values['time-based'] = rules.timeBased;
}
