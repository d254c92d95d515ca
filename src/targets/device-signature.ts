/** Signatures of partition tables, file systems and volumes at the start of a device. */

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

/** What a device's first bytes (SIGNATURE_BYTES of them, fewer on a smaller one) say is on it; or null. */
export function signatureIn(start: Buffer): string | null {
  for (const { what, offset, bytes } of SIGNATURES) {
    if (start.toString('latin1', offset, offset + bytes.length) === bytes) return what;
  }
  return null;
}
