/** Which variants a test can run here. */
import { getSystemErrorName } from 'node:util';
import { parseVariant } from '../../src/backends/registry.ts';
import { probeBackend } from '../../src/native/library.ts';

/** false, or why this machine's kernel does not set a variant up: `io_uring+no_mmap`. */
export function unavailable(text: string): string | false {
  const { backend, features } = parseVariant(text);
  const refused = probeBackend(
    backend.id,
    features.reduce((bits, { bit }) => bits | bit, 0),
  );
  return refused === null
    ? false
    : `${text} is unavailable here: ${refused.stage}: ${getSystemErrorName(-refused.errno)}`;
}
