/** What sysfs says of an ext4 file system (Documentation/ABI/testing/sysfs-fs-ext4 in the kernel's source). */
import { dirname, join } from 'node:path';
import { blockDeviceByNumber } from './block-device.ts';
import { type Host, pathFacts, readLine } from './host-files.ts';

/**
 * The device of the ext4 without a journal that a path is on, or would be; null for any other file system. It is the
 * attribute journal_task that tells: the thread that commits the journal, or `<none>` (fs/ext4/sysfs.c).
 */
export function ext4WithoutJournal(path: string, host: Host = {}): string | null {
  const facts = pathFacts(path, host) ?? pathFacts(dirname(path), host);
  const device = facts === null ? null : blockDeviceByNumber(facts.dev, host);
  if (device === null) return null;
  return readLine(join('/sys/fs/ext4', device.name, 'journal_task'), host) === '<none>' ? device.name : null;
}
