/** Locks for those who work without native code as well: there are some once it has been loaded for something else. */

/** Takes an exclusive flock(2) on an open file -> 0, -EAGAIN when somebody else has it, -errno. */
type Lock = (fd: number) => number;

let provided: Lock | null = null;

/** To be called by what loads native code. */
export function provideLock(lock: Lock): void {
  provided = lock;
}

/** null as long as nothing has loaded native code. */
export function loadedLock(): Lock | null {
  return provided;
}
