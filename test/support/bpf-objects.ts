/** BPF programs, maps and links: those of a process, and those that the kernel still has. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const WALK = fileURLToPath(new URL('./bpf-objects.py', import.meta.url));
const KINDS = ['prog_id', 'map_id', 'link_id'] as const;

type Ids = Record<(typeof KINDS)[number], number[]>;

/** All of the kernel. @throws Error when this user may not ask */
export function allBpfObjects(): Ids {
  const { status, stdout, stderr } = spawnSync('python3', [WALK], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot walk BPF objects: ${stderr}`);
  return JSON.parse(stdout);
}

/** Those that a process has open (/proc/PID/fdinfo); none when it has ended. */
export function bpfObjectsOf(pid: number): Ids {
  const found: Ids = { prog_id: [], map_id: [], link_id: [] };
  let names: string[] = [];
  try {
    names = readdirSync(`/proc/${pid}/fdinfo`);
  } catch {
    return found;
  }
  for (const name of names) {
    let text = '';
    try {
      text = readFileSync(`/proc/${pid}/fdinfo/${name}`, 'utf8');
    } catch {
      continue; // closed meanwhile
    }
    // A link names its program, too.
    for (const kind of KINDS) {
      const id = new RegExp(`^${kind}:\\s*(\\d+)`, 'm').exec(text)?.[1];
      if (id !== undefined && !found[kind].includes(Number(id))) found[kind].push(Number(id));
    }
  }
  return found;
}

/** Which of some the kernel still has. */
export function stillThere(ids: Ids): Ids {
  const all = allBpfObjects();
  const left = (kind: keyof Ids): number[] => ids[kind].filter((id) => all[kind].includes(id));
  return { prog_id: left('prog_id'), map_id: left('map_id'), link_id: left('link_id') };
}
