/** Which warnings docs/TUNING.md says more about, and where. */
import type { ResultWarning } from '../results/schema.ts';
import { own } from '../values/own.ts';

/** Anchors by the warnings' codes: that of a check of `doctor` when it looks at the same thing, else the code itself. */
export const tuningAnchors: Readonly<Record<string, string>> = {
  'not-polled': 'polling',
  'file-has-holes': 'holes',
  'steal-time': 'steal',
  'other-cpu-load': 'other-load',
  pressure: 'other-load',
  'cpu-throttled': 'cpu-governor',
  'cpu-frequency': 'cpu-governor',
  'device-load': 'device-load',
  'device-busy': 'device-load',
  'cpu-quota': 'cgroup-cpu',
  'memory-limit': 'cgroup-memory',
  'io-limit': 'cgroup-io',
  'memory-backed': 'memory-backed',
  'no-journal': 'no-journal',
  stalled: 'stalled',
  overrun: 'overrun',
  'depth-no-gain': 'depth-no-gain',
  'latency-below-device': 'latency-below-device',
  'above-link': 'above-link',
  'reads-from-cache': 'reads-from-cache',
  'backends-equal': 'backends-equal',
};

/** The link of an anchor. */
export function tuningLink(anchor: string): string {
  return `docs/TUNING.md#${anchor}`;
}

/** A warning with its link, when there is one. */
export function withTuning(warning: ResultWarning): ResultWarning {
  const anchor = own(tuningAnchors, warning.code);
  return anchor === undefined ? warning : { ...warning, see: tuningLink(anchor) };
}
