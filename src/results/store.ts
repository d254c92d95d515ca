/** Where results land: one JSON file a run, there before the run starts and whole at every moment after. */
import { closeSync, existsSync, lstatSync, mkdirSync, realpathSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { BenchError, isSystemError, systemCode, systemReason, takeBack } from '../errors.ts';
import { ownFiles } from '../leftovers/own-files.ts';
import type { Evaluation } from './evaluate-schema.ts';
import type { ExplainedCommand } from './explained-schema.ts';
import { indentedJson } from './json-text.ts';
import { replaceFile, tryRoom } from './new-file.ts';
import type { RunResult } from './schema.ts';
import type { SweepResult } from './sweep-schema.ts';

/** Written and removed again when a result is opened: a full disk says so before the run, not after it. */
const PROBE_BYTES = 64 * 1024;

/** Of a run with hundreds of trials a text takes longer to make than a short trial: so often at the most. */
const SAVE_MS = 1000;

/** Longest job name in a file name; file systems end at 255 bytes for the whole. */
const NAME_LENGTH_MAX = 80;

type Kept = RunResult | SweepResult | ExplainedCommand | Evaluation;

export interface ResultFile {
  /** Where the result is. Empty until the first write. */
  readonly path: string;
  /**
   * Replaces the content with this result, atomically and durably: whoever reads the file, also after a
   * crash, finds the result before or the result after. Synchronous, so that a signal handler can call it.
   * @throws BenchError (failed) when the disk refuses; TypeError when the result holds what JSON can't.
   */
  write(result: Kept): void;
  /**
   * Writes it as write does, but at most once a second: what comes sooner is written when the second is over, or when
   * the process exits. Until then the object may change; what it holds then is written.
   * @throws as write does, also what an earlier one could not throw because nobody was there to catch it
   */
  save(result: Kept): void;
  /** Removes the file: the run ended before there was anything to keep. */
  discard(): void;
}

/**
 * The text of a result. JSON.stringify writes NaN and Infinity as null, and its error for a BigInt names no
 * place: either would be a bug here, so both throw and say where.
 * @throws TypeError
 */
function resultText(result: Kept): string {
  const check = (value: unknown, at: string): void => {
    if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) {
      throw new TypeError(`${at} is ${typeof value === 'bigint' ? 'a BigInt' : value}: not for JSON`);
    }
    if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) check(item, `${at}.${key}`);
    }
  };
  check(result, 'result');
  return `${indentedJson(result)}\n`;
}

