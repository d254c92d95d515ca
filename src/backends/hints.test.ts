import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { defaultWorkload } from '../resolve/resolve.ts';
import { failureHint } from './hints.ts';
import { backends } from './registry.ts';

const FILTER = /^a seccomp filter .*refuses/;

/** What is said of each errno at each stage; null: nothing, as nothing is known. */
const table: readonly [
  backend: string,
  stage: string,
  errno: keyof typeof constants.errno,
  said: RegExp | null,
][] = [
  ['io_uring', 'io_uring_setup', 'EPERM', /seccomp|io_uring_disabled/],
  ['io_uring', 'io_uring_setup', 'ENOSYS', /CONFIG_IO_URING|seccomp/],
  ['io_uring', 'io_uring_setup', 'ENOMEM', /RLIMIT_MEMLOCK/],
  ['io_uring', 'io_uring_setup', 'EINVAL', null],
  ['io_uring', 'io_uring_setup', 'EMFILE', /ulimit -n/],
  ['io_uring', 'io_uring_enter', 'EPERM', FILTER],
  ['io_uring', 'io_uring_enter', 'EACCES', FILTER],
  ['io_uring', 'io_uring_enter', 'ENOSYS', FILTER],
  ['io_uring', 'io_uring_register', 'EPERM', FILTER],
  ['io_uring', 'register files', 'EPERM', FILTER],
  ['io_uring', 'register files', 'EMFILE', /ulimit -n/],
  ['io_uring', 'register buffers', 'EACCES', FILTER],
  ['io_uring', 'register buffers', 'ENOMEM', /RLIMIT_MEMLOCK/],
  ['io_uring', 'clone buffers', 'EPERM', FILTER],
  ['io_uring', 'register ring', 'EPERM', FILTER],
  ['io_uring', 'register waits', 'EPERM', FILTER],
  ['io_uring', 'enable ring', 'EACCES', FILTER],
  ['io_uring', 'map huge pages', 'ENOMEM', /sudo sysctl vm\.nr_hugepages=2$/],
  ['io_uring', 'IORING_OP_READ', 'EOPNOTSUPP', /this kernel or device lacks it/],
  ['linux-aio', 'io_setup', 'EAGAIN', /fs\.aio-max-nr/],
  ['linux-aio', 'io_setup', 'ENOSYS', /CONFIG_AIO/],
  ['linux-aio', 'io_setup', 'EPERM', FILTER],
  ['linux-aio', 'io_submit', 'EPERM', FILTER],
  ['linux-aio', 'io_getevents', 'EACCES', FILTER],
  ['io_uring', 'map the rings', 'EPERM', FILTER],
  ['sync', 'read what a thread used (getrusage)', 'EPERM', FILTER],
  ['sync', 'read what a thread used (getrusage)', 'EINVAL', null],
  ['sync', 'invalidate', 'ENOSYS', /--invalidate=0/],
  ['sync', 'open', 'EACCES', /more rights/],
  ['sync', 'open', 'EROFS', /mounted read-only/],
  ['sync', 'open', 'EMFILE', /--nrfiles/],
  ['sync', 'write', 'EDQUOT', /quota/],
  ['sync', 'write', 'ENOSPC', /the disk is full/],
  ['sync', 'read', 'EIO', /see dmesg/],
  ['mmap', 'read', 'EIO', /SIGBUS.*truncated/],
  ['mmap', 'map the file', 'ENODEV', /cannot be mapped/],
  ['mmap', 'MADV_POPULATE_READ', 'EIO', /ends before/],
  ['sync', 'checksum', 'EILSEQ', /somebody has changed the file/],
  ['io_uring', 'IORING_FEAT_LINKED_FILE', 'EOPNOTSUPP', /5\.18/],
];

describe('the likely mend of an error', () => {
  for (const [name, stage, code, said] of table) {
    it(`${name}: ${stage}: ${code}`, () => {
      const backend = backends.find((known) => known.name === name) ?? assert.fail(name);
      const hint = failureHint(backend, constants.errno[code], stage, defaultWorkload());
      if (said === null) assert.equal(hint, undefined);
      else assert.match(hint ?? '', said);
    });
  }
});
