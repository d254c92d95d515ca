/** Mounted file systems, from /proc/self/mountinfo (proc_pid_mountinfo(5)). */
import { type Host, readText } from './host-files.ts';

export interface Mount {
  /** "MAJOR:MINOR" of the file system's st_dev; of btrfs not that of its subvolumes. */
  dev: string;
  /** The folder of the file system that is mounted: "/", or another of a bind mount or of a cgroup namespace. */
  root: string;
  mountPoint: string;
  fileSystem: string;
  /** A device path, or a word ("tmpfs", a pool's name). */
  source: string;
  /** Options of the mount and of the file system, each once. */
  options: string[];
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
export function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  // Digits stand for bytes, but only for those four: all ASCII, so a character each is right.
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Reads the text of a mountinfo file, in its order: of two mounts on one point the later hides the other. */
export function parseMountinfo(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    // ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAG...] - TYPE SOURCE SUPER_OPTIONS
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    const [, , dev, root = '/', mountPoint, options] = fields;
    const [fileSystem, source, superOptions] = dash < 0 ? [] : fields.slice(dash + 1);
    if (!dev || !mountPoint || !fileSystem || source === undefined) continue;
    const all = `${options ?? ''},${superOptions ?? ''}`.split(',').filter((o) => o !== '');
    mounts.push({
      dev,
      root: unescapeOctal(root),
      mountPoint: unescapeOctal(mountPoint),
      fileSystem,
      source: unescapeOctal(source),
      options: [...new Set(all.map(unescapeOctal))],
    });
  }
  return mounts;
}

/** All mounts that this process sees. */
export function readMounts(host: Host): Mount[] {
  return parseMountinfo(readText('/proc/self/mountinfo', host) ?? '');
}

/**
 * The mount that holds a path (absolute, without symbolic links) whose st_dev is dev. The longest mount
 * point with that device wins. When none has it (a btrfs subvolume has an st_dev of its own, which
 * mountinfo doesn't list) the longest mount point of all does.
 */
export function mountOf(mounts: readonly Mount[], path: string, dev: string): Mount | null {
  const above = mounts.filter(
    ({ mountPoint }) => mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`),
  );
  const same = above.filter((mount) => mount.dev === dev);
  let best: Mount | null = null;
  for (const mount of same.length > 0 ? same : above) {
    if (best === null || mount.mountPoint.length >= best.mountPoint.length) best = mount;
  }
  return best;
}
