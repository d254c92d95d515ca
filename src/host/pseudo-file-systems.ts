/** File systems whose files are faces of the kernel: a write there sets, starts or stops something. */
import { statfsSync } from 'node:fs';
import { isSystemError } from '../errors.ts';
import type { Mount } from './mounts.ts';

/** By statfs(2)'s f_type, as include/uapi/linux/magic.h and each file system's own source have it. */
const BY_MAGIC: ReadonlyMap<number, string> = new Map([
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
  [0x1cd1, 'devpts'],
  [0x64626720, 'debugfs'],
  [0x74726163, 'tracefs'],
  [0x27e0eb, 'cgroup'],
  [0x63677270, 'cgroup2'],
  [0x73636673, 'securityfs'],
  [0x62656570, 'configfs'],
  [0x6165676c, 'pstore'],
  [0xde5e81e4, 'efivarfs'],
  [0xcafe4a11, 'bpf'],
  [0xf97cff8c, 'selinuxfs'],
  [0x43415d53, 'smackfs'],
  [0x5a3c69f0, 'apparmorfs'],
  [0x42494e4d, 'binfmt_misc'],
  [0x19800202, 'mqueue'],
  [0x65735543, 'fusectl'],
  [0x6e736673, 'nsfs'],
  [0x7655821, 'resctrl'],
  [0x6c6f6f70, 'binder'],
  [0x67596969, 'rpc_pipefs'],
  [0x6e667364, 'nfsd'],
]);

/** By the word in mountinfo; devtmpfs answers statfs as tmpfs does. */
const BY_NAME: ReadonlySet<string> = new Set([...BY_MAGIC.values(), 'devtmpfs', 'functionfs']);

function magicOf(path: string): number | null {
  try {
    return statfsSync(path).type;
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}

/**
 * The pseudo file system that holds a path; null when it is one for data.
 * @param path of something that exists
 * @param mount that holds it, as far as known: what is mounted on /dev counts, though it be a plain tmpfs
 */
export function pseudoFileSystem(path: string, mount: Mount | null): string | null {
  if (mount !== null && BY_NAME.has(mount.fileSystem)) return mount.fileSystem;
  if (mount?.mountPoint === '/dev') return `${mount.fileSystem} on /dev`;
  return BY_MAGIC.get(magicOf(path) ?? 0) ?? null;
}
