/**
 * Signatures of partition tables, file systems and volumes: what is found wherever this runs. libblkid knows more
 * (native/src/signature.c); it is asked besides.
 */

/** How much of a device signatureIn looks at: btrfs has the farthest of them, at 64 KiB. */
export const SIGNATURE_BYTES = 128 * 1024;

interface Signature {
  what: string;
  offset: number;
  bytes: string;
}

/** From each format's own on-disk description; `bytes` is latin1. Specific ones before general ones. */
const SIGNATURES: readonly Signature[] = [
  { what: 'a GPT partition table', offset: 512, bytes: 'EFI PART' },
  // On devices with 4 KiB logical blocks LBA 1 is there.
  { what: 'a GPT partition table', offset: 4096, bytes: 'EFI PART' },
  { what: 'an ext2/3/4 file system', offset: 1024 + 0x38, bytes: '\x53\xef' },
  { what: 'an XFS file system', offset: 0, bytes: 'XFSB' },
  { what: 'a btrfs file system', offset: 0x10040, bytes: '_BHRfS_M' },
  { what: 'an F2FS file system', offset: 1024, bytes: '\x10\x20\xf5\xf2' },
  { what: 'a bcachefs or bcache volume', offset: 4096 + 24, bytes: '\xc6\x85\x73\xf6\x4e\x1a\x45\xca' },
  { what: 'an NTFS file system', offset: 3, bytes: 'NTFS    ' },
  { what: 'an exFAT file system', offset: 3, bytes: 'EXFAT   ' },
  { what: 'an EROFS file system', offset: 1024, bytes: '\xe2\xe1\xf5\xe0' },
  ...[512, 1024, 2048, 4096].map((block) => ({
    what: 'an OCFS2 file system',
    offset: 2 * block,
    bytes: 'OCFSV2',
  })),
  { what: 'a Ceph BlueStore device', offset: 0, bytes: 'bluestore block device' },
  ...[0, 512].map((offset) => ({ what: 'a cramfs file system', offset, bytes: '\x45\x3d\xcd\x28' })),
  { what: 'an Oracle ASM disk', offset: 32, bytes: 'ORCLDISK' },
  { what: 'a JFS file system', offset: 0x8000, bytes: 'JFS1' },
  ...[0x2034, 0x10034].flatMap((offset) =>
    ['ReIsErFs', 'ReIsEr2Fs', 'ReIsEr3Fs'].map((bytes) => ({
      what: 'a ReiserFS file system',
      offset,
      bytes,
    })),
  ),
  { what: 'a NILFS2 file system', offset: 1024 + 6, bytes: '\x34\x34' },
  { what: 'an HFS+ file system', offset: 1024, bytes: 'H+\x00\x04' },
  { what: 'an HFS+ file system', offset: 1024, bytes: 'HX\x00\x05' },
  { what: 'an APFS container', offset: 32, bytes: 'NXSB' },
  { what: 'a UDF file system', offset: 0x8001, bytes: 'BEA01' },
  { what: 'a GFS2 file system', offset: 0x10000, bytes: '\x01\x16\x19\x70' },
  { what: 'a bfs file system', offset: 0, bytes: '\xce\xfa\xad\x1b' },
  ...['\x7f\x13', '\x8f\x13', '\x68\x24', '\x78\x24'].map((bytes) => ({
    what: 'a minix file system',
    offset: 1024 + 16,
    bytes,
  })),
  { what: 'a minix file system', offset: 1024 + 24, bytes: '\x5a\x4d' },
  { what: 'an external log of XFS', offset: 0, bytes: '\xfe\xed\xba\xbe' },
  // The second header of LUKS2: the first may be damaged, and the data still there.
  ...[0x4000, 0x8000, 0x10000].map((offset) => ({ what: 'a LUKS volume', offset, bytes: 'SKUL\xba\xbe' })),
  { what: 'a squashfs file system', offset: 0, bytes: 'hsqs' },
  { what: 'an ISO 9660 file system', offset: 0x8001, bytes: 'CD001' },
  { what: 'a LUKS volume', offset: 0, bytes: 'LUKS\xba\xbe' },
  { what: 'an LVM volume', offset: 0, bytes: 'LABELONE' },
  { what: 'an LVM volume', offset: 512, bytes: 'LABELONE' },
  { what: 'an LVM volume', offset: 1024, bytes: 'LABELONE' },
  { what: 'an LVM volume', offset: 1536, bytes: 'LABELONE' },
  { what: 'a part of a RAID (md)', offset: 0, bytes: '\xfc\x4e\x2b\xa9' },
  { what: 'a part of a RAID (md)', offset: 4096, bytes: '\xfc\x4e\x2b\xa9' },
  // The signature ends the first page, which has the size of the machine's pages.
  { what: 'swap space', offset: 4096 - 10, bytes: 'SWAPSPACE2' },
  { what: 'swap space', offset: 16384 - 10, bytes: 'SWAPSPACE2' },
  { what: 'swap space', offset: 65536 - 10, bytes: 'SWAPSPACE2' },
  // Ends the first sector of FAT and of boot loaders as well.
  { what: 'an MBR partition table or a boot sector', offset: 510, bytes: '\x55\xaa' },
];

