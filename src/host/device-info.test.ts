import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blockTree, type HostTree, plantTree, statOf } from '../../test/support/host-tree.ts';
import { loopDevice, mount, mountOn, run, scratchFolder, skipUnless } from '../../test/support/scratch.ts';
import { describePaths, withHashedSerial } from './device-info.ts';

const NVME = 'pci0000:00/0000:00:01.0/nvme/nvme0/nvme0n1';

/** An NVMe disk with two partitions, as Linux 6 shows it. */
const NVME_TREE: HostTree = {
  ...blockTree('259:0', NVME, {
    device: '->../../nvme0',
    size: '7501476528',
    'queue/rotational': '0',
    'queue/scheduler': '[none] mq-deadline kyber',
    'queue/nr_requests': '1023',
    'queue/logical_block_size': '512',
    'queue/physical_block_size': '4096',
    'queue/max_sectors_kb': '128',
    'queue/write_cache': 'write through',
    'queue/io_poll': '1',
    'queue/nomerges': '2',
    'queue/rq_affinity': '1',
    'queue/wbt_lat_usec': '2000',
  }),
  ...blockTree('259:1', `${NVME}/nvme0n1p1`, { partition: '1', size: '1048576' }),
  ...blockTree('259:2', `${NVME}/nvme0n1p2`, { partition: '2', size: '7500000000' }),
  '/sys/devices/pci0000:00/0000:00:01.0/nvme/nvme0/model': 'INTEL SSDPF21Q400GB                     ',
  '/sys/devices/pci0000:00/0000:00:01.0/nvme/nvme0/firmware_rev': 'L0310100',
  '/sys/devices/pci0000:00/0000:00:01.0/nvme/nvme0/serial': 'PHAC1234        ',
};

const NVME_QUEUE = {
  device: 'nvme0n1',
  model: 'INTEL SSDPF21Q400GB',
  firmware: 'L0310100',
  serial: 'PHAC1234',
  link: null,
  rotational: false,
  scheduler: 'none',
  nr_requests: 1023,
  logical_block_size: 512,
  physical_block_size: 4096,
  max_sectors_kb: 128,
  write_cache: 'write through',
  io_poll: true,
  nomerges: 2,
  rq_affinity: 1,
  wbt_lat_usec: 2000,
  transport: 'nvme',
  link_bytes_per_second: null,
};

function mountinfo(...lines: string[]): HostTree {
  return { '/proc/self/mountinfo': lines.join('\n') };
}

test('a file on a partition of an NVMe disk', (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    ...NVME_TREE,
    ...mountinfo(
      '22 1 254:0 / / rw - ext4 /dev/vda rw',
      '30 22 259:2 / /mnt/fast\\040disk rw,noatime shared:1 - xfs /dev/nvme0n1p2 rw,attr2',
      '31 22 259:1 / /mnt rw - vfat /dev/nvme0n1p1 rw',
    ),
  });
  const stat = statOf({ '/mnt/fast disk/f': { sizeBytes: 4096, dev: '259:2' } });
  assert.deepEqual(describePaths(['/mnt/fast disk/f'], { root, stat }), [
    {
      path: '/mnt/fast disk/f',
      kind: 'file',
      size_bytes: 4096,
      file_system: 'xfs',
      mount_point: '/mnt/fast disk',
      mount_options: 'rw,noatime,attr2',
      ...NVME_QUEUE,
    },
  ]);
});

test('a partition as the target: its own size, its disk by name', (t) => {
  const root = scratchFolder(t);
  plantTree(root, NVME_TREE);
  const stat = statOf({ '/dev/nvme0n1p1': { kind: 'block', rdev: '259:1' } });
  assert.deepEqual(describePaths(['/dev/nvme0n1p1'], { root, stat }), [
    {
      path: '/dev/nvme0n1p1',
      kind: 'block',
      size_bytes: 512 * 2 ** 20,
      file_system: null,
      mount_point: null,
      mount_options: null,
      ...NVME_QUEUE,
    },
  ]);
});

test('btrfs: no device has its number, the mount source says it', (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    ...NVME_TREE,
    ...mountinfo(
      '22 1 0:20 / / rw - tmpfs none rw',
      '30 22 0:31 /@home /home rw,relatime - btrfs /dev/nvme0n1p2 rw,ssd,subvol=/@home',
    ),
  });
  // 0:45 is a subvolume's own number: mountinfo has another.
  const stat = statOf({ '/home/me/f': { dev: '0:45' } });
  const [info] = describePaths(['/home/me/f'], { root, stat });
  assert.equal(info?.file_system, 'btrfs');
  assert.equal(info?.mount_point, '/home');
  assert.equal(info?.device, 'nvme0n1');
});

test('an overlay: the device of its upper folder, none when that is out of sight', (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    ...NVME_TREE,
    ...mountinfo(
      '22 1 0:50 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/data/upper,workdir=/data/work',
      '30 22 259:2 / /data rw - ext4 /dev/nvme0n1p2 rw',
    ),
  });
  const inSight = statOf({ '/f': { dev: '0:50' }, '/data/upper': { kind: 'directory', dev: '259:2' } });
  const [info] = describePaths(['/f'], { root, stat: inSight });
  assert.deepEqual([info?.file_system, info?.device], ['overlay', 'nvme0n1']);
  const [blind] = describePaths(['/f'], { root, stat: statOf({ '/f': { dev: '0:50' } }) });
  assert.deepEqual([blind?.file_system, blind?.device, blind?.model], ['overlay', null, null]);
});

