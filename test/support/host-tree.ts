/** A made-up /proc and /sys in a folder. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PathFacts } from '../../src/host/host-files.ts';

/** Files by path; a content that begins with `->` is a symbolic link, as sysfs has them (relative). */
export type HostTree = Record<string, string>;

export function plantTree(root: string, tree: HostTree): void {
  for (const [path, content] of Object.entries(tree)) {
    const at = join(root, path);
    mkdirSync(dirname(at), { recursive: true });
    if (content.startsWith('->')) symlinkSync(content.slice(2), at);
    else if (path.endsWith('/')) mkdirSync(at, { recursive: true });
    else writeFileSync(at, `${content}\n`);
  }
}

/** The sysfs entries of a block device in a folder below /sys/devices. */
export function blockTree(number: string, folder: string, files: Record<string, string>): HostTree {
  const name = folder.slice(folder.lastIndexOf('/') + 1);
  const tree: HostTree = {
    [`/sys/dev/block/${number}`]: `->../../devices/${folder}`,
    [`/sys/class/block/${name}`]: `->../../devices/${folder}`,
    [`/sys/devices/${folder}/dev`]: number,
  };
  for (const [path, content] of Object.entries(files)) tree[`/sys/devices/${folder}/${path}`] = content;
  return tree;
}

/** A Host.stat that knows just these paths. */
export function statOf(known: Record<string, Partial<PathFacts>>): (path: string) => PathFacts | null {
  return (path) => {
    const facts = known[path];
    return facts ? { kind: 'file', sizeBytes: 0, dev: '0:1', rdev: '0:0', inode: 1, ...facts } : null;
  };
}
