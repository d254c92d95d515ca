/** What the items of a tree of small files are called: native/src/meta.c makes the names. */
import { type RwMode, rwModes } from './operations.ts';
import type { Tree } from './workload.ts';

/**
 * An item's path below the tree's root.
 * @param owner the job whose item it is, within its group
 */
export function itemName(
  { dirs, levels }: Pick<Tree, 'dirs' | 'levels'>,
  rw: RwMode,
  owner: number,
  item: number,
): string {
  const kind = rwModes[rw].items === 'directory' ? 'm' : 'f';
  let leaf = item % dirs ** levels;
  const path: string[] = [];
  for (let level = 0; level < levels; level++) {
    path.push(`d${leaf % dirs}`);
    leaf = Math.floor(leaf / dirs);
  }
  return [...path, `${kind}.${owner}.${item}`].join('/');
}
