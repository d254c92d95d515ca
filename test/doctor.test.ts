/** `uring-bench doctor` on this machine as it is, and with what can be taken from it. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checks } from '../src/doctor/checks.ts';
import { parseResult } from '../src/results/read.ts';
import { executable, uringBench } from './support/cli.ts';
import { hasCommand, loopDevice, mount, run, scratchFolder, skipUnless } from './support/scratch.ts';

interface Finding {
  id: string;
  group: string;
  title: string;
  state: 'ok' | 'warning' | 'missing';
  text: string;
  mend: string | null;
  see: string;
}

interface Diagnosis {
  path: string | null;
  findings: Finding[];
  io_uring: { available: boolean } & Record<
    'features' | 'setup_flags' | 'operations',
    Record<string, boolean>
  >;
  layers: { text: string; ram: boolean }[];
}

function read(stdout: string): { diagnosis: Diagnosis; of: (id: string) => Finding } {
  const diagnosis = JSON.parse(stdout) as Diagnosis;
  return {
    diagnosis,
    of(id) {
      const found = diagnosis.findings.find((finding) => finding.id === id);
      assert.ok(found, `nothing is said of ${id}`);
      return found;
    },
  };
}

function doctor(...operands: string[]): ReturnType<typeof read> {
  const { code, stdout, stderr } = uringBench(['doctor', ...operands, '--output-format=json']);
  assert.equal(code, 0, stderr);
  return read(stdout);
}

/** The same under a launcher. */
function under(launcher: readonly string[], ...operands: string[]): ReturnType<typeof read> {
  const [command = '', ...before] = [...launcher, process.execPath, executable, 'doctor', ...operands];
  const { status, stdout, stderr } = spawnSync(command, [...before, '--output-format=json'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return read(stdout);
}

describe('doctor', () => {
  it('names every feature, flag and operation of io_uring', () => {
    const { diagnosis, of } = doctor();
    const { io_uring: uring } = diagnosis;
    assert.equal(diagnosis.path, null);
    assert.equal(of('io-uring').state === 'ok', uring.available);
    assert.equal(uring.operations.READV, uring.available);
    assert.equal(uring.features.SINGLE_MMAP, uring.available);
    assert.equal(uring.setup_flags.IOPOLL, uring.available);
    assert.equal(Object.keys(uring.operations).length, 65);
    for (const { see, id } of diagnosis.findings) assert.equal(see, `docs/TUNING.md#${id}`);
    assert.ok(diagnosis.findings.every(({ group }) => group !== 'path' && group !== 'device'));
  });

  it('is a table of lines that fit 100 columns off a terminal, without colours', () => {
    const { code, stdout } = uringBench(['doctor', '.']);
    assert.equal(code, 0);
    assert.match(stdout, /^io_uring\n(ok {5}|warning|missing) {2}io_uring_setup/);
    assert.match(stdout, /\n\d+ ok, \d+ warnings?, \d+ missing\n$/);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
    assert.ok(!stdout.includes('\x1b'));
    assert.ok(uringBench(['doctor', '--color']).stdout.includes('\x1b['));
  });

  it('writes the report to --output', (t) => {
    const folder = scratchFolder(t);
    const { code, stdout } = uringBench(['doctor', '--output=report.txt'], { cwd: folder });
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(readFileSync(join(folder, 'report.txt'), 'utf8'), / ok, /);
  });

  it('leaves nothing where it has looked', (t) => {
    const folder = scratchFolder(t);
    const { of } = doctor(join(folder, 'later/new'));
    assert.match(of('file-system').text, /where the file is not yet/);
    assert.ok(!existsSync(join(folder, 'later')));
    assert.equal(execFileSync('ls', ['-A', folder], { encoding: 'utf8' }), '');
  });

  it('finds the hole of a sparse file', (t) => {
    const path = join(scratchFolder(t), 'sparse');
    const fd = openSync(path, 'w');
    writeSync(fd, Buffer.alloc(65_536, 1), 0, 65_536, 0);
    writeSync(fd, Buffer.alloc(4096, 1), 0, 4096, 2 ** 20);
    closeSync(fd);
    assert.match(doctor(path).of('holes').text, /^the first is at 64 KiB of 1(\.0)? MiB/);
    const full = join(scratchFolder(t), 'full');
    writeFileSync(full, Buffer.alloc(65_536, 1));
    assert.equal(doctor(full).of('holes').state, 'ok');
  });

  it('is kept with every run', (t) => {
    const folder = scratchFolder(t);
    const args = [
      '--size=1m',
      '--runtime=50ms',
      '--trials=1',
      '--backend=sync',
      '--output-format=json',
      '--no-save',
    ];
    const { stdout, stderr, code } = uringBench(args, { cwd: folder });
    assert.equal(code, 0, stderr);
    const { doctor: findings = [] } = parseResult(stdout, 'stdout').environment;
    const known = checks.map(({ id }) => id);
    assert.ok(findings.length > 25 && findings.every(({ id }) => known.includes(id)));
    assert.ok(findings.some(({ id }) => id === 'device-chain'));
    assert.match(findings.find(({ id }) => id === 'holes')?.text ?? '', /^none/, 'the file is there by then');
  });

  it('refuses what is no storage', () => {
    const { code, stderr } = uringBench(['doctor', '/dev/null']);
    assert.equal(code, 2);
    assert.match(stderr, /^uring-bench: \/dev\/null is neither a file, a folder, a block device/);
    const within = uringBench(['doctor', '/etc/passwd/x']);
    assert.equal(within.code, 2);
    assert.match(within.stderr, /^uring-bench: cannot look at \/etc\/passwd\/x: not a directory\n$/);
    assert.match(uringBench(['doctor', 'a', 'b']).stderr, /looks at one path, not at b too/);
    assert.match(uringBench(['doctor', '--output-format=csv']).stderr, /doctor has no output-format=csv/);
  });
});

describe('doctor sees', () => {
  it('a tmpfs', { skip: skipUnless('root') }, (t) => {
    const { diagnosis, of } = doctor(mount(t, '-t', 'tmpfs', '-o', 'size=16m', 'none'));
    assert.equal(of('memory-backed').state, 'warning');
    assert.match(of('free-space').text, /^16 MiB/);
    assert.ok(diagnosis.layers[0]?.ram);
  });

  it('a loop device, what is mounted from it, and the drive of its file', {
    skip: skipUnless('loop', 'ext4'),
  }, (t) => {
    const { device, image } = loopDevice(t, 32 * 2 ** 20);
    const name = device.slice('/dev/'.length);
    assert.match(doctor(device).of('device-use').text, /^neither mounted nor held/);
    run('mkfs.ext4', '-q', device);
    const filled = doctor(device).of('device-use');
    assert.match(filled.text, /^it holds an ext2\/3\/4 file system: writing would destroy that/);
    assert.equal(filled.state, 'warning');
    const folder = mount(t, '-o', 'discard', device);
    const { of } = doctor(folder);
    assert.equal(of('device-chain').state, 'warning');
    assert.ok(of('device-chain').text.startsWith(`ext4 on ${folder} > ${name} on the file ${image}`));
    assert.match(of('mount-options').text, /discard/);
    assert.match(of('direct-io').text, /^bs and offset a multiple of \d+ bytes/);
    const itself = doctor(device).of('device-use');
    assert.equal(itself.state, 'warning');
    assert.match(itself.text, new RegExp(`${name} is mounted on ${folder}`));
    assert.equal(itself.mend, `sudo umount ${folder}`);
  });

  it('zram', { skip: existsSync('/dev/zram0') ? false : 'no zram here' }, () => {
    assert.match(doctor('/dev/zram0').of('memory-backed').text, /^zram0, compressed memory: this is memory/);
  });
});

const filter = [
  'python3',
  fileURLToPath(new URL('support/seccomp.py', import.meta.url)),
  'io_uring_setup=EPERM',
];

/** false, or why the launchers cannot be used here. */
function noStrace(): string | false {
  try {
    execFileSync('strace', ['-f', '-qq', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'needs strace and the right to trace';
  }
}

describe('doctor tells why io_uring does not work', () => {
  it('a seccomp filter', { skip: hasCommand('python3') ? false : 'needs python3' }, () => {
    const { diagnosis, of } = under(filter);
    assert.equal(diagnosis.io_uring.available, false);
    assert.equal(of('io-uring').state, 'missing');
    assert.match(of('io-uring').text, /seccomp filter of this process refuses it \(io_uring_setup: EPERM\)/);
    assert.match(of('io-uring').mend ?? '', /seccomp=unconfined/);
    assert.equal(of('seccomp').state, 'warning');
  });

  const inject = (fault: string) => ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `inject=${fault}`];

  it('without a filter: a security module, or a kernel without it', { skip: noStrace() }, () => {
    assert.match(
      under(inject('io_uring_setup:error=EPERM')).of('io-uring').text,
      /a security module refuses it/,
    );
    assert.match(under(inject('io_uring_setup:error=ENOSYS')).of('io-uring').text, /without CONFIG_IO_URING/);
  });

  it('flags are tried one by one where the kernel does not say them', { skip: noStrace() }, () => {
    // IORING_REGISTER_QUERY is the only call of it without a ring, and the first.
    const { diagnosis, of } = under(inject('io_uring_register:error=EINVAL:when=1'));
    assert.match(of('io-uring-flags').text, /\(each was tried\)$/);
    assert.deepEqual(diagnosis.io_uring.setup_flags, doctor().diagnosis.io_uring.setup_flags);
  });
});

describe('doctor knows its user', { skip: skipUnless('nobody') }, () => {
  it('and how much memory it may lock', { skip: hasCommand('prlimit') ? false : 'needs prlimit' }, () => {
    const launcher = [
      'prlimit',
      '--memlock=65536:65536',
      'setpriv',
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
    ];
    const { of } = under(launcher);
    assert.equal(of('memlock').state, 'warning');
    assert.match(of('memlock').text, /^64 KiB: room for 16 registered buffers of 4 KiB/);
    assert.match(doctor().of('memlock').text, /CAP_IPC_LOCK|unlimited|room for/);
  });
});
