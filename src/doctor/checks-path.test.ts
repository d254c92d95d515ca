import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { blockTree, type HostTree } from '../../test/support/host-tree.ts';
import { DRIVE, expect, type Made, NVME, ON_DRIVE, onDrive } from '../../test/support/made-machine.ts';
import type { Seen } from './seen.ts';

const { ENOSYS } = constants.errno;

describe('the path', () => {
  const mounted = (line: string, dev: string): Made => ({
    tree: { ...DRIVE, '/proc/self/mountinfo': line },
    path: '/data',
    stat: { '/data': { kind: 'directory', dev } },
  });

  it('file systems that do more than write blocks', (t) => {
    const btrfs = mounted('22 1 0:31 / /data rw - btrfs /dev/nvme0n1p1 rw,compress=zstd:1', '0:31');
    expect(
      t,
      'file-system',
      btrfs,
      'warning',
      /^btrfs on \/data: it writes each block to a new place/,
      /ext4 or XFS/,
    );
    expect(t, 'mount-options', btrfs, 'warning', /compress/);
    expect(
      t,
      'device-chain',
      btrfs,
      'ok',
      /^btrfs on \/data > partition nvme0n1p1 > nvme0n1 \(nvme\/pcie\)$/,
    );
    const nfs = mounted('22 1 0:50 / /data rw - nfs4 server:/x rw', '0:50');
    expect(t, 'file-system', nfs, 'warning', /over the network/);
    expect(t, 'device-chain', nfs, 'ok', /no block device is known below it/);
  });

  it('mount options that cost', (t) => {
    const made = mounted('22 1 259:1 / /data rw,sync - ext4 /dev/nvme0n1p1 rw,discard,barrier=0', '259:1');
    expect(t, 'mount-options', made, 'warning', /sync: .*discard: .*nobarrier: /, /remount,nodiscard \/data/);
  });

  it('memory that looks like a drive', (t) => {
    const tmpfs = mounted('22 1 0:40 / /data rw - tmpfs none rw', '0:40');
    expect(t, 'memory-backed', tmpfs, 'warning', /tmpfs on \/data: this is memory/, /lsblk/);
    for (const name of ['zram0', 'ram3', 'nullb0']) {
      const made: Made = {
        tree: blockTree('250:0', `virtual/block/${name}`, { size: '8' }),
        path: `/dev/${name}`,
        stat: { [`/dev/${name}`]: { kind: 'block', rdev: '250:0' } },
      };
      expect(t, 'memory-backed', made, 'warning', new RegExp(`^${name}.*this is memory`));
    }
    expect(t, 'memory-backed', ON_DRIVE, 'ok', /no step/);
  });

  it('each step down to the drive', (t) => {
    const dm = 'virtual/block/dm-0';
    const up = '->../../../../';
    const made: Made = {
      tree: {
        ...DRIVE,
        ...blockTree('253:0', dm, {
          'dm/name': 'vg-data',
          'dm/uuid': 'LVM-abc',
          'slaves/md0': `${up}virtual/block/md0`,
        }),
        ...blockTree('9:0', 'virtual/block/md0', {
          'md/level': 'raid1',
          'slaves/nvme0n1p1': `${up}${NVME}/nvme0n1p1`,
          'slaves/sda': `${up}pci0000:00/ata1/host0/sda`,
        }),
        ...blockTree('8:0', 'pci0000:00/ata1/host0/sda', { size: '8' }),
        '/proc/self/mountinfo': '22 1 253:0 / /data rw - xfs /dev/mapper/vg-data rw',
      },
      path: '/data',
      stat: { '/data': { kind: 'directory', dev: '253:0' } },
    };
    expect(
      t,
      'device-chain',
      made,
      'ok',
      /^xfs on \/data > LVM vg-data \(dm-0\) > md0 \(raid1\) > partition nvme0n1p1 > nvme0n1 \(nvme\/pcie\) > sda \(sata\)$/,
    );
  });

  it('an overlay, with the file system of its upper folder', (t) => {
    const overlay =
      '23 1 0:50 / /over rw - overlay overlay rw,lowerdir=/l,upperdir=/data/upper,workdir=/data/work';
    const made: Made = {
      tree: { ...DRIVE, '/proc/self/mountinfo': `${DRIVE['/proc/self/mountinfo']}\n${overlay}` },
      path: '/over',
      stat: {
        '/over': { kind: 'directory', dev: '0:50' },
        '/data/upper': { kind: 'directory', dev: '259:1' },
      },
    };
    expect(
      t,
      'device-chain',
      made,
      'ok',
      /^overlay on \/over > ext4 on \/data > partition nvme0n1p1 > nvme0n1 /,
    );
    const { '/data/upper': _, ...blind } = made.stat ?? {};
    expect(t, 'device-chain', { ...made, stat: blind }, 'ok', /^overlay on \/over; no block device/);
  });

  it('a loop device, with the file behind it', (t) => {
    const made: Made = {
      tree: {
        ...DRIVE,
        ...blockTree('7:0', 'virtual/block/loop0', { 'loop/backing_file': '/data/image', 'loop/dio': '0' }),
      },
      path: '/dev/loop0',
      stat: { '/dev/loop0': { kind: 'block', rdev: '7:0' }, '/data/image': { dev: '259:1' } },
    };
    expect(
      t,
      'device-chain',
      made,
      'warning',
      /^loop0 on the file \/data\/image, through its page cache > ext4 on \/data > partition nvme0n1p1 > /,
      /^sudo losetup --direct-io=on \/dev\/loop0$/,
    );
  });

  const withFile = (file: Partial<NonNullable<Seen['place']>['file']>, sizeBytes = 2 ** 20): Made => {
    const look = { limits: null, directError: null, dontcacheErrno: 0, firstHole: null, ...file };
    return {
      seen: {
        place: {
          path: '/data/f',
          kind: 'file',
          info: { size_bytes: sizeBytes, logical_block_size: 512 } as NonNullable<Seen['place']>['info'],
          mount: {
            dev: '259:1',
            root: '/',
            mountPoint: '/data',
            fileSystem: 'ext4',
            source: '',
            options: ['rw'],
          },
          device: null,
          chain: [],
          file: look,
          content: null,
          freeBytes: 2 ** 28,
        },
      },
    };
  };
  const direct = { memory: 4, offset: 512, readOffset: 512 };

  it('O_DIRECT and its alignment', (t) => {
    expect(
      t,
      'direct-io',
      withFile({ directError: 'EINVAL' }),
      'missing',
      /ext4 takes no O_DIRECT \(EINVAL\)/,
      /--buffered/,
    );
    expect(t, 'direct-io', withFile({}), 'ok', /does not say its alignment, the device's block is 512 bytes/);
    expect(
      t,
      'direct-io',
      withFile({ limits: { direct, atomic: null } }),
      'ok',
      /multiple of 512 bytes, buffers of 4/,
    );
    const large = { memory: 4, offset: 65536, readOffset: 4096 };
    expect(
      t,
      'direct-io',
      withFile({ limits: { direct: large, atomic: null } }),
      'warning',
      /65536 bytes, of reads alone of 4096/,
      /--bs=65536/,
    );
  });

  it('untorn writes and DONTCACHE', (t) => {
    expect(t, 'atomic-writes', withFile({ limits: { direct, atomic: null } }), 'ok', /^none/);
    const atomic = { min: 4096, max: 65536, fastMax: 16384 };
    expect(
      t,
      'atomic-writes',
      withFile({ limits: { direct, atomic } }),
      'ok',
      /^4 KiB to 64 KiB, slowly above 16 KiB/,
    );
    expect(t, 'dontcache', withFile({}), 'ok', /works/);
    expect(t, 'dontcache', withFile({ dontcacheErrno: ENOSYS }), 'ok', /needs Linux 6\.14/);
    expect(t, 'dontcache', withFile({ dontcacheErrno: constants.errno.EOPNOTSUPP }), 'ok', /ext4 lacks it/);
  });

  it('holes and free space', (t) => {
    expect(t, 'holes', withFile({ firstHole: 2 ** 20 }), 'ok', /^none/);
    expect(t, 'holes', withFile({ firstHole: 4096 }), 'warning', /first is at 4 KiB of 1 MiB/);
    expect(t, 'free-space', withFile({}), 'warning', /^256 MiB/);
  });
});

describe('the device', () => {
  const QUEUE = `/sys/devices/${NVME}/queue`;
  const cases: [id: string, tree: HostTree, text: RegExp, mend: RegExp][] = [
    [
      'device-queues',
      { [`${QUEUE}/nr_requests`]: '8' },
      /1 hardware queue, 8 requests/,
      /queue\/nr_requests/,
    ],
    [
      'scheduler',
      { [`${QUEUE}/scheduler`]: 'none [mq-deadline]' },
      /^mq-deadline/,
      /echo none .*\/sys\/block\/nvme0n1\/queue\/scheduler/,
    ],
    ['wbt', { [`${QUEUE}/wbt_lat_usec`]: '2000' }, /wbt_lat_usec=2000/, /echo 0/],
  ];
  for (const [id, tree, text, mend] of cases) {
    it(id, (t) => expect(t, id, onDrive(tree), 'warning', text, mend));
  }

  it('is named with its link, whose rate is counted without its encoding', (t) => {
    expect(
      t,
      'device-model',
      ON_DRIVE,
      'ok',
      /^nvme0n1: INTEL SSDPF21Q400GB, firmware L0310100, nvme\/pcie, link 7\.3 GiB\/s, NUMA node 0$/,
    );
  });

  it('a scheduler is right for a disk that turns, and a virtual one says that it does', (t) => {
    const turning = { [`${QUEUE}/scheduler`]: '[mq-deadline] none', [`${QUEUE}/rotational`]: '1' };
    expect(t, 'scheduler', onDrive(turning), 'ok', /as a disk that turns/);
    const virtual: Made = {
      tree: blockTree('254:0', 'pci0000:00/virtio1/block/vda', {
        'queue/scheduler': '[mq-deadline] none',
        'queue/rotational': '1',
      }),
      path: '/dev/vda',
      stat: { '/dev/vda': { kind: 'block', rdev: '254:0' } },
    };
    expect(t, 'scheduler', virtual, 'warning', /^mq-deadline/);
  });

  it('merging, polling, the write cache and blocks', (t) => {
    expect(t, 'nomerges', onDrive({ [`${QUEUE}/nomerges`]: '2' }), 'ok', /are not merged/);
    expect(t, 'polling', ON_DRIVE, 'ok', /can be polled for .*poll_queues=4/);
    expect(
      t,
      'polling',
      onDrive({ [`${QUEUE}/io_poll`]: '0' }),
      'ok',
      /\+iopoll will be refused \(nvme\.poll_queues/,
    );
    expect(t, 'write-cache', onDrive({ [`${QUEUE}/write_cache`]: 'write back' }), 'ok', /fsync flushes/);
    expect(
      t,
      'block-size',
      onDrive({ [`${QUEUE}/physical_block_size`]: '4096' }),
      'ok',
      /below 4096 are read first/,
    );
  });

  it('in use: told of a file, a warning for the device itself', (t) => {
    expect(t, 'device-use', ON_DRIVE, 'ok', /nvme0n1p1 is mounted on \/data/);
    const itself: Made = {
      tree: {
        ...DRIVE,
        [`/sys/devices/${NVME}/holders/dm-3/`]: '',
        '/proc/swaps': 'Filename Type Size Used Priority\n/dev/nvme0n1 partition 1 0 -2',
      },
      path: '/dev/nvme0n1',
      stat: { '/dev/nvme0n1': { kind: 'block', rdev: '259:0' } },
    };
    expect(
      t,
      'device-use',
      itself,
      'warning',
      /held by dm-3, nvme0n1 is swap, nvme0n1p1 is mounted on \/data: writing would destroy/,
      /lsblk \/dev\/nvme0n1/,
    );
  });
});
