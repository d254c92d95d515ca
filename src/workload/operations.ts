/**
 * The operations that jobs do, and the modes of --rw that are made of them, as data. A new kind of operation is a row
 * here: options, checks, the native job, stored results and reports go by what the rows say.
 */
import { UB } from '../native/abi.ts';

interface OperationRow {
  /** Number in the ABI; 1 << id is its bit in ub_job.op_mask. */
  id: number;
  /** What errors and reports call it. */
  word: string;
  /** Whether it is what the workload is made of, counted in total_ios; what goes along with that (fsync) is not. */
  counted: boolean;
  /** Whether data goes between memory and the file. */
  moves: boolean;
  /** Whether it changes what it is done to. */
  changes: boolean;
  /** The part of --bs that is its size; null when it has none. */
  bs: 'read' | 'write' | 'trim' | null;
  /** What files must be open for; null when anything will do. */
  opens: 'read' | 'write' | null;
}

/** By the name that they have in results, metrics and CSV columns, in the order of reports. */
const OPERATIONS = {
  read: {
    id: UB.OP_READ,
    word: 'read',
    counted: true,
    moves: true,
    changes: false,
    bs: 'read',
    opens: 'read',
  },
  write: {
    id: UB.OP_WRITE,
    word: 'write',
    counted: true,
    moves: true,
    changes: true,
    bs: 'write',
    opens: 'write',
  },
  trim: {
    id: UB.OP_TRIM,
    word: 'trim',
    counted: true,
    moves: false,
    changes: true,
    bs: 'trim',
    opens: 'write',
  },
  // fsync and fdatasync
  sync: {
    id: UB.OP_SYNC,
    word: 'fsync',
    counted: false,
    moves: false,
    changes: false,
    bs: null,
    opens: null,
  },
} as const satisfies Record<string, OperationRow>;

export type OperationName = keyof typeof OPERATIONS;

export interface Operation extends OperationRow {
  name: OperationName;
}

export const operationNames = Object.keys(OPERATIONS) as OperationName[];
export const operations: readonly Operation[] = operationNames.map((name) => ({ name, ...OPERATIONS[name] }));
/** Those that total_ios is the sum of. */
export const countedOperations: readonly Operation[] = operations.filter(({ counted }) => counted);

interface ModeRow {
  operations: readonly OperationName[];
  random: boolean;
  /** Other names of the mode. */
  aliases: readonly string[];
}

const one = (operation: OperationName, random: boolean): ModeRow => ({
  operations: [operation],
  random,
  aliases: [],
});

/** The modes of --rw. */
const MODES = {
  read: one('read', false),
  write: one('write', false),
  randread: one('read', true),
  randwrite: one('write', true),
  rw: { operations: ['read', 'write'], random: false, aliases: ['readwrite'] },
  randrw: { operations: ['read', 'write'], random: true, aliases: [] },
  trim: one('trim', false),
  randtrim: one('trim', true),
} satisfies Record<string, ModeRow>;

export type RwMode = keyof typeof MODES;

export const rwModes: Readonly<Record<RwMode, ModeRow>> = MODES;

/** The operations that a mode consists of. */
export function operationsOf(rw: RwMode): readonly Operation[] {
  return operations.filter(({ name }) => rwModes[rw].operations.includes(name));
}

/** Whether a mode consists of one operation alone. */
export function isOnly(rw: RwMode, operation: OperationName): boolean {
  return rwModes[rw].operations.every((name) => name === operation);
}
