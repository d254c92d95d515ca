/** Compiles the C programs of this folder against the sources and objects of the native library. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ExecOptions, execute } from './exec.ts';

export const root = fileURLToPath(new URL('..', import.meta.url));
const native = join(root, 'native');
const build = join(native, 'build', 'bench');
const noLatency = join(build, 'no-latency');
const FLAGS = ['-std=gnu11', '-O2', '-g', '-Wall', '-Wextra', `-I${native}/include`, `-I${native}/src`];
const LIBS = ['-pthread', '-lm'];

/** The executables. */
export const programs = {
  bare: join(build, 'bare'),
  floor: join(build, 'floor'),
  floorNoLatency: join(build, 'floor-no-latency'),
} as const;

const compiler = process.env.CC || 'cc';

/** One line that names it. */
export async function compilerVersion(options: ExecOptions): Promise<string> {
  const { stdout } = await execute(compiler, ['--version'], options);
  return stdout.split('\n')[0] ?? '';
}

/** Brings uring-bench itself up to date: the library and dist/. */
export async function buildTool(options: ExecOptions): Promise<void> {
  await execute(process.execPath, [join(root, 'scripts', 'prepare.mjs')], options);
}

function sources(names: readonly string[]): string[] {
  return names.map((name) => join(native, 'src', `${name}.c`));
}

function objects(folder: string): string[] {
  const names = readdirSync(join(native, 'src')).filter((name) => name.endsWith('.c'));
  return names.map((name) => join(folder, name.replace(/\.c$/, '.o')));
}

/** The bare loops: one small program with just what it needs of the library. */
export async function buildBare(options: ExecOptions): Promise<void> {
  mkdirSync(build, { recursive: true });
  const inputs = [join(root, 'bench', 'bare.c'), ...sources(['buffers', 'source', 'clock', 'ring', 'gen'])];
  await execute(compiler, [...FLAGS, '-o', programs.bare, ...inputs, ...LIBS], options);
}

/** The null floor twice: over the library's own objects, and over objects that keep no latencies. */
export async function buildFloor(options: ExecOptions): Promise<void> {
  mkdirSync(build, { recursive: true });
  const make = ['--no-print-directory', '-s', '-C', native];
  await execute('make', make, options);
  await execute('make', [...make, `BUILD=${noLatency}`, 'CFLAGS=-O2 -g -DUB_NO_LATENCY'], options);
  const source = join(root, 'bench', 'floor.c');
  const compile = (flags: string[], program: string, folder: string) =>
    execute(compiler, [...FLAGS, ...flags, '-o', program, source, ...objects(folder), ...LIBS], options);
  await compile([], programs.floor, join(native, 'build'));
  await compile(['-DUB_NO_LATENCY'], programs.floorNoLatency, noLatency);
}
