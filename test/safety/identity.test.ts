/** What was checked is what is measured: a file or medium that takes the place of the target is left alone. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { linkSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import { bench, startBench } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { hasCommand, loopDevice, run, scratchFolder, skipUnless } from '../support/scratch.ts';
import { victim } from '../support/victim.ts';

const WRITES = ['--rw=write', '--bs=4k', '--no-save', '--warmup-trials=0', '--runtime=400ms'];

describe('a target that is replaced', { skip: noDisk }, () => {
  for (const how of ['a link to mine', 'mine under its name', 'a link to a device'] as const) {
    const skip = how === 'a link to a device' ? skipUnless('loop') : false;
    it(`between trials, by ${how}: a failed trial`, { skip }, async (t) => {
      const folder = diskFolder(t);
      const target = dataFile(join(folder, 'target'), 2 ** 20);
      const mine = how.includes('device')
        ? loopDevice(t, 2 ** 20).device
        : dataFile(join(folder, 'mine'), 2 ** 20);
      const digest = victim(mine);
      const args = [...WRITES, '--backend=sync', '--trials=4', '--filename=target', '--allow-overwrite'];
      const running = startBench(folder, args);
      await running.said(/about/);
      renameSync(target, join(folder, 'away'));
      if (how === 'mine under its name') renameSync(mine, target);
      else symlinkSync(mine, target);
      const { code, stdout, stderr } = await running.ended;
      if (how === 'mine under its name') renameSync(target, mine);
      digest.untouched();
      assert.equal(code, EXIT.failed, stderr);
      assert.match(stdout + stderr, /replaced since it was\s+checked/);
    });
  }

  it('and is a device: nobody can claim it while it is written', {
    skip: skipUnless('loop', 'ext4'),
  }, async (t) => {
    const { device } = loopDevice(t, 2 ** 23);
    const args = [...WRITES, '--backend=sync,io_uring', '--trials=2', '--numjobs=2', '--size=1m'];
    const running = startBench(scratchFolder(t), [...args, '--filename', device, '--allow-overwrite']);
    await running.said(/about/);
    assert.throws(() => run('mkfs.ext4', '-q', device), /in use by the system/);
    const { code, stderr } = await running.ended;
    assert.equal(code, EXIT.ok, stderr);
  });
});

/** Making the results folder takes so long: what is checked has been, and nothing is laid out yet. */
const HELD = [
  'strace',
  '-f',
  '-qq',
  '-o',
  '/dev/null',
  '-e',
  'trace=mkdir',
  '-e',
  'inject=mkdir:delay_enter=3000000',
];

/** What takes the place of a target before it is laid out, and what is said then. */
const swaps: [what: string, args: string[], swap: (folder: string) => void, says: RegExp][] = [
  [
    'a link in place of a new file',
    ['--size=64k'],
    (folder) => symlinkSync('mine', join(folder, 'target')),
    /target has appeared since it was checked/,
  ],
  [
    'a hard link in place of a new file',
    ['--size=64k'],
    (folder) => linkSync(join(folder, 'mine'), join(folder, 'target')),
    /target has appeared since it was checked/,
  ],
  ...(['64k', '2m'] as const).flatMap((size): typeof swaps => {
    const how = size === '2m' ? ' that is to grow' : '';
    const away = (folder: string) => renameSync(join(folder, 'target'), join(folder, 'away'));
    const args = [`--size=${size}`, '--allow-overwrite'];
    const says = /target was replaced since it was checked/;
    return [
      [
        `a link in place of a file${how}`,
        args,
        (folder) => {
          away(folder);
          symlinkSync('mine', join(folder, 'target'));
        },
        says,
      ],
      [
        `a file in place of a file${how}`,
        args,
        (folder) => {
          away(folder);
          linkSync(join(folder, 'mine'), join(folder, 'target'));
        },
        says,
      ],
    ];
  }),
];

describe('a target that is replaced between its check and the layout', {
  skip: noDisk || !hasCommand('strace') ? 'needs strace and a disk' : false,
}, () => {
  for (const [what, args, swap, says] of swaps) {
    it(`by ${what} is left alone`, async (t) => {
      const folder = diskFolder(t);
      const mine = dataFile(join(folder, 'mine'), 2 ** 20);
      if (args.includes('--allow-overwrite')) dataFile(join(folder, 'target'), 2 ** 20);
      const digest = createHash('sha256').update(readFileSync(mine)).digest('hex');
      const run = ['--rw=write', '--bs=4k', '--backend=sync', '--trials=1', '--filename=target', ...args];
      const running = startBench(folder, run, { under: HELD });
      await running.said(/rw=write/);
      swap(folder);
      const { code, stderr } = await running.ended;
      assert.match(stderr, says);
      assert.ok(code === EXIT.usage || code === EXIT.failed, `${code}: ${stderr}`);
      assert.equal(createHash('sha256').update(readFileSync(mine)).digest('hex'), digest);
      assert.equal(statSync(mine).size, 2 ** 20);
    });
  }
});

describe('a device with another medium', { skip: skipUnless('loop') }, () => {
  it('is told from the one that was checked', async (t) => {
    const { resolveTargets } = await import('../../src/targets/target.ts');
    const { holdTargets } = await import('../../src/targets/target-hold.ts');
    const { targetOptions } = await import('../support/target-options.ts');
    const { device } = loopDevice(t, 2 ** 20);
    const options = targetOptions({ filenames: [device], rw: 'write', allowOverwrite: true, direct: false });
    const [[file] = []] = resolveTargets(options, { dioAlign: () => null });
    assert.ok(file?.identity?.diskseq, 'the kernel counts media');
    holdTargets([{ file, changing: true }])();
    run('losetup', '--detach', device);
    const mine = dataFile(join(scratchFolder(t), 'mine'), 2 ** 20);
    const digest = victim(mine);
    run('losetup', device, mine);
    assert.throws(() => holdTargets([{ file, changing: true }]), /was replaced since it was\s+checked/);
    digest.untouched();
  });
});

describe('faces of the kernel', { skip: skipUnless('root') }, () => {
  it('are no targets, though they be empty', async (t) => {
    const folder = scratchFolder(t);
    const faces = ['/proc/sys/kernel/hostname', '/sys/kernel/uevent_helper', '/proc/self/comm'];
    for (const path of [...faces, '/dev/nvme99n1', '/proc/uring-bench', '/dev/fd/uring-bench']) {
      const there = statSync(path, { throwIfNoEntry: false }) !== undefined;
      const kept = there && path !== '/proc/self/comm' ? victim(path) : null;
      const args = [...WRITES, '--backend=sync', '--buffered', '--size=4k', '--filename', path];
      const { code, stderr } = await bench(folder, [...args, '--allow-overwrite']);
      assert.equal(code, EXIT.usage, `${path}: ${stderr}`);
      kept?.untouched();
      if (!there) assert.equal(statSync(path, { throwIfNoEntry: false }), undefined, path);
    }
  });

  it('an empty file that was there grows, and stays', { skip: noDisk }, async (t) => {
    const folder = diskFolder(t);
    writeFileSync(join(folder, 'empty'), '');
    const { ino } = statSync(join(folder, 'empty'));
    const args = [...WRITES, '--backend=sync', '--trials=1', '--size=64k', '--filename=empty'];
    const { code, stderr } = await bench(folder, args);
    assert.equal(code, EXIT.ok, stderr);
    const now = statSync(join(folder, 'empty'));
    assert.deepEqual([now.ino, now.size], [ino, 65536]);
  });
});
