import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, it, test } from 'node:test';
import type { HostTree } from '../../test/support/host-tree.ts';
import { expect, type Made, ON_DRIVE, seenOf, WORKING } from '../../test/support/made-machine.ts';
import { scratchFolder } from '../../test/support/scratch.ts';
import { processStatus } from '../host/process.ts';
import type { IoUringLook } from '../native/look.ts';
import { tuningAnchors } from '../stats/tuning.ts';
import { checkGroups } from './check.ts';
import { checks, diagnose } from './checks.ts';
import { lookAround, type Seen } from './seen.ts';

const { EPERM, ENOSYS, EAGAIN, ENOMEM } = constants.errno;

function refused(errno: number, stage = 'io_uring_setup'): IoUringLook {
  const refusal = { errno, stage };
  return { ...WORKING, refusal, features: 0n, setupFlags: 0n, operations: new Set() };
}

test('every check has its part in docs/TUNING.md, and every part is of a check or of a warning', () => {
  const guide = readFileSync(new URL('../../docs/TUNING.md', import.meta.url), 'utf8');
  const anchors = [...guide.matchAll(/^### (\S+)$/gm)].map(([, id = '']) => id);
  const wanted = new Set([...checks.map(({ id }) => id), ...Object.values(tuningAnchors)]);
  assert.deepEqual([...anchors].sort(), [...wanted].sort());
  assert.equal(new Set(checks.map(({ id }) => id)).size, checks.length, 'ids are unique');
  for (const { group } of checks) assert.ok(checkGroups.includes(group));
});

test('nothing is wrong with a quiet machine and a plain drive', (t) => {
  const findings = diagnose(seenOf(t, ON_DRIVE));
  assert.deepEqual(
    findings.filter(({ state }) => state !== 'ok'),
    [],
  );
  assert.ok(findings.every(({ mend, text }) => mend === null && text !== ''));
  const silent = checks.filter(({ id }) => !findings.some((finding) => finding.id === id));
  // Made-up trees have no files that could be opened.
  assert.deepEqual(
    silent.map(({ id }) => id),
    ['direct-io', 'atomic-writes', 'dontcache', 'holes', 'free-space'],
  );
});

test('a kernel that says nothing is no error', (t) => {
  const root = scratchFolder(t);
  const host = { root };
  const none: Seen = { ...seenOf(t, {}), host, process: processStatus(host), kernel: '' };
  for (const { state } of diagnose(none)) assert.notEqual(state, 'missing');
});

test('this machine', () => {
  const seen = lookAround('.');
  const findings = diagnose(seen);
  assert.ok(findings.length > 25);
  assert.ok(findings.every(({ text, mend, state }) => text !== '' && (state !== 'ok' || mend === null)));
  const chain = findings.find(({ id }) => id === 'device-chain');
  assert.match(chain?.text ?? '', / on \//);
});

describe('why there is no io_uring', () => {
  const filter: HostTree = {
    '/proc/self/status': 'Gid:\t1000 1000 1000 1000\nGroups:\t\nCapEff:\t0000000000000000\nSeccomp:\t2',
  };
  const switched = (level: string, group = '-1', more: HostTree = {}): Made => ({
    tree: { '/proc/sys/kernel/io_uring_disabled': level, '/proc/sys/kernel/io_uring_group': group, ...more },
    ioUring: refused(EPERM),
  });
  const SWITCH = '/proc/sys/kernel/io_uring_disabled';

  it('the switch, for everybody', (t) => {
    expect(
      t,
      'io-uring',
      switched('2', '-1', filter),
      'missing',
      /^kernel\.io_uring_disabled=2 forbids it to everybody/,
      /sysctl/,
    );
    expect(
      t,
      'io-uring-disabled',
      switched('2'),
      'missing',
      /no process may/,
      /sysctl kernel\.io_uring_disabled=0/,
    );
  });

  it('the switch, for all but a group', (t) => {
    expect(t, 'io-uring', switched('1'), 'missing', /=1 forbids it to all but root/);
    expect(t, 'io-uring-disabled', switched('1', '50'), 'missing', /not in group 50/);
    const member = { ...switched('1', '27'), ioUring: WORKING };
    expect(t, 'io-uring-disabled', member, 'ok', /this user may use it/);
    const admin = { '/proc/self/status': 'Gid:\t0 0 0 0\nCapEff:\t000001fffeffffff\nSeccomp:\t0' };
    expect(
      t,
      'io-uring-disabled',
      { ...switched('1', '-1', admin), ioUring: WORKING },
      'ok',
      /this user may/,
    );
  });

  it('a seccomp filter that refuses', (t) => {
    expect(
      t,
      'io-uring',
      switched('0', '-1', filter),
      'missing',
      /seccomp filter .* refuses it \(io_uring_setup: EPERM\)/,
      /seccomp=unconfined/,
    );
    expect(t, 'seccomp', switched('0', '-1', filter), 'warning', /Seccomp: 2/);
    expect(t, 'seccomp', { tree: filter }, 'ok', /lets io_uring through/);
  });

  it('a security module', (t) => {
    expect(t, 'io-uring', switched('0'), 'missing', /security module refuses it/, /ausearch/);
  });

  it('a seccomp filter that hides it', (t) => {
    expect(
      t,
      'io-uring',
      { tree: filter, ioUring: refused(ENOSYS) },
      'missing',
      /the kernel has it, the seccomp filter .* hides it/,
    );
    const named = {
      ...filter,
      '/proc/sys/kernel/osrelease': '5.15.0',
      '/proc/kallsyms': '0000 T io_submit_sqes',
    };
    expect(
      t,
      'io-uring',
      { tree: named, without: [SWITCH], ioUring: refused(ENOSYS) },
      'missing',
      /the kernel has it/,
    );
    const unknown = { ...filter, '/proc/sys/kernel/osrelease': '5.15.0' };
    expect(
      t,
      'io-uring',
      { tree: unknown, without: [SWITCH], ioUring: refused(ENOSYS) },
      'missing',
      /or the kernel was built without/,
    );
  });

  it('a kernel that is too old, or was built without', (t) => {
    const old = {
      tree: { '/proc/sys/kernel/osrelease': '4.19.0' },
      without: [SWITCH],
      ioUring: refused(ENOSYS),
    };
    expect(t, 'io-uring', old, 'missing', /Linux 4\.19\.0 has no io_uring/, /boot Linux 5\.1/);
    const without = { without: [SWITCH], ioUring: refused(ENOSYS) };
    expect(t, 'io-uring', without, 'missing', /built without CONFIG_IO_URING/);
  });

  it('locked memory, and what nobody expects', (t) => {
    expect(t, 'io-uring', { ioUring: refused(ENOMEM) }, 'missing', /RLIMIT_MEMLOCK/, /ulimit -l/);
    expect(t, 'io-uring', { ioUring: refused(EAGAIN, 'map the rings') }, 'missing', /map the rings: EAGAIN/);
  });

  it('is the only thing that is said about it then', (t) => {
    const ids = diagnose(seenOf(t, { ioUring: refused(EPERM) })).map(({ id }) => id);
    for (const id of ['io-uring-features', 'io-uring-flags', 'io-uring-operations'])
      assert.ok(!ids.includes(id));
  });
});

describe('what of io_uring there is', () => {
  it('is told with what newer kernels have', (t) => {
    expect(
      t,
      'io-uring-flags',
      {},
      'ok',
      /19 of 21 .*SQE_MIXED \(6\.19\), SQ_REWIND \(7\.0\) \(the kernel said so\)/,
    );
    expect(t, 'io-uring-operations', {}, 'ok', /63 of 65 .*NOP128/);
  });

  it('is suspicious when a part is gone', (t) => {
    const operations = new Set(WORKING.operations);
    operations.delete(46);
    expect(
      t,
      'io-uring-operations',
      { ioUring: { ...WORKING, operations } },
      'warning',
      /lacks URING_CMD \(5\.19\)/,
    );
  });

  it('may be refused to a user', (t) => {
    const ioUring = { ...WORKING, refusedFlags: 2n };
    const tree = { '/proc/sys/kernel/osrelease': '5.10.0' };
    expect(t, 'io-uring-flags', { ioUring, tree }, 'warning', /refuses SQPOLL/, /root before Linux 5\.11/);
  });
});
