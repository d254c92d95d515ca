/** Everything that a reader must know beside the numbers, rendered in this one place. */

import type { BackendResult, IoErrorCount, ResultWarning, RunResult, Trial } from '../../results/schema.ts';
import { usableTrials } from '../../stats/summary.ts';
import { formatDuration, plural } from '../../values/format.ts';
import { countedOperations, operations } from '../../workload/operations.ts';
import { plannedTrials } from './rows.ts';
import { printable } from './text.ts';

export interface Note {
  level: 'error' | 'warning' | 'skipped';
  /** What it is about: "io_uring", "sync, trial 2"; null for the whole run. */
  subject: string | null;
  text: string;
}

/** "warning: io_uring: 3 short reads" */
export function noteLine(note: Note): string {
  return printable([note.level, note.subject, note.text].filter((part) => part !== null).join(': '));
}

/** Says that a run is not complete; null when it is. */
export function statusNote(result: RunResult): Note | null {
  if (result.status === 'complete') return null;
  if (result.status === 'failed')
    return { level: 'error', subject: null, text: 'this run failed: the result is partial' };
  return { level: 'warning', subject: null, text: 'this run was interrupted: the result is partial' };
}

/** All notes: what is missing first, then what went wrong within the numbers, then what to know about them. */
export function notesOf(result: RunResult): Note[] {
  const labels = new Map(result.backends.map((backend) => [backend.variant, backend.label]));
  const planned = plannedTrials(result);
  return [
    ...result.backends.flatMap((backend) => missingNotes(backend, planned)),
    ...result.backends.flatMap((backend) => ioNotes(backend, result.warnings)),
    ...warningNotes(result.warnings, labels),
  ];
}

/** A note by what it is about: warnings of one code are one matter, whatever numbers they tell. */
interface Matter {
  key: string;
  level: Note['level'];
  line: string;
}

/** All notes of one of many runs whose notes are told together. */
export function mattersOf(result: RunResult): Matter[] {
  const troubles = notesOf({ ...result, warnings: [] }).map((note) => ({
    key: noteLine(note),
    level: note.level,
    line: noteLine(note),
  }));
  const warnings = result.warnings.flatMap((warning): Matter[] => {
    // Of all notes those of typed warnings come last.
    const note = notesOf({ ...result, warnings: [warning] }).at(-1);
    return note === undefined ? [] : [{ key: warning.code, level: note.level, line: noteLine(note) }];
  });
  return [...troubles, ...warnings];
}

function missingNotes(backend: BackendResult, planned: number): Note[] {
  const subject = backend.label;
  switch (backend.status) {
    case 'complete':
      return [];
    case 'skipped':
      return [{ level: 'skipped', subject, text: backend.reason ?? 'unavailable here' }];
    case 'failed':
      return [{ level: 'error', subject, text: `${failureOf(backend)}${madeOf(backend, planned)}` }];
    case 'interrupted':
      return [{ level: 'warning', subject, text: `interrupted${madeOf(backend, planned)}` }];
  }
}

/** Why it failed: the backend's reason, or else the first failed trial's. */
function failureOf(backend: BackendResult): string {
  if (backend.reason !== null) return backend.reason;
  const failed = backend.trials.find((trial) => trial.failure !== null);
  if (!failed?.failure) return 'failed';
  const { message, hint } = failed.failure;
  return `trial ${failed.trial}: ${message}${hint === null ? '' : ` (${hint})`}`;
}

/** What the shown numbers of an incomplete backend stand for. */
function madeOf(backend: BackendResult, planned: number): string {
  const used = usableTrials(backend.trials);
  const [first] = used;
  if (first === undefined) return '; no trial gave a number';
  if (first.status === 'complete') {
    return `; numbers are of ${used.length} of ${plural(planned, 'trial')}`;
  }
  const longestNs = Math.max(...used.map((trial) => trial.runtime_ns));
  return `; numbers are of a part of one trial, ${formatDuration(longestNs)}`;
}

/** What I/Os themselves suffered. A typed warning of the same matter says it better and takes its place. */
function ioNotes(backend: BackendResult, warnings: readonly ResultWarning[]): Note[] {
  const subject = backend.label;
  const said = (code: string) => warnings.some((w) => w.code === code && w.variant === backend.variant);
  const notes: Note[] = errorTotals(backend.trials).map((error) => ({
    level: 'error',
    subject,
    text: `${plural(error.count, error.op)} failed with ${error.code}${whereOf(error)}`,
  }));
  for (const { name, word } of countedOperations) {
    const done = backend.trials.flatMap((trial) => trial.ops[name] ?? []);
    const shortIos = done.reduce((sum, op) => sum + op.short_ios, 0);
    if (shortIos > 0 && !said('short-ios')) {
      notes.push({ level: 'warning', subject, text: plural(shortIos, `short ${word}`) });
    }
    const overRange = done.reduce((sum, op) => sum + op.lat_ns.over_range, 0);
    if (overRange > 0 && !said('latency-over-range')) {
      const text = `${plural(overRange, word)} took longer than the 73 minutes that the histogram spans`;
      notes.push({ level: 'warning', subject, text });
    }
  }
  return notes;
}

function whereOf({ op, first_file: file, first_offset: offset }: IoErrorCount): string {
  const whole = operations.some(({ word, kind }) => word === op && kind === 'tree');
  return file === '' ? '' : `, the first ${whole ? '' : `at offset ${offset} `}of ${file}`;
}

/** Errors of all trials by operation and errno. */
function errorTotals(trials: readonly Trial[]): IoErrorCount[] {
  const totals = new Map<string, IoErrorCount>();
  for (const error of trials.flatMap((trial) => trial.errors)) {
    const key = `${error.op} ${error.code}`;
    const total = totals.get(key);
    if (total) total.count += error.count;
    else totals.set(key, { ...error });
  }
  return [...totals.values()];
}

/** Typed warnings; those that say the same of several backends or trials become one. */
function warningNotes(warnings: readonly ResultWarning[], labels: ReadonlyMap<string, string>): Note[] {
  const same = new Map<string, { text: string; whom: { label: string; trial: number | null }[] }>();
  for (const { code, message, variant, trial, see } of warnings) {
    const label = variant === null ? '' : (labels.get(variant) ?? variant);
    // The subject says the label.
    const said = label !== '' && message.startsWith(`${label}: `) ? message.slice(label.length + 2) : message;
    const text = see === undefined ? said : `${said} (${see})`;
    const key = `${code} ${text}`;
    const entry = same.get(key) ?? { text, whom: [] };
    if (variant !== null) entry.whom.push({ label, trial });
    else if (trial !== null) entry.whom.push({ label: '', trial });
    same.set(key, entry);
  }
  return [...same.values()].map(({ text, whom }) => ({ level: 'warning', subject: subjectOf(whom), text }));
}

function subjectOf(whom: readonly { label: string; trial: number | null }[]): string | null {
  const [only] = whom;
  if (only === undefined) return null;
  const names = [...new Set(whom.map(({ label }) => label))].filter((label) => label !== '');
  if (whom.length === 1 && only.trial !== null) names.push(`trial ${only.trial}`);
  return names.length > 0 ? names.join(', ') : null;
}
