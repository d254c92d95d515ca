/** A run in control groups that hold it back says so: real groups, of whichever version is mounted here. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { describePaths } from '../src/host/device-info.ts';
import { readMounts } from '../src/host/mounts.ts';
import { parseResult } from '../src/results/read.ts';
import type { RunResult } from '../src/results/schema.ts';
import { executable } from './support/cli.ts';
import { noTracing } from './support/explained.ts';
import { scratchFolder } from './support/scratch.ts';

const NAME = `uring-bench-test-${process.pid}`;
type Controller = 'cpu' | 'memory' | 'blkio';
/** A file of each controller, by version. */
const MARKS = {
  cpu: { v1: 'cpu.cfs_quota_us', v2: 'cpu.max' },
  memory: { v1: 'memory.limit_in_bytes', v2: 'memory.max' },
  blkio: { v1: 'blkio.throttle.read_iops_device', v2: 'io.max' },
} as const;

/** A new group of a controller; null where none can be made. */
function groupOf(controller: Controller): { folder: string; version: 'v1' | 'v2' } | null {
  for (const { fileSystem, mountPoint, options } of readMounts({})) {
    const version =
      fileSystem === 'cgroup2' ? 'v2' : fileSystem === 'cgroup' && options.includes(controller) ? 'v1' : null;
    if (version === null) continue;
    const folder = join(mountPoint, `${NAME}-${controller}`);
    try {
      mkdirSync(folder);
    } catch {
      continue;
    }
    if (existsSync(join(folder, MARKS[controller][version]))) return { folder, version };
    rmdirSync(folder);
  }
  return null;
}

/** Runs the program in a group. */
function runIn(folder: string, cwd: string, args: readonly string[]): RunResult {
  const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
  const common = ['--output-format=json', '--no-save', '--quiet', '--warmup-trials=0'];
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', script, folder, process.execPath, executable, ...args, ...common],
    { cwd, encoding: 'utf8', maxBuffer: 2 ** 27 },
  );
  assert.equal(status, 0, stderr);
  return parseResult(stdout, 'stdout');
}

function stateOf({ environment }: RunResult, id: string): string | undefined {
  return environment.doctor?.find((finding) => finding.id === id)?.state;
}

/** Tests with a group of a controller, where it can be made. */
function inGroup(
  controller: Controller,
  define: (group: () => { folder: string; version: 'v1' | 'v2' }) => void,
): void {
  const made = process.geteuid?.() === 0 ? groupOf(controller) : null;
  describe(`a group of ${controller}`, { skip: made === null ? 'no group can be made here' : false }, () => {
    before(() => assert.ok(made));
    after(() => {
      if (made !== null) rmdirSync(made.folder);
    });
    define(() => {
      assert.ok(made);
      return made;
    });
  });
}

inGroup('cpu', (group) => {
  it('stops the jobs when its quota is used up', (t) => {
    const { folder, version } = group();
    const file = join(folder, MARKS.cpu[version]);
    writeFileSync(file, version === 'v1' ? '30000' : '30000 100000');
    const result = runIn(folder, scratchFolder(t), ['--backend=null', '--runtime=500ms', '--trials=2']);
    const conditions = result.backends[0]?.trials[0]?.conditions?.cgroup;
    assert.equal(conditions?.cpu_max, 0.3);
    assert.ok((conditions?.throttled_pct ?? 0) > 50 && (conditions?.throttled_ns ?? 0) > 0);
    const warning = result.warnings.find(({ code }) => code === 'cpu-quota');
    assert.equal(warning?.see, 'docs/TUNING.md#cgroup-cpu');
    assert.match(result.validity?.text ?? '', /the control group's CPU quota/);
    assert.equal(stateOf(result, 'cgroup-cpu'), 'warning');
    const { mend } = result.environment.doctor?.find(({ id }) => id === 'cgroup-cpu') ?? {};
    assert.equal(mend, `echo ${version === 'v1' ? '-1' : 'max'} | sudo tee ${file}`);
    const script = mend?.replace('sudo ', '') ?? '';
    assert.equal(spawnSync('sh', ['-c', script]).status, 0, 'the command works');
    assert.match(readFileSync(file, 'utf8'), /^(-1|max)/);
  });

  it('is the first sentence of what --explain says, where there is a quota', { skip: noTracing }, (t) => {
    const { folder, version } = group();
    const rules = (quota: string): string[] => {
      writeFileSync(join(folder, MARKS.cpu[version]), quota);
      const args = ['--backend=null', '--runtime=500ms', '--trials=1', '--explain'];
      const { backends } = runIn(folder, scratchFolder(t), args);
      return backends[0]?.explain?.sentences.map(({ rule }) => rule) ?? [];
    };
    assert.equal(rules(version === 'v1' ? '30000' : '30000 100000')[0], 'cgroup-cpu');
    assert.ok(!rules(version === 'v1' ? '-1' : 'max').includes('cgroup-cpu'));
  });
});

inGroup('memory', (group) => {
  it('takes the page cache away', (t) => {
    const { folder, version } = group();
    writeFileSync(join(folder, MARKS.memory[version]), String(160 * 2 ** 20));
    const args = [
      '--backend=sync',
      '--size=256m',
      '--rw=read',
      '--bs=64k',
      '--buffered',
      '--runtime=500ms',
      '--trials=1',
    ];
    const result = runIn(folder, scratchFolder(t), args);
    const conditions = result.backends[0]?.trials[0]?.conditions?.cgroup;
    assert.equal(conditions?.memory_max_bytes, 160 * 2 ** 20);
    assert.ok((conditions?.memory_limit_hits ?? 0) > 0);
    assert.ok(result.warnings.some(({ code }) => code === 'memory-limit'));
  });
});

inGroup('blkio', (group) => {
  it('is what is measured when it holds I/O back', (t) => {
    const cwd = scratchFolder(t);
    const disk = describePaths([cwd])[0]?.device;
    if (!disk) return t.skip('no disk is known below the temporary folder');
    const number = readFileSync(`/sys/class/block/${disk}/dev`, 'utf8').trim();
    const { folder, version } = group();
    const limit = version === 'v1' ? `${number} 400` : `${number} riops=400`;
    writeFileSync(join(folder, MARKS.blkio[version]), limit);
    const args = ['--backend=io_uring', '--iodepth=8', '--size=4m', '--runtime=1s', '--trials=1'];
    const result = runIn(folder, cwd, args);
    const none = { rbps: null, wbps: null, wiops: null };
    assert.deepEqual(result.backends[0]?.trials[0]?.conditions?.cgroup?.io_max, [
      { device: disk, riops: 400, ...none },
    ]);
    assert.ok(result.warnings.some(({ code }) => code === 'io-limit'));
    assert.match(result.validity?.text ?? '', /io\.max is what was measured/);
    assert.equal(stateOf(result, 'cgroup-io'), 'warning');
  });
});
