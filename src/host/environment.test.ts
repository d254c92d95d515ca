import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Value } from '@sinclair/typebox/value';
import { plantTree } from '../../test/support/host-tree.ts';
import { scratchFolder } from '../../test/support/scratch.ts';
import { type Environment, EnvironmentSchema } from '../results/schema.ts';
import { captureEnvironment, countOfRanges, type NativeFacts } from './environment.ts';
import { pathFacts } from './host-files.ts';

const NATIVE: NativeFacts = { clock: 'tsc', tscHz: 2_600_000_000, library: '0.1.0 abi 1', glibc: '2.36' };

function assertFitsSchema(environment: Environment): void {
  const errors = [...Value.Errors(EnvironmentSchema, environment)].map(
    ({ path, message }) => `${path} ${message}`,
  );
  assert.deepEqual(errors, []);
}

test('this machine: fits the schema, and agrees with Node about it', async (t) => {
  const file = join(scratchFolder(t), 'f');
  writeFileSync(file, 'x'.repeat(1000));
  const environment = await captureEnvironment([file, '/dev/null'], NATIVE);
  assertFitsSchema(environment);
  const os = await import('node:os');
  assert.equal(environment.kernel, os.release());
  assert.equal(environment.hostname, os.hostname());
  assert.equal(environment.cpus_allowed, os.availableParallelism());
  assert.equal(environment.memory_bytes, os.totalmem());
  assert.equal(environment.node, process.version);
  assert.deepEqual(
    environment.files.map(({ path, kind, size_bytes }) => [path, kind, size_bytes]),
    [
      [file, 'file', 1000],
      ['/dev/null', 'char', null],
    ],
  );
});

test('looks at each of many files once or twice, however many there are', async (t) => {
  const folder = scratchFolder(t);
  const asked = new Map<string, number>();
  const stat = (path: string) => {
    asked.set(path, (asked.get(path) ?? 0) + 1);
    return pathFacts(path);
  };
  const looks = async (count: number): Promise<number> => {
    asked.clear();
    const files = Array.from({ length: count }, (_, i) => join(folder, `f${i}`));
    await captureEnvironment(files, NATIVE, { stat });
    return [...asked.values()].reduce((sum, times) => sum + times, 0);
  };
  const [few, many] = [await looks(4), await looks(64)];
  assert.ok(many <= (few / 4 + 1) * 64, `${few} for 4 files, ${many} for 64`);
});

test('a host that says nothing: null, never an error', async (t) => {
  const root = scratchFolder(t);
  const environment = await captureEnvironment(['/nowhere/f'], NATIVE, { root, stat: () => null });
  assertFitsSchema(environment);
  const { virtualization, smt, governor, mitigations, memlock_limit_bytes, aio_max_nr, files } = environment;
  assert.deepEqual(
    [virtualization, smt, governor, mitigations, memlock_limit_bytes, aio_max_nr],
    [null, null, null, null, null, null],
  );
  const { path, kind, ...rest } = files[0] ?? assert.fail();
  assert.deepEqual([path, kind], ['/nowhere/f', 'file']);
  assert.deepEqual(new Set(Object.values(rest)), new Set([null]));
});