/** `2026-11-22T13-05-09Z-randread-4k`: sorts by time; no character that a shell or another system minds. */
function stemOf(startedAt: Date, name: string): string {
  const time = `${startedAt.toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
  const word = name
    .replace(/[^A-Za-z0-9._+-]+/g, '-')
    .replace(/^[.-]+|-+$/g, '')
    .slice(0, NAME_LENGTH_MAX);
  return word === '' ? time : `${time}-${word}`;
}

/** What a person can do about an errno of opening or writing here. */
function storeHint(code: string): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'free some space, or use --results-dir=DIR or --no-save';
    case 'EEXIST':
    case 'ENOTDIR':
      return 'a file is in the way: use --results-dir=DIR or --no-save';
    default:
      return 'use --results-dir=DIR or --no-save';
  }
}

function storeError(
  kind: 'usage' | 'failed',
  what: string,
  error: NodeJS.ErrnoException & { code: string; errno: number },
): BenchError {
  return new BenchError(`${what}: ${systemReason(error)}`, {
    kind,
    errno: Math.abs(error.errno),
    stage: 'store result',
    hint: storeHint(systemCode(error)),
  });
}

/** Creates STEM.json, or STEM-2.json and so on when another run has that name already; empty. */
function reserve(dir: string, stem: string): string {
  for (let number = 1; ; number++) {
    const path = join(dir, `${stem}${number === 1 ? '' : `-${number}`}.json`);
    try {
      closeSync(ownFiles.create(path, 'empty'));
      return path;
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EEXIST') throw error;
    }
  }
}

/** Creates a folder with those above it -> those that weren't there, innermost first. */
function makeFolders(dir: string): string[] {
  const whole = resolve(dir);
  if (!existsSync(whole) && existsSync(dirname(whole))) {
    try {
      ownFiles.createFolder(whole);
      return [whole];
    } catch (error) {
      // Another run was faster.
      if (!isSystemError(error) || error.code !== 'EEXIST') throw error;
    }
  }
  return makeMissing(whole);
}

/**
 * One after the other, from the outermost: mkdir of Node's with `recursive` never ends where a folder is there and nothing
 * can be made in it, as in /proc.
 */
function makeMissing(whole: string): string[] {
  const missing: string[] = [];
  for (let at = whole; !existsSync(at); at = dirname(at)) missing.push(at);
  const made: string[] = [];
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder);
      made.unshift(folder);
    } catch (error) {
      if (isSystemError(error) && error.code === 'EEXIST') continue;
      removeFolders(made);
      throw error;
    }
  }
  return made;
}

/** Removes folders that this run made, unless somebody has put something into them since. */
function removeFolders(made: readonly string[]): void {
  for (const folder of made) {
    try {
      rmdirSync(folder);
      ownFiles.forget(folder);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      ownFiles.keep(folder);
      return;
    }
  }
}

/** The inode at a path itself, null when nothing is there. */
function inodeAt(path: string): bigint | null {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? null;
}

/** When the file at a path was changed last, in ns since 1970; null when nothing is there. */
function changedAt(path: string): bigint | null {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ctimeNs ?? null;
}

/** Removes a file, unless it is gone, out of reach, or somebody has put another one there. */
function removeOwn(path: string, inode: bigint | null): void {
  takeBack(path, () => {
    if (inode !== null && inodeAt(path) === inode) unlinkSync(path);
  });
}

class StoredResult implements ResultFile {
  readonly path: string;
  readonly #madeFolders: readonly string[];
  /** Of the file as we made it last. */
  #inode: bigint | null;
  /** Runs for SAVE_MS after each write of save. */
  #timer: NodeJS.Timeout | null = null;
  /** What is to be written when it is over. */
  #waiting: Kept | null = null;
  #failure: unknown = null;
  readonly #flush = (): void => this.#late();

  constructor(path: string, madeFolders: readonly string[]) {
    this.path = path;
    this.#madeFolders = madeFolders;
    this.#inode = inodeAt(path);
  }

  save(result: Kept): void {
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure;
    if (this.#timer !== null) {
      this.#waiting = result;
      return;
    }
    this.write(result);
    this.#timer = setTimeout(this.#flush, SAVE_MS).unref();
    process.once('exit', this.#flush);
  }

  /** The second is over, or the process exits. */
  #late(): void {
    const result = this.#waiting;
    this.#rest();
    try {
      if (result !== null) this.save(result);
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Nothing waits to be written any more. */
  #rest(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    process.off('exit', this.#flush);
    this.#timer = null;
    this.#waiting = null;
  }

  write(result: Kept): void {
    this.#rest();
    const text = resultText(result);
    const before = changedAt(this.path);
    try {
      replaceFile(this.path, text);
      this.#written();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      throw storeError('failed', this.#outcome(before), error);
    }
  }

  /** There is something in it: it is no longer to go when this process is killed. */
  #written(): void {
    this.#inode = inodeAt(this.path);
    ownFiles.keep(this.path);
    for (const folder of this.#madeFolders) ownFiles.keep(folder);
  }

  /** What has become of the file of a write that failed. */
  #outcome(before: bigint | null): string {
    if (inodeAt(this.path) !== this.#inode) {
      this.#written();
      return `${this.path} is written, but a loss of power may take it back`;
    }
    if (changedAt(this.path) === before) return `cannot write ${this.path}, which stays as it was`;
    return `cannot write ${this.path}, which is no longer whole`;
  }

  discard(): void {
    this.#rest();
    removeOwn(this.path, this.#inode);
    ownFiles.forget(this.path);
    removeFolders(this.#madeFolders);
  }
}

/**
 * A result file that is there already and is going to be written anew: its content stays until the first write.
 * @throws BenchError (usage) when its folder can't be written to.
 */
export function reopenResultFile(path: string): ResultFile {
  try {
    // Of a symbolic link the file is replaced, not the link.
    const real = realpathSync(path);
    tryRoom(real, PROBE_BYTES);
    return new StoredResult(real, []);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw storeError('usage', `cannot write ${path} anew`, error);
  }
}

/**
 * Creates the file for the result of a run that starts now, and the folder when there is none, and makes
 * sure that it can be written: better now than after the run. It stays empty until the first write.
 * @throws BenchError (usage) when the folder or the file can't be made or the disk is full; nothing is left.
 */
export async function openResultFile(dir: string, startedAt: Date, name: string): Promise<ResultFile> {
  let made: string[] = [];
  let file: ResultFile | undefined;
  try {
    made = makeFolders(dir);
    file = new StoredResult(reserve(dir, stemOf(startedAt, name)), made);
    tryRoom(file.path, PROBE_BYTES);
    return file;
  } catch (error) {
    file?.discard();
    removeFolders(made);
    if (!isSystemError(error)) throw error;
    throw storeError('usage', `cannot store results in ${dir}`, error);
  }
}
