/** Reports and results go to files that are new or meant, and to nothing else, whatever name leads there. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { checkReportFile, writeReportFile } from '../../src/cli/report-file.ts';
import { EXIT } from '../../src/errors.ts';
import { replaceFile } from '../../src/results/new-file.ts';
import { openResultFile } from '../../src/results/store.ts';
import { bench } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { refused } from '../support/refused.ts';
import { loopDevice, mountOn, run, scratchFolder, skipUnless } from '../support/scratch.ts';
import { victim } from '../support/victim.ts';

const NULL_RUN = ['--backend=null', '--number-ios=10', '--trials=1', '--warmup-trials=0', '--size=64k'];

describe('what --output refuses', () => {
  it('a block device, mounted or not', { skip: skipUnless('loop', 'ext4') }, async (t) => {
    const { device } = loopDevice(t, 2 ** 23);
    run('mkfs.ext4', '-q', device);
    const folder = scratchFolder(t);
    const kept = victim(device);
    symlinkSync(device, join(folder, 'link'));
    for (const output of [device, join(folder, 'link')]) {
      const { code, stderr } = await bench(folder, [...NULL_RUN, '--no-save', '--output', output]);
      assert.equal(code, EXIT.usage);
      assert.match(stderr, /^uring-bench: output=\S+ is a block device \(a report goes to a file/);
      kept.untouched();
    }
    mkdirSync(join(folder, 'mnt'));
    mountOn(t, join(folder, 'mnt'), device);
    const { code } = await bench(folder, [...NULL_RUN, '--no-save', '--output', device]);
    assert.equal(code, EXIT.usage);
  });

  it('unknown character devices, sockets, links to nothing, the faces of the kernel', async (t) => {
    const folder = scratchFolder(t);
    symlinkSync('nothing', join(folder, 'link'));
    const server = createServer().listen(join(folder, 'socket'));
    await once(server, 'listening');
    t.after(() => server.close());
    refused(() => checkReportFile(join(folder, 'link')), /is a symbolic link to nothing/);
    refused(() => checkReportFile(join(folder, 'socket')), /is a socket/);
    refused(() => checkReportFile('/dev/random'), /is a character device/);
    refused(() => checkReportFile('/proc/self/comm'), /would be in proc/);
    refused(() => checkReportFile('/dev/uring-bench-report'), /would be in \w+/);
    refused(() => checkReportFile('/dev/fd/987'), /bad file descriptor/);
  });

  it('what the command reads or writes, by any name', { skip: noDisk }, async (t) => {
    const folder = diskFolder(t);
    const mine = dataFile(join(folder, 'mine'), 2 ** 20);
    linkSync(mine, join(folder, 'hard'));
    symlinkSync('mine', join(folder, 'soft'));
    const kept = victim(mine);
    for (const output of ['mine', 'hard', 'soft', './/mine']) {
      const args = ['--filename=mine', '--rw=read', '--backend=sync', '--runtime=50ms', '--no-save'];
      const { code, stderr } = await bench(folder, [...args, '--output', output]);
      assert.equal(code, EXIT.usage, stderr);
      assert.match(stderr, /^uring-bench: output=\S+ is mine, which this command uses/);
      kept.untouched();
    }
    const made = await bench(folder, [...NULL_RUN, '--output', 'uring-bench.0.0']);
    assert.match(made.stderr, /output=uring-bench\.0\.0 is uring-bench\.0\.0, which this command uses/);
    await bench(folder, NULL_RUN);
    const stored = join('results', readdirSync(join(folder, 'results'))[0] ?? '');
    const result = victim(join(folder, stored));
    symlinkSync(stored, join(folder, 'result'));
    for (const args of [
      ['show', stored],
      ['compare', stored, stored],
      ['gate', '--baseline', stored, '--quiet'],
    ]) {
      const more = args[0] === 'gate' ? ['--', ...NULL_RUN] : [];
      const { code } = await bench(folder, [...args, '--output', 'result', ...more]);
      assert.equal(code, EXIT.usage, args[0]);
      result.untouched();
    }
  });
});

describe('a report', () => {
  it('keeps mode, owner and names of a file', (t) => {
    const folder = scratchFolder(t);
    const path = join(folder, 'report');
    writeFileSync(path, 'a longer old one');
    chmodSync(path, 0o600);
    if (process.geteuid?.() === 0) chownSync(path, 12, 34);
    const { uid, gid } = statSync(path);
    writeReportFile(path, 'one');
    assert.equal(readFileSync(path, 'utf8'), 'one');
    const now = statSync(path);
    assert.deepEqual([now.mode & 0o7777, now.uid, now.gid], [0o600, uid, gid]);
    linkSync(path, join(folder, 'other'));
    writeReportFile(path, 'two, longer');
    writeReportFile(path, 'two');
    assert.equal(readFileSync(join(folder, 'other'), 'utf8'), 'two');
    assert.equal(statSync(path).nlink, 2);
    assert.deepEqual(readdirSync(folder).sort(), ['other', 'report']);
  });

  it('goes to a FIFO that is read, and waits for none that is not', async (t) => {
    const folder = scratchFolder(t);
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    refused(() => checkReportFile(fifo), /^nobody reads from output=\S+ \(start its reader first\)$/);
    const reader = spawn('cat', [fifo], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    reader.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    const closed = once(reader, 'close');
    let ended = { code: EXIT.usage as number | null, stderr: '' };
    // The reader takes its time to open it.
    for (let i = 0; i < 20 && ended.code === EXIT.usage; i++) {
      ended = await bench(folder, [...NULL_RUN, '--no-save', '--output=fifo', '--output-format=json']);
    }
    assert.equal(ended.code, EXIT.ok, ended.stderr);
    await closed;
    assert.equal(JSON.parse(text).status, 'complete');
    assert.ok(lstatSync(fifo).isFIFO());
  });

  it('goes where a descriptor leads, and leaves its name alone', { skip: skipUnless('root') }, async (t) => {
    const folder = scratchFolder(t);
    const before = readdirSync('/dev');
    const link = lstatSync('/dev/stdout').ino;
    const args = [...NULL_RUN, '--no-save', '--quiet', '--output-format=csv'];
    for (const output of ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']) {
      const { code, stdout, stderr } = await bench(folder, [...args, '--output', output]);
      assert.equal(code, EXIT.ok, stderr);
      assert.match(stdout, /\bnull\b/);
    }
    const { stderr } = await bench(folder, [...args, '--output=/dev/stderr']);
    assert.match(stderr, /\bnull\b/);
    assert.deepEqual([readdirSync('/dev'), lstatSync('/dev/stdout').ino], [before, link]);
    const fd = openSync(folder, 'r');
    refused(() => checkReportFile(`/dev/fd/${fd}`), /is a directory/);
    closeSync(fd);
    const reads = openSync('/dev/null', 'r');
    refused(() => checkReportFile(`/dev/fd/${reads}`), /is not open for writing/);
    closeSync(reads);
  });

  it('does not follow a link that was put there after the check', (t) => {
    const folder = scratchFolder(t);
    writeFileSync(join(folder, 'mine'), 'mine');
    const kept = victim(join(folder, 'mine'));
    checkReportFile(join(folder, 'report'));
    symlinkSync('mine', join(folder, 'report'));
    writeReportFile(join(folder, 'report'), 'text');
    kept.untouched();
    assert.equal(readFileSync(join(folder, 'report'), 'utf8'), 'text');
  });

  it("leaves somebody else's files beside it alone", (t) => {
    const folder = scratchFolder(t);
    const theirs = join(folder, `.report.${process.pid}.tmp`);
    writeFileSync(theirs, 'theirs');
    const kept = victim(theirs);
    writeReportFile(join(folder, 'report'), 'text');
    kept.untouched();
  });
});

describe('a stored result', () => {
  it('is never written through a link, whatever its temporary name', async (t) => {
    const folder = scratchFolder(t);
    writeFileSync(join(folder, 'mine'), 'mine', { mode: 0o600 });
    const kept = victim(join(folder, 'mine'));
    const dir = join(folder, 'results');
    mkdirSync(dir);
    const startedAt = new Date('2026-11-22T13:05:09Z');
    const stem = '2026-11-22T13-05-09Z-x';
    for (const name of [`.${stem}.json.tmp`, `${stem}.json`]) symlinkSync('../mine', join(dir, name));
    const file = await openResultFile(dir, startedAt, 'x');
    assert.equal(file.path, join(dir, `${stem}-2.json`));
    kept.untouched();
    renameSync(file.path, `${file.path}.old`);
    symlinkSync('../mine', file.path);
    replaceFile(file.path, 'text');
    kept.untouched();
    assert.ok(lstatSync(file.path).isFile(), 'the link was replaced');
    assert.ok(lstatSync(join(dir, `.${stem}.json.tmp`)).isSymbolicLink(), 'theirs stays');
  });

  it('that somebody has replaced is not removed', async (t) => {
    const folder = scratchFolder(t);
    const file = await openResultFile(folder, new Date(), 'x');
    renameSync(file.path, join(folder, 'kept'));
    writeFileSync(file.path, 'theirs');
    file.discard();
    assert.equal(readFileSync(file.path, 'utf8'), 'theirs');
  });
});
