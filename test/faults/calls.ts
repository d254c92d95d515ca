/**
 * System calls that a run makes in our own code, and the errors that their man pages give (section 2; of each only
 * those that a correct call can get, and none that is an answer: statx says ENOENT of what is not there). What no errno
 * of is here cannot fail: munmap, getpid, ...
 */

interface CallFaults {
  /** As strace names it; with ! only those that the library makes itself: glibc ends a process whose futexes fail. */
  call: string;
  errors: readonly string[];
}

const MEMORY = ['ENOMEM', 'EAGAIN'];
const DISK = ['EIO', 'ENOSPC', 'EDQUOT'];
const PATH = ['EACCES', 'ENOENT', 'ELOOP', 'ENAMETOOLONG', 'EIO'];
const DESCRIPTORS = ['EMFILE', 'ENFILE'];

export const CALLS: readonly CallFaults[] = [
  {
    call: 'openat',
    errors: [...PATH, ...DESCRIPTORS, 'EPERM', 'EROFS', 'ENOMEM', 'ENXIO', 'EINTR', 'EBUSY', ...DISK],
  },
  { call: 'statx', errors: ['EACCES', 'ENOMEM', 'EIO', 'ENOSYS'] },
  { call: 'newfstatat', errors: ['EACCES', 'ENOMEM', 'EOVERFLOW'] },
  { call: 'fstat', errors: ['ENOMEM', 'EOVERFLOW', 'ESTALE'] },
  { call: 'statfs', errors: ['EACCES', 'EIO', 'ENOSYS', 'EINTR'] },
  { call: 'access', errors: ['EACCES', 'EROFS', 'EIO'] },
  { call: 'readlink', errors: ['EACCES', 'EINVAL', 'EIO', 'ENOENT'] },
  { call: 'getdents64', errors: ['ENOENT', 'EIO'] },
  { call: 'lseek', errors: ['EINVAL', 'ENXIO', 'ESPIPE'] },
  { call: 'read', errors: ['EIO', 'EINTR', 'EAGAIN', 'EISDIR', 'EINVAL'] },
  { call: 'write', errors: ['EINTR', 'EAGAIN', 'EPIPE', 'EFBIG', ...DISK] },
  { call: 'pread64', errors: ['EIO', 'EINTR', 'EAGAIN', 'EINVAL'] },
  { call: 'pwrite64', errors: ['EINTR', 'EAGAIN', 'EFBIG', 'EPERM', 'EINVAL', ...DISK] },
  { call: 'preadv2', errors: ['EIO', 'EINTR', 'EAGAIN', 'EOPNOTSUPP', 'EINVAL', 'ENOSYS'] },
  { call: 'pwritev2', errors: ['EINTR', 'EAGAIN', 'EOPNOTSUPP', 'EINVAL', ...DISK] },
  { call: 'fsync', errors: ['EINTR', 'EROFS', 'EINVAL', ...DISK] },
  { call: 'msync', errors: ['EIO', 'ENOMEM'] },
  { call: 'fdatasync', errors: ['EINTR', 'EROFS', ...DISK] },
  { call: 'ftruncate', errors: ['EFBIG', 'EINTR', 'EINVAL', 'EIO', 'EPERM', 'ENOMEM'] },
  { call: 'fallocate', errors: ['EOPNOTSUPP', 'EFBIG', 'EINTR', 'ENODEV', 'EPERM', ...DISK] },
  { call: 'fadvise64', errors: ['EINVAL', 'ESPIPE', 'ENOSYS'] },
  { call: 'ioctl', errors: ['ENOTTY', 'EPERM', 'EINVAL', 'EIO'] },
  { call: 'fcntl', errors: ['EINVAL', 'EAGAIN'] },
  { call: 'rename', errors: ['EACCES', 'EBUSY', 'EPERM', 'EROFS', 'EXDEV', ...DISK] },
  { call: 'mkdir', errors: ['EACCES', 'EROFS', 'EMLINK', 'ENOSPC', 'EDQUOT'] },
  { call: 'unlink', errors: ['EACCES', 'EBUSY', 'EPERM', 'EROFS', 'EIO'] },
  { call: 'fchmod', errors: ['EPERM', 'EROFS', 'EIO'] },
  { call: 'fchown', errors: ['EPERM', 'EROFS', 'EIO'] },
  { call: 'mmap', errors: [...MEMORY, 'ENFILE', 'EPERM', 'EACCES'] },
  { call: 'madvise', errors: [...MEMORY, 'EINVAL', 'ENOSYS'] },
  { call: 'memfd_create', errors: ['ENOMEM', 'EINVAL', 'EPERM', 'ENOSYS', ...DESCRIPTORS] },
  { call: 'clone3', errors: [...MEMORY, 'EPERM'] },
  { call: 'unshare', errors: ['EPERM', 'ENOMEM', 'EINVAL', 'ENOSYS'] },
  { call: 'futex!', errors: ['EINTR', 'EAGAIN', 'ETIMEDOUT', 'EINVAL', 'ENOSYS', 'EPERM'] },
  { call: 'prctl', errors: ['EINVAL', 'EPERM'] },
  { call: 'getrusage', errors: ['EINVAL', 'EPERM', 'ENOSYS'] },
  { call: 'sched_setaffinity', errors: ['EINVAL', 'EPERM', 'ENOSYS'] },
  { call: 'clock_nanosleep', errors: ['EINTR', 'EINVAL', 'EPERM'] },
  { call: 'eventfd2', errors: ['ENOMEM', 'ENODEV', 'EINVAL', ...DESCRIPTORS] },
  { call: 'epoll_create1', errors: ['ENOMEM', ...DESCRIPTORS] },
  { call: 'epoll_ctl', errors: ['ENOMEM', 'ENOSPC', 'EPERM'] },
  { call: 'epoll_pwait', errors: ['EINTR', 'EINVAL'] },
  { call: 'io_setup', errors: [...MEMORY, 'EINVAL', 'ENOSYS', 'EPERM'] },
  { call: 'io_submit', errors: ['EAGAIN', 'EINVAL', 'ENOSYS', 'EPERM', 'EBADF'] },
  { call: 'io_getevents', errors: ['EINTR', 'EINVAL', 'ENOSYS', 'EPERM'] },
  { call: 'io_destroy', errors: ['EINVAL', 'ENOSYS', 'EPERM'] },
  { call: 'io_uring_setup', errors: ['ENOMEM', 'EPERM', 'EINVAL', 'ENOSYS', ...DESCRIPTORS] },
  {
    call: 'io_uring_enter',
    errors: ['EAGAIN', 'EBUSY', 'EINTR', 'EINVAL', 'ENOMEM', 'EPERM', 'ENOSYS', 'EBADR'],
  },
  {
    call: 'io_uring_register',
    errors: ['ENOMEM', 'EBUSY', 'EINVAL', 'EPERM', 'EMFILE', 'EOPNOTSUPP', 'ENOSYS', 'EINTR'],
  },
];

