/** Which variants a test can run here. */
import { getSystemErrorName } from 'node:util';
import { probeVariant } from '../../src/backends/probe.ts';
import { parseVariant } from '../../src/backends/registry.ts';

/** false, or why this machine's kernel does not set a variant up: `io_uring+no_mmap`. */
export function unavailable(text: string): string | false {
  const { backend, features } = parseVariant(text);
  const refused = probeVariant(backend, features);
  return refused === null
    ? false
    : `${text} is unavailable here: ${refused.stage}: ${getSystemErrorName(-refused.errno)}`;
}
