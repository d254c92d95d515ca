/**
 * The operations that jobs do, and the modes of --rw that are made of them, as data. A new kind of operation is a row
 * here: options, checks, the native job, stored results and reports go by what the rows say.
 */
import { UB } from '../native/abi.ts';

export type OperationKind = 'data' | 'tree';

interface OperationRow {
  /** Number in the ABI; 1 << id is its bit in ub_job.op_mask. */
  id: number;
  /** What it is done to: a part of an open file, or an item of a tree of small files (docs/OPERATIONS.md). */
  kind: OperationKind;
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

/** An operation on names and lengths. */
function tree<W extends string>(id: number, word: W, changes = true) {
  return {
    id,
    kind: 'tree',
    word,
    counted: true,
    moves: false,
    changes,
    bs: null,
    opens: changes ? 'write' : null,
  } as const;
}

/** By the name that they have in results, metrics and CSV columns, in the order of reports. */
const OPERATIONS = {
  read: {
    id: UB.OP_READ,
    kind: 'data',
    word: 'read',
    counted: true,
    moves: true,
    changes: false,
    bs: 'read',
    opens: 'read',
  },
  write: {
    id: UB.OP_WRITE,
    kind: 'data',
    word: 'write',
    counted: true,
    moves: true,
    changes: true,
    bs: 'write',
    opens: 'write',
  },
  trim: {
    id: UB.OP_TRIM,
    kind: 'data',
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
    kind: 'data',
    word: 'fsync',
    counted: false,
    moves: false,
    changes: false,
    bs: null,
    opens: null,
  },
  create: tree(UB.OP_CREATE, 'create'),
  stat: tree(UB.OP_STAT, 'stat', false),
  // and close
  open: tree(UB.OP_OPEN, 'open', false),
  rename: tree(UB.OP_RENAME, 'rename'),
  link: tree(UB.OP_LINK, 'link'),
  unlink: tree(UB.OP_UNLINK, 'unlink'),
  mkdir: tree(UB.OP_MKDIR, 'mkdir'),
  rmdir: tree(UB.OP_RMDIR, 'rmdir'),
  fallocate: tree(UB.OP_FALLOCATE, 'fallocate'),
  ftruncate: tree(UB.OP_FTRUNCATE, 'ftruncate'),
  // open, read all, close
  wholefile: { ...tree(UB.OP_WHOLEFILE, 'wholefile', false), moves: true, opens: 'read' },
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
  /** What its tree's items are; null where operations move data. */
  items: 'file' | 'directory' | null;
}

const one = (operation: OperationName, random: boolean): ModeRow => ({
  operations: [operation],
  random,
  aliases: [],
  items: null,
});

/** @param aliases fio's ioengines and mdtest's phases of the same meaning */
const onTree = (
  operation: OperationName,
  items: 'file' | 'directory',
  aliases: readonly string[] = [],
): ModeRow => ({ operations: [operation], random: false, aliases, items });

/** The modes of --rw. */
const MODES = {
  read: one('read', false),
  write: one('write', false),
  randread: one('read', true),
  randwrite: one('write', true),
  rw: { operations: ['read', 'write'], random: false, aliases: ['readwrite'], items: null },
  randrw: { operations: ['read', 'write'], random: true, aliases: [], items: null },
  trim: one('trim', false),
  randtrim: one('trim', true),
  create: onTree('create', 'file', ['filecreate', 'file-creation']),
  stat: onTree('stat', 'file', ['filestat', 'file-stat']),
  open: onTree('open', 'file'),
  rename: onTree('rename', 'file'),
  link: onTree('link', 'file'),
  unlink: onTree('unlink', 'file', ['filedelete', 'file-removal']),
  mkdir: onTree('mkdir', 'directory', ['dircreate', 'directory-creation']),
  dirstat: onTree('stat', 'directory', ['directory-stat']),
  rmdir: onTree('rmdir', 'directory', ['dirdelete', 'directory-removal']),
  fallocate: onTree('fallocate', 'file'),
  ftruncate: onTree('ftruncate', 'file'),
  wholefile: onTree('wholefile', 'file', ['file-read']),
} satisfies Record<string, ModeRow>;

export type RwMode = keyof typeof MODES;

export const rwModes: Readonly<Record<RwMode, ModeRow>> = MODES;

/** The operations that a mode consists of. */
export function operationsOf(rw: RwMode): readonly Operation[] {
  return operations.filter(({ name }) => rwModes[rw].operations.includes(name));
}

/** The same as bits of ub_job.op_mask. */
export function maskOf(rw: RwMode): number {
  return operationsOf(rw).reduce((mask, { id }) => mask | (1 << id), 0);
}

/** Whether a mode consists of one operation alone. */
export function isOnly(rw: RwMode, operation: OperationName): boolean {
  return rwModes[rw].operations.every((name) => name === operation);
}

/** Whether a mode works on a tree of small files; else it moves data. */
export function isTree(rw: RwMode): boolean {
  return rwModes[rw].items !== null;
}

/** Whether its operations work on open files: each item takes a descriptor then. */
export function holdsOpen(rw: RwMode): boolean {
  return isOnly(rw, 'fallocate') || isOnly(rw, 'ftruncate');
}

/** Whether its operations open files, which may then go past the descriptor table. */
export function opensFiles(rw: RwMode): boolean {
  return isOnly(rw, 'create') || isOnly(rw, 'open') || isOnly(rw, 'wholefile');
}

/** Whether data goes between memory and files. */
export function movesData(rw: RwMode): boolean {
  return operationsOf(rw).some(({ moves }) => moves);
}

/** Whether an operation has a size, so that a rate in bytes says something. */
export function hasSize({ bs, moves }: Pick<Operation, 'bs' | 'moves'>): boolean {
  return bs !== null || moves;
}
