/** What a check of this machine is, and what it says. */
import type { Finding } from '../results/schema.ts';
import type { Seen } from './seen.ts';

export type State = Finding['state'];

/** Groups in the order in which they are shown. */
export const checkGroups = [
  'io_uring',
  'limits',
  'cpu',
  'memory',
  'control groups',
  'load',
  'path',
  'device',
] as const;

/** What a check finds; the table adds whose it is. */
export interface Found {
  state: State;
  /** What is there and what follows from it, a phrase without a full stop. */
  text: string;
  /** The command that mends it, or what to do where no command does. */
  mend?: string;
}

/** One thing that is looked at: a row of the table in checks.ts. */
export interface MachineCheck {
  /** Stable, and its anchor in docs/TUNING.md. */
  id: string;
  group: (typeof checkGroups)[number];
  /** A few words for people. */
  title: string;
  /** Null where there is nothing to look at: no path was given, the kernel does not show it. */
  look(seen: Seen): Found | null;
}

export function ok(text: string): Found {
  return { state: 'ok', text };
}

export function warning(text: string, mend?: string): Found {
  return mend === undefined ? { state: 'warning', text } : { state: 'warning', text, mend };
}

export function missing(text: string, mend?: string): Found {
  return mend === undefined ? { state: 'missing', text } : { state: 'missing', text, mend };
}