/** What every run here has: some of everything, bounded by its number of I/Os, stored in a folder beside its files. */
const COMMON = [
  ...[
    '--rw=randrw',
    '--size=128k',
    '--bs=4k',
    '--numjobs=2',
    '--trials=2',
    '--warmup-trials=0',
    '--randseed=1',
  ],
  ...['--number-ios=24', '--fsync=8', '--end-fsync', '--results-dir=results', '--output-format=json'],
];

/** I/Os of a trial that ends by itself: --number-ios of each job. */
export const IOS = 48;

/** Runs, by a name: each backend, and what uses calls of its own. */
export const RUNS: Readonly<Record<string, readonly string[]>> = {
  sync: [...COMMON, '--backend=sync'],
  'posix-aio': [...COMMON, '--backend=posix-aio', '--iodepth=4'],
  threadpool: [...COMMON, '--backend=threadpool', '--iodepth=4', '--pool-threads=2'],
  'linux-aio': [...COMMON, '--backend=linux-aio', '--iodepth=4'],
  io_uring: [...COMMON, '--backend=io_uring', '--iodepth=4'],
  'io_uring+enhanced': [...COMMON, '--backend=io_uring+enhanced', '--iodepth=4'],
  mmap: [...COMMON, '--backend=mmap+populate', '--buffered'],
  null: [...COMMON, '--backend=null', '--iodepth=4'],
  compared: [...COMMON, '--backend=sync,io_uring', '--iodepth=4'],
  process: [...COMMON, '--backend=linux-aio', '--iodepth=4', '--isolation=process'],
  worker: [...COMMON, '--backend=io_uring', '--iodepth=4', '--isolation=worker'],
  buffered: [...COMMON, '--backend=sync+vectored', '--buffered', '--fdatasync=4'],
  eventfd: [...COMMON, '--backend=linux-aio+eventfd', '--iodepth=4'],
  pinned: [...COMMON, '--backend=sync', '--cpus-allowed=0', '--thinktime=100us', '--no-save'],
};
