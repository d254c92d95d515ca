/** What was checked is what is measured: a file or medium that takes the place of the target is left alone. */
import assert from 'node:assert/strict';
import { renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import { bench, startBench } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { loopDevice, run, scratchFolder, skipUnless } from '../support/scratch.ts';
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