test('a host that says much', async (t) => {
  const root = scratchFolder(t);
  const cpu = '/sys/devices/system/cpu';
  plantTree(root, {
    '/proc/sys/kernel/hostname': 'bench1',
    '/proc/sys/kernel/osrelease': '6.9.0-metal',
    '/proc/version': 'Linux version 6.9.0-metal (gcc 13) #1 SMP',
    '/proc/cpuinfo':
      'processor\t: 0\nmodel name\t: Big CPU @ 3.00GHz\nflags\t\t: fpu vme nonstop_tsc\n\nprocessor\t: 1',
    '/proc/meminfo': 'MemTotal:       1024 kB\nMemFree:         100 kB\nMemAvailable:    512 kB',
    '/proc/self/status': 'Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t0-3,8,10-11',
    '/proc/self/limits':
      'Limit                     Soft Limit           Hard Limit           Units     \n' +
      'Max locked memory         8388608              unlimited            bytes     ',
    '/proc/sys/fs/aio-max-nr': '65536',
    '/proc/sys/kernel/io_uring_disabled': '2',
    [`${cpu}/online`]: '0-15',
    [`${cpu}/smt/active`]: '1',
    [`${cpu}/cpufreq/policy0/scaling_governor`]: 'powersave',
    [`${cpu}/cpufreq/policy1/scaling_governor`]: 'performance',
    [`${cpu}/cpufreq/policy2/scaling_governor`]: 'powersave',
    [`${cpu}/vulnerabilities/meltdown`]: 'Not affected',
    [`${cpu}/vulnerabilities/retbleed`]: 'Mitigation: Enhanced IBRS',
    '/sys/devices/system/node/online': '0-1',
    '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc',
    '/sys/class/dmi/id/sys_vendor': 'Amazon EC2',
  });
  const environment = await captureEnvironment([], NATIVE, { root });
  assertFitsSchema(environment);
  assert.deepEqual(
    { ...environment, arch: '', node: '' },
    {
      hostname: 'bench1',
      kernel: '6.9.0-metal',
      kernel_version: 'Linux version 6.9.0-metal (gcc 13) #1 SMP',
      arch: '',
      // The cloud's name alone makes no virtual machine: the CPU's flag is not there.
      virtualization: null,
      cpu_model: 'Big CPU @ 3.00GHz',
      cpus_online: 16,
      cpus_allowed: 7,
      numa_nodes: 2,
      smt: true,
      governor: 'performance,powersave',
      mitigations: 'retbleed: Mitigation: Enhanced IBRS',
      memory_bytes: 1024 * 1024,
      memory_available_bytes: 512 * 1024,
      memlock_limit_bytes: 8388608,
      aio_max_nr: 65536,
      io_uring_disabled: 2,
      clock: 'tsc',
      tsc_hz: 2_600_000_000,
      clocksource: 'tsc',
      node: '',
      library: '0.1.0 abi 1',
      glibc: '2.36',
      files: [],
    },
  );
});

test('hypervisors by the CPU flag, then the clock, then DMI', async (t) => {
  const guest = 'flags\t\t: fpu hypervisor lahf_lm';
  const clocks = '/sys/devices/system/clocksource/clocksource0/available_clocksource';
  const dmi = '/sys/class/dmi/id/sys_vendor';
  const cases: [Record<string, string>, string | null][] = [
    [{ '/proc/cpuinfo': guest, [clocks]: 'tsc kvm-clock' }, 'kvm'],
    [{ '/proc/cpuinfo': guest, [dmi]: 'VMware, Inc.' }, 'vmware'],
    [{ '/proc/cpuinfo': guest, [dmi]: 'Microsoft Corporation' }, 'hyper-v'],
    [{ '/proc/cpuinfo': guest }, 'unknown'],
    [{ '/proc/cpuinfo': 'CPU implementer\t: 0x41', [dmi]: 'QEMU' }, 'kvm'],
    [{ '/proc/cpuinfo': 'CPU implementer\t: 0x41' }, null],
    [{ '/proc/cpuinfo': 'flags\t\t: fpu', [dmi]: 'QEMU' }, null],
    [{ '/sys/hypervisor/type': 'xen' }, 'xen'],
  ];
  const folder = scratchFolder(t);
  for (const [index, [tree, expected]] of cases.entries()) {
    const root = join(folder, String(index));
    mkdirSync(root);
    plantTree(root, tree);
    const { virtualization } = await captureEnvironment([], NATIVE, { root });
    assert.equal(virtualization, expected, JSON.stringify(tree));
  }
});

test('an unlimited memlock is null', async (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    '/proc/self/limits': 'Max locked memory         unlimited            unlimited            bytes',
  });
  assert.equal((await captureEnvironment([], NATIVE, { root })).memlock_limit_bytes, null);
});

test('lists of ranges', () => {
  assert.equal(countOfRanges('0'), 1);
  assert.equal(countOfRanges('0-3,8'), 5);
  assert.equal(countOfRanges('0-1,4-5,7'), 5);
  for (const bad of [null, '', 'x', '0-', '0,,1']) assert.equal(countOfRanges(bad), null);
});
