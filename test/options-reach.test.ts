/**
 * That every option does something: given, it changes what native jobs do, what is planned, the files, where the report goes or what
 * is refused. An entry of the table that settle() takes and nobody asks for would pass the types.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { nativeJobs } from '../src/jobs/native-job.ts';
import { type KnownOption, knownOptions, readOptions } from '../src/options/option-reader.ts';
import type { Flag } from '../src/options/options.ts';
import { resolveOutput } from '../src/options/output.ts';
import { resolve } from '../src/resolve/resolve.ts';
import { scratchFolder } from './support/scratch.ts';

type Texts = Partial<Record<Flag, string>>;

const own = (backend: string, text: string): [string, Texts] => [text, { backend }];
const writes: Texts = { backend: 'io_uring', rw: 'randwrite' };
const tree: Texts = { backend: 'sync', rw: 'create' };
const deep: Texts = { backend: 'io_uring', iodepth: '16' };

/** A value other than the default, and what else must be given for it to have an effect. */
const given: Partial<Record<Flag, [text: string, context?: Texts]>> = {
  backend: ['sync', {}],
  job: ['name=log rw=read'],
  reference: ['sync', { backend: 'sync,io_uring' }],
  trials: ['7'],
  'until-confident': ['5'],
  'max-trials': ['9', { 'until-confident': '5' }],
  'warmup-trials': ['3'],
  isolation: ['process'],
  'aio-threads': own('posix-aio', '4'),
  'pool-threads': own('threadpool', '2'),
  pair: ['write-fdatasync', writes],
  'sqthread-poll-cpu': own('io_uring+sqpoll', '1'),
  'sqthread-poll-idle': own('io_uring+sqpoll', '5'),
  'min-wait': own('io_uring+min_wait', '2ms'),
  'iowq-bounded': own('io_uring', '2'),
  'iowq-unbounded': own('io_uring', '2'),
  'null-delay': own('null', '250'),
  filename: ['data'],
  directory: ['sub'],
  size: ['2m'],
  filesize: ['256k'],
  nrfiles: ['2'],
  dirs: ['3', tree],
  depth: ['2', tree],
  'shared-dir': ['1', tree],
  checksum: ['1', { backend: 'sync', rw: 'wholefile' }],
  'file-service-type': ['random:8', { nrfiles: '2' }],
  offset: ['64k'],
  'allow-overwrite': ['1', { ...writes, filename: 'data' }],
  name: ['other'],
  rw: ['read'],
  rwmixread: ['70', { rw: 'randrw', backend: 'sync' }],
  bs: ['8k'],
  norandommap: ['1'],
  randseed: ['1'],
  'random-distribution': ['zipf:1.2'],
  'refill-buffers': ['1', writes],
  'buffer-compress-percentage': ['50', writes],
  overwrite: ['0', writes],
  fallocate: ['posix', { ...writes, overwrite: '0' }],
  'zero-buffers': ['1', writes],
  iodepth: ['4', { backend: 'io_uring' }],
  'iodepth-batch-submit': ['4', deep],
  'iodepth-batch-complete-min': ['4', deep],
  'iodepth-batch-complete-max': ['8', deep],
  direct: ['0'],
  buffered: ['1'],
  sync: ['dsync', writes],
  fsync: ['8', writes],
  fdatasync: ['8', writes],
  'end-fsync': ['1', writes],
  invalidate: ['0'],
  'pre-read': ['1'],
  noatime: ['1'],
  'fadvise-hint': ['random', { buffered: '1', rw: 'read' }],
  numjobs: ['2'],
  'cpus-allowed': ['1'],
  'cpus-allowed-policy': ['split', { 'cpus-allowed': '0,1', numjobs: '2' }],
  nice: ['5'],
  'count-instructions': ['1'],
  thinktime: ['10'],
  'rate-iops': ['500'],
  'latency-target': ['p99:500us'],
  rate: ['1m'],
  'rate-process': ['poisson', { 'rate-iops': '500' }],
  'rate-iops-min': ['10'],
  'rate-min': ['40k'],
  startdelay: ['1'],
  runtime: ['2'],
  'time-based': ['0'],
  'ramp-time': ['1'],
  loops: ['3', { 'time-based': '0' }],
  'number-ios': ['5'],
  'io-size': ['64k'],
  'continue-on-error': ['all'],
  interval: ['250ms'],
  'steady-state': ['iops:10%/5x100ms', { runtime: '2' }],
  'percentile-list': ['50:99'],
  explain: ['trace'],
  'explain-stacks': ['stacks.txt', { explain: 'full' }],
  advise: ['1'],
  report: ['junit=more.xml'],
  'output-format': ['json'],
  output: ['file'],
  'results-dir': ['elsewhere'],
  save: ['0'],
  label: ['disk=new'],
  note: ['a word'],
  'hash-serial': ['1'],
  quiet: ['1'],
  plot: ['1'],
  color: ['0'],
};

/** What only commands other than a run know, and what needs a device: their own tests see the effect. */
const isSeenElsewhere = ({ flag, scope }: KnownOption): boolean =>
  scope === 'compare' || flag === 'destroy-device';

/** All that a run takes from its options: what is refused, too. Without the stored description, which holds every option. */
function effect(texts: Texts): string {
  const { raw } = readOptions(Object.entries(texts).map(([flag, text]) => ({ flag: flag as Flag, text })));
  const machine = { cpusOnline: [0, 1], cpusAllowed: [0, 1] };
  try {
    const { plan } = resolve(raw, { machine, target: { dioAlign: () => 512 } });
    const { groups, variants, ...run } = plan;
    const seen = {
      ...run,
      variants: variants.map(({ name }) => name),
      groups: groups.map(({ files, startAfter, workload }) => ({
        files,
        startAfter,
        least: workload.rateIopsMin,
      })),
      jobs: variants.map((variant) => nativeJobs(plan, { variant, trial: 1, position: 1 })),
      output: resolveOutput(raw, true),
    };
    return JSON.stringify(seen, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  } catch (error) {
    return String(error);
  }
}

describe('an option that is given', () => {
  for (const option of knownOptions.filter((known) => !isSeenElsewhere(known))) {
    it(`--${option.flag} reaches what is run, or where its report goes`, (t) => {
      const [text, context = {}] = given[option.flag] ?? assert.fail('it has no value in this test');
      const folder = scratchFolder(t);
      writeFileSync(join(folder, 'data'), Buffer.alloc(1 << 20));
      mkdirSync(join(folder, 'sub'));
      const inFolder = (name: string): string => join(folder, name);
      const usual: Texts = { directory: folder, ...(option.flag === 'filesize' ? {} : { size: '1m' }) };
      const texts: Texts = { ...usual, ...context, [option.flag]: text };
      if (texts.filename !== undefined) texts.filename = inFolder(texts.filename);
      if (option.flag === 'directory') texts.directory = inFolder(text);
      const { [option.flag]: _, ...without } = texts;
      const [before, after] = [effect({ ...usual, ...without }), effect(texts)];
      assert.match(after, /^\{/, 'it is not refused');
      assert.notEqual(after, before);
    });
  }
});
