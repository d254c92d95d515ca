/** That a run which does not fit into memory says so before it takes it: the kernel would end it without a word. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { EXIT } from '../../src/errors.ts';
import { memoryOf } from '../../src/jobs/memory.ts';
import { readOptions } from '../../src/options/option-reader.ts';
import type { Flag } from '../../src/options/options.ts';
import { resolve } from '../../src/resolve/resolve.ts';
import { bench, benchFails, startBench } from '../support/bench.ts';
import { scratchFolder } from '../support/scratch.ts';

const MIB = 2 ** 20;

/** Where a memory controller is, with the name of its limit; null where none can be made. */
const controller = (
  [
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
    ['/sys/fs/cgroup', 'memory.max'],
  ] as const
).find(([folder]) => {
  const probe = join(folder, `uring-bench-probe-${process.pid}`);
  try {
    mkdirSync(probe);
    const files = readdirSync(probe);
    rmdirSync(probe);
    return files.some((name) => name === 'memory.max' || name === 'memory.limit_in_bytes');
  } catch {
    return false;
  }
});

/** A command that runs another one in a control group of so much memory. */
function within(t: TestContext, bytes: number): string[] {
  const [folder, limit] = controller ?? assert.fail();
  const group = join(folder, `uring-bench-test-${process.pid}-${Math.random().toString(36).slice(2)}`);
  mkdirSync(group);
  t.after(() => rmdirSync(group));
  writeFileSync(join(group, limit), String(bytes));
  return ['sh', '-c', `echo $$ > ${group}/cgroup.procs; exec "$@"`, 'sh'];
}

const run = (...options: string[]) => [
  '--runtime=200ms',
  '--trials=1',
  '--warmup-trials=0',
  '--size=1m',
  ...options,
];

describe('a run that needs more memory than it may use', () => {
  const skip = controller === undefined ? 'needs a memory controller in which groups can be made' : false;

  it('is refused before anything is made, in a control group', { skip }, async (t) => {
    const folder = scratchFolder(t);
    const under = within(t, 512 * MIB);
    for (const options of [
      ['--backend=sync', '--numjobs=4096'],
      ['--backend=io_uring', '--iodepth=32768', '--bs=128k'],
      ['--backend=linux-aio', '--numjobs=8', '--iodepth=8192', '--bs=64k', '--isolation=process'],
      ['--backend=null', '--numjobs=200', '--isolation=worker'],
    ]) {
      const line = await benchFails(folder, run(...options), EXIT.usage, { under });
      assert.match(
        line,
        /needs \S+ [MG]iB of memory \([\d,]+ jobs? x .*\), \S+ MiB may be used by \/sys\/fs\/cgroup\//,
      );
      assert.match(line, /\(lower --numjobs, --iodepth or --bs, or raise that limit\)$/);
      assert.deepEqual(readdirSync(folder), []);
    }
  });

  it('is refused with a limit of address space', async (t) => {
    const under = ['sh', '-c', 'ulimit -v 4194304; exec "$@"', 'sh'];
    const line = await benchFails(scratchFolder(t), run('--backend=null', '--numjobs=2000'), EXIT.usage, {
      under,
    });
    assert.match(line, /GiB of address space .* may be used by RLIMIT_AS \(ulimit -v\)/);
  });

  it('works where it just fits', { skip }, async (t) => {
    const folder = scratchFolder(t);
    const under = within(t, 512 * MIB);
    const { code, stderr } = await bench(folder, run('--backend=sync', '--numjobs=128', '--quiet'), {
      under,
    });
    assert.equal(code, EXIT.ok, stderr);
  });
});

describe('the sum', () => {
  const machine = { cpusOnline: [0], cpusAllowed: [0] };

  /** Most memory in use of a process, in bytes (proc_pid_status(5)). */
  function peakOf(pid: number): number {
    const path = `/proc/${pid}/status`;
    const status = existsSync(path) ? readFileSync(path, 'utf8') : '';
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  }

  async function peak(t: TestContext, texts: Record<string, string>): Promise<number> {
    const options = Object.entries({ ...texts, runtime: '1s', 'warmup-trials': '0' });
    const running = startBench(scratchFolder(t), [
      ...options.map(([flag, text]) => `--${flag}=${text}`),
      '--no-save',
    ]);
    let [bytes, over] = [0, false];
    const ended = running.ended.finally(() => {
      over = true;
    });
    // The last look that there is: a busy machine fills buffers later.
    while (!over) {
      bytes = Math.max(bytes, peakOf(running.pid));
      await setTimeout(50);
    }
    assert.equal((await ended).code, EXIT.ok);
    return bytes;
  }

  it('is what is used, within a fifth', async (t) => {
    const one = { backend: 'sync', size: '1m', numjobs: '1', bs: '4k', iodepth: '1' };
    const base = await peak(t, one);
    const own = 16 * MIB;
    for (const more of [
      { numjobs: '64' },
      { backend: 'io_uring', iodepth: '256', bs: '64k', numjobs: '8' },
      { numjobs: '32', rw: 'randrw', 'allow-overwrite': '1' },
    ]) {
      const texts = { ...one, ...more };
      const used = (await peak(t, texts)) - base;
      const written = Object.entries(texts).map(([flag, text]) => ({ flag: flag as Flag, text }));
      const { plan } = resolve(readOptions([...written, { flag: 'directory', text: scratchFolder(t) }]).raw, {
        machine,
        target: { dioAlign: () => 512 },
      });
      const [variant] = plan.variants;
      assert.ok(variant);
      const said = memoryOf(plan, variant).resident - own;
      assert.ok(
        used > said * 0.8 && used < said * 1.2,
        `${JSON.stringify(more)}: said ${said}, used ${used}`,
      );
    }
  });
});
