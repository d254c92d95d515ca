import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasCommand, run, scratchFolder } from '../../test/support/scratch.ts';
import { FAR_SIGNATURES, farSignature, SIGNATURE_BYTES, signatureIn } from './device-signature.ts';

test('zeros, ones and a device of a few bytes hold nothing', () => {
  assert.equal(signatureIn(Buffer.alloc(SIGNATURE_BYTES)), null);
  assert.equal(signatureIn(Buffer.alloc(SIGNATURE_BYTES, 0xff)), null);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 509 }), (bytes) => {
      const start = Buffer.from(bytes).toString('latin1');
      const known = /^(XFSB|hsqs|LUKS|LABELONE|\xfc\x4e\x2b\xa9|...(NTFS|EXFAT))/s;
      assert.equal(signatureIn(Buffer.from(bytes)) !== null, known.test(start));
    }),
  );
});

test('each signature at its place, cut off at any byte of it: no', () => {
  const places: [string, number, string][] = [
    ['a GPT partition table', 512, 'EFI PART'],
    ['a GPT partition table', 4096, 'EFI PART'],
    ['an XFS file system', 0, 'XFSB'],
    ['a btrfs file system', 65600, '_BHRfS_M'],
    ['an ext2/3/4 file system', 1080, '\x53\xef'],
    ['a LUKS volume', 0, 'LUKS\xba\xbe'],
    ['an LVM volume', 512, 'LABELONE'],
    ['a part of a RAID (md)', 4096, '\xfc\x4e\x2b\xa9'],
    ['swap space', 4086, 'SWAPSPACE2'],
    ['an MBR partition table or a boot sector', 510, '\x55\xaa'],
  ];
  for (const [what, offset, bytes] of places) {
    const start = Buffer.alloc(SIGNATURE_BYTES);
    start.write(bytes, offset, 'latin1');
    assert.equal(signatureIn(start), what);
    assert.equal(signatureIn(start.subarray(0, offset + bytes.length)), what);
    assert.equal(signatureIn(start.subarray(0, offset + bytes.length - 1)), null);
  }
});

test('signatures far from the start, on devices of any size', () => {
  const size = fc.integer({ min: 0, max: 2 ** 14 }).map((sectors) => sectors * 512);
  fc.assert(
    fc.property(size, fc.constantFrom(...FAR_SIGNATURES), (bytes, { what, at, bytes: magic }) => {
      const device = Buffer.alloc(bytes);
      const read = (from: number, count: number) => device.subarray(from, from + count);
      assert.equal(farSignature(bytes, read), null);
      if (at(bytes) < 0 || at(bytes) + magic.length > bytes) return;
      device.write(magic, at(bytes), 'latin1');
      assert.equal(farSignature(bytes, read), what);
    }),
  );
});

/** Programs that make the real thing; each test is skipped where its program is missing. */
const MAKERS: [string, string, string[], number][] = [
  ['an ext2/3/4 file system', 'mkfs.ext4', ['-q', '-F'], 4],
  ['an XFS file system', 'mkfs.xfs', ['-q'], 512],
  ['a btrfs file system', 'mkfs.btrfs', ['-q'], 256],
  ['an F2FS file system', 'mkfs.f2fs', ['-q'], 128],
  ['an MBR partition table or a boot sector', 'mkfs.vfat', [], 4],
  ['an exFAT file system', 'mkfs.exfat', ['-q'], 4],
  ['swap space', 'mkswap', ['-q'], 4],
];
for (const [what, program, options, mebibytes] of MAKERS) {
  test(`what ${program} makes`, {
    skip: hasCommand(program) ? false : `needs the command ${program}`,
  }, (t) => {
    const image = join(scratchFolder(t), 'image');
    writeFileSync(image, '');
    const fd = openSync(image, 'r+');
    ftruncateSync(fd, mebibytes * 2 ** 20);
    closeSync(fd);
    run(program, ...options, image);
    assert.equal(signatureIn(readFileSync(image).subarray(0, SIGNATURE_BYTES)), what);
  });
}
