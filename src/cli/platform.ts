/** What of the program works where: stored results are read anywhere, runs need Linux and a processor that native code is for. */
import { usageError } from '../errors.ts';

/** @throws BenchError (usage) where nothing can be run */
export function checkPlatform(): void {
  const { platform, arch } = process;
  const here = 'show, ls and compare read stored results here';
  if (platform !== 'linux') throw usageError(`Linux is needed for this, and here is ${platform}`, here);
  if (arch === 'x64' || arch === 'arm64') return;
  throw usageError(`x86-64 or arm64 is needed for this, and this Node is for ${arch}`, here);
}