test('a stacked device: its own queue, the disks below by name', (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    ...NVME_TREE,
    ...blockTree('253:0', 'virtual/block/dm-0', {
      'slaves/nvme0n1p2': '->../../../../pci0000:00/0000:00:01.0/nvme/nvme0/nvme0n1/nvme0n1p2',
      'slaves/sda': '->../../../../pci0000:00/ata1/sda',
      'queue/nr_requests': '128',
    }),
    ...blockTree('8:0', 'pci0000:00/ata1/sda', {
      'device/vendor': 'ATA     ',
      'device/model': 'WDC WD40EFRX',
      'device/rev': '0A82',
    }),
    ...mountinfo('22 1 253:0 / / rw - ext4 /dev/mapper/vg-root rw'),
  });
  const [info] = describePaths(['/f'], { root, stat: statOf({ '/f': { dev: '253:0' } }) });
  assert.equal(info?.device, 'dm-0');
  assert.equal(info?.model, 'nvme0n1: INTEL SSDPF21Q400GB, sda: WDC WD40EFRX');
  assert.equal(info?.firmware, 'nvme0n1: L0310100, sda: 0A82');
  assert.equal(info?.nr_requests, 128);
  assert.equal(info?.scheduler, null);
});

test('a SCSI disk has vendor and model; a virtio disk has neither', (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    ...blockTree('8:16', 'pci0000:00/host0/sdb', {
      'device/vendor': 'SEAGATE ',
      'device/model': 'ST18000NM004J',
    }),
    ...blockTree('254:0', 'pci0000:00/virtio1/block/vda', {
      'device/vendor': '0x1af4',
      'queue/scheduler': 'none',
    }),
  });
  const stat = statOf({
    '/dev/sdb': { kind: 'block', rdev: '8:16' },
    '/dev/vda': { kind: 'block', rdev: '254:0' },
  });
  const [sdb, vda] = describePaths(['/dev/sdb', '/dev/vda'], { root, stat });
  assert.equal(sdb?.model, 'SEAGATE ST18000NM004J');
  assert.deepEqual([vda?.model, vda?.firmware, vda?.scheduler], [null, null, 'none']);
});

test('a file that is not there yet: the folder that will hold it', (t) => {
  const folder = scratchFolder(t);
  const [here, later] = describePaths([folder, join(folder, 'a/b/new')]);
  assert.equal(later?.size_bytes, null);
  assert.equal(later?.file_system, here?.file_system);
  assert.equal(later?.device, here?.device);
  assert.notEqual(later?.file_system, null);
});

test('a real ext4 on a loop device', { skip: skipUnless('root', 'loop', 'ext4') }, (t) => {
  const { device, image } = loopDevice(t, 16 * 2 ** 20);
  run('mkfs.ext4', '-q', device);
  const folder = mount(t, '-o', 'noatime', device);
  writeFileSync(join(folder, 'f'), 'abc');
  const [file, disk] = describePaths([join(folder, 'f'), device]);
  assert.equal(file?.file_system, 'ext4');
  assert.equal(file?.mount_point, folder);
  assert.match(file?.mount_options ?? '', /\bnoatime\b/);
  assert.equal(file?.size_bytes, 3);
  assert.equal(file?.device, device.slice('/dev/'.length));
  assert.equal(file?.model, `loop: ${image}`);
  assert.equal(file?.logical_block_size, 512);
  assert.equal(disk?.size_bytes, 16 * 2 ** 20);
  assert.equal(disk?.kind, 'block');
});

test('a mount hidden by a later one, and a tmpfs', { skip: skipUnless('root') }, (t) => {
  const folder = mount(t, '-t', 'ramfs', 'none');
  mountOn(t, folder, '-t', 'tmpfs', '-o', 'size=128k', 'none');
  const [info] = describePaths([folder]);
  assert.equal(info?.file_system, 'tmpfs');
  assert.match(info?.mount_options ?? '', /size=128k/);
  assert.equal(info?.device, null);
});

test('the link of an NVMe drive in the words of its box, and that it could be faster', (t) => {
  const controller = '/sys/devices/pci0000:00/0000:00:01.0';
  const link = (facts: Record<string, string>) => {
    const root = scratchFolder(t);
    plantTree(root, {
      ...NVME_TREE,
      [`${controller}/nvme/nvme0/device`]: '->../../../0000:00:01.0',
      ...Object.fromEntries(Object.entries(facts).map(([name, text]) => [`${controller}/${name}`, text])),
    });
    const stat = statOf({ '/dev/nvme0n1': { kind: 'block', rdev: '259:0' } });
    const [info] = describePaths(['/dev/nvme0n1'], { root, stat });
    return [info?.link, info?.link_bytes_per_second];
  };
  const full = { current_link_speed: '16.0 GT/s PCIe', current_link_width: '4' };
  assert.deepEqual(link(full), ['PCIe 4.0 x4', 7876923076.923078]);
  assert.deepEqual(
    link({ ...full, max_link_speed: '16.0 GT/s PCIe', max_link_width: '4' })[0],
    'PCIe 4.0 x4',
  );
  const slow = { current_link_speed: '8.0 GT/s PCIe', current_link_width: '2' };
  const best = { max_link_speed: '16.0 GT/s PCIe', max_link_width: '4' };
  assert.equal(link({ ...slow, ...best })[0], 'PCIe 3.0 x2 (could be 4.0 x4)');
  assert.deepEqual(link({}), [null, null]);
});

test("a serial number's hash tells drives apart and no number", () => {
  const [device] = describePaths(['/']);
  assert.ok(device);
  const hashed = (serial: string | null) => withHashedSerial({ ...device, serial }).serial;
  assert.match(hashed('S1') ?? '', /^sha256:[0-9a-f]{16}$/);
  assert.equal(hashed('S1'), hashed('S1'));
  assert.notEqual(hashed('S1'), hashed('S2'));
  assert.equal(hashed(null), null);
});
