import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type HostTree, plantTree } from '../../test/support/host-tree.ts';
import { scratchFolder } from '../../test/support/scratch.ts';
import { memoryLimits } from './memory-limits.ts';

function limits(t: TestContext, tree: HostTree): string[] {
  const root = scratchFolder(t);
  plantTree(root, tree);
  return memoryLimits({ root }).map(({ what, bytes, of }) => `${of} ${bytes} ${what}`);
}

const V2 = '30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw';
const V1 = '31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory';

describe('limits of memory', () => {
  it('what the machine has left', (t) => {
    assert.deepEqual(limits(t, { '/proc/meminfo': 'MemTotal: 4096 kB\nMemAvailable:    2048 kB' }), [
      'resident 2097152 MemAvailable of this machine',
    ]);
  });

  it('version 2: of its own group and of those above it, where pages of files can be taken back', (t) => {
    const own = '/sys/fs/cgroup/a/b';
    const found = limits(t, {
      '/proc/self/mountinfo': V2,
      '/proc/self/cgroup': '0::/a/b',
      [`${own}/memory.max`]: '1000000',
      [`${own}/memory.current`]: '600000',
      [`${own}/memory.stat`]: 'anon 5\nfile 300000\ninactive_file 100000\nactive_file 50000',
      '/sys/fs/cgroup/a/memory.max': 'max',
      '/sys/fs/cgroup/a/memory.current': '700000',
      '/sys/fs/cgroup/memory.max': '500000',
      '/sys/fs/cgroup/memory.current': '800000',
    });
    assert.deepEqual(found, [
      'resident 0 /sys/fs/cgroup/memory.max',
      'resident 550000 /sys/fs/cgroup/a/b/memory.max',
    ]);
  });

  it('version 2 in a container, whose own group is the root that it sees', (t) => {
    const found = limits(t, {
      '/proc/self/mountinfo': V2,
      '/proc/self/cgroup': '0::/../../x',
      '/sys/fs/cgroup/memory.max': '1000',
      '/sys/fs/cgroup/memory.current': '400',
    });
    assert.deepEqual(found, ['resident 600 /sys/fs/cgroup/memory.max']);
  });

  it('version 1, beside other controllers; the largest number is none', (t) => {
    const found = limits(t, {
      '/proc/self/mountinfo': V1,
      '/proc/self/cgroup': '5:cpu:/x\n4:memory:/a\n0::/',
      '/sys/fs/cgroup/memory/a/memory.limit_in_bytes': '1000000',
      '/sys/fs/cgroup/memory/a/memory.usage_in_bytes': '300000',
      '/sys/fs/cgroup/memory/a/memory.stat': 'inactive_file 1\ntotal_inactive_file 40000',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': '300000',
    });
    assert.deepEqual(found, ['resident 740000 /sys/fs/cgroup/memory/a/memory.limit_in_bytes']);
  });

  it('address space, less what is mapped', (t) => {
    const found = limits(t, {
      '/proc/self/limits': 'Max address space         4294967296           unlimited            bytes',
      '/proc/self/status': 'Name: node\nVmSize:\t 1048576 kB',
    });
    assert.deepEqual(found, [`mapped ${3 * 2 ** 30} RLIMIT_AS (ulimit -v)`]);
  });

  it('none where nothing is known or unlimited', (t) => {
    assert.deepEqual(limits(t, {}), []);
    assert.deepEqual(
      limits(t, { '/proc/self/limits': 'Max address space  unlimited  unlimited  bytes' }),
      [],
    );
  });
});
