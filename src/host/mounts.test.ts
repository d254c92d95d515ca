import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deviceNumber } from './host-files.ts';
import { mountOf, parseMountinfo } from './mounts.ts';

test('a line of mountinfo, with and without optional fields', () => {
  const text = [
    '36 35 98:0 /mnt1 /mnt/a\\040b rw,noatime master:1 shared:2 - ext3 /dev/my\\011root rw,errors=continue',
    '37 35 0:5 / /proc rw - proc proc rw',
    'damaged line',
    '',
  ].join('\n');
  assert.deepEqual(parseMountinfo(text), [
    {
      dev: '98:0',
      root: '/mnt1',
      mountPoint: '/mnt/a b',
      fileSystem: 'ext3',
      source: '/dev/my\troot',
      options: ['rw', 'noatime', 'errors=continue'],
    },
    { dev: '0:5', root: '/', mountPoint: '/proc', fileSystem: 'proc', source: 'proc', options: ['rw'] },
  ]);
});

test('any mount point comes back from its escaped form', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\\', 'a', '0', '4', 'é', '/') }),
      (name) => {
        const escaped = `/${name}`.replace(
          /[ \t\n\\]/g,
          (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`,
        );
        const [mount] = parseMountinfo(`1 1 8:1 / ${escaped} rw - ext4 /dev/sda1 rw`);
        assert.equal(mount?.mountPoint, `/${name}`);
      },
    ),
  );
});

test('the longest mount point with the right device; a name that only begins alike is another', () => {
  const mounts = parseMountinfo(
    [
      '1 0 8:1 / / rw - ext4 /dev/sda1 rw',
      '2 1 8:2 / /data rw - ext4 /dev/sda2 rw',
      '3 2 8:3 / /data/x rw - ext4 /dev/sda3 rw',
      '4 1 8:4 / /data rw - xfs /dev/sda4 rw',
    ].join('\n'),
  );
  const at = (path: string, dev: string) => mountOf(mounts, path, dev)?.source;
  assert.equal(at('/data/x/f', '8:3'), '/dev/sda3');
  assert.equal(at('/data/xy', '8:2'), '/dev/sda2');
  assert.equal(at('/data', '8:4'), '/dev/sda4');
  // The later of two on one point, when the device doesn't tell.
  assert.equal(at('/data/f', '0:9'), '/dev/sda4');
  assert.equal(at('/f', '0:9'), '/dev/sda1');
  assert.equal(mountOf([], '/f', '8:1'), null);
});

test('device numbers with minors over 255', () => {
  assert.equal(deviceNumber(0xfe00), '254:0');
  assert.equal(deviceNumber(0x10302), '259:2');
  // 259:1048575, the largest minor: its upper 12 bits are above the major's.
  assert.equal(deviceNumber(0xfff00000 + 0x10300 + 0xff), '259:1048575');
});