/** A signature that is farther from the start, or at the end. */
interface FarSignature {
  what: string;
  /** Where it is on a device of so many bytes; below 0: it is too small for one. */
  at: (size: number) => number;
  bytes: string;
}

/** Magic numbers of DRBD's metadata, version 8 (clean and not) and 9, in the last 4 KiB (drbd_meta_data.h). */
const DRBD_MAGICS = ['\x83\x74\x02\x6b', '\x83\x74\x02\x6c', '\x83\x74\x02\x6d'];
const KIB = 1024;
const MD = '\xfc\x4e\x2b\xa9';

/** @public tests go through them */
export const FAR_SIGNATURES: readonly FarSignature[] = [
  { what: 'a member of a VMFS volume', at: () => 1024 * KIB, bytes: '\x0d\xd0\x01\xc0' },
  { what: 'a VMFS file system', at: () => 2048 * KIB, bytes: '\x5e\xf1\xab\x2f' },
  ...DRBD_MAGICS.map((bytes) => ({
    what: 'a DRBD device',
    at: (size: number) => size - 4 * KIB + 60,
    bytes,
  })),
  // Where the first table was overwritten, the second may be all that is left; LBA of 512 bytes and of 4 KiB.
  ...[512, 4096].map((lba) => ({
    what: 'a GPT partition table',
    at: (size: number) => size - lba,
    bytes: 'EFI PART',
  })),
  // md's versions 1.0 and 0.90 (include/uapi/linux/raid/md_p.h).
  { what: 'a part of a RAID (md)', at: (size) => Math.floor((size / 512 - 16) / 8) * 4096, bytes: MD },
  {
    what: 'a part of a RAID (md)',
    at: (size) => Math.floor(size / (64 * KIB)) * 64 * KIB - 64 * KIB,
    bytes: MD,
  },
];

/**
 * What is far from a device's start.
 * @param read the bytes at a position, fewer where the device ends
 */
export function farSignature(size: number, read: (at: number, bytes: number) => Buffer): string | null {
  for (const { what, at, bytes } of FAR_SIGNATURES) {
    const place = at(size);
    if (place < 0 || place + bytes.length > size) continue;
    if (read(place, bytes.length).toString('latin1') === bytes) return what;
  }
  return null;
}

/** What a device's first bytes (SIGNATURE_BYTES of them, fewer on a smaller one) say is on it; or null. */
export function signatureIn(start: Buffer): string | null {
  for (const { what, offset, bytes } of SIGNATURES) {
    if (start.toString('latin1', offset, offset + bytes.length) === bytes) return what;
  }
  return null;
}
