/**
 * What io_uring's uringFeatures, set-up flags and uringOperations are called, with the Linux version that brought each
 * (include/uapi/linux/io_uring.h; io_uring_setup(2), io_uring_enter(2)).
 */

/** A name by its bit or number, and the version that brought it. */
export type Named = readonly [name: string, since: string];

/** IORING_FEAT_*, by bit. */
export const uringFeatures: readonly Named[] = [
  ['SINGLE_MMAP', '5.4'],
  ['NODROP', '5.5'],
  ['SUBMIT_STABLE', '5.5'],
  ['RW_CUR_POS', '5.6'],
  ['CUR_PERSONALITY', '5.6'],
  ['FAST_POLL', '5.7'],
  ['POLL_32BITS', '5.9'],
  ['SQPOLL_NONFIXED', '5.11'],
  ['EXT_ARG', '5.11'],
  ['NATIVE_WORKERS', '5.12'],
  ['RSRC_TAGS', '5.13'],
  ['CQE_SKIP', '5.17'],
  ['LINKED_FILE', '5.17'],
  ['REG_REG_RING', '6.3'],
  ['RECVSEND_BUNDLE', '6.10'],
  ['MIN_TIMEOUT', '6.12'],
  ['RW_ATTR', '6.14'],
  ['NO_IOWAIT', '6.15'],
];

/** IORING_SETUP_*, by bit. */
export const uringSetupFlags: readonly Named[] = [
  ['IOPOLL', '5.1'],
  ['SQPOLL', '5.1'],
  ['SQ_AFF', '5.1'],
  ['CQSIZE', '5.5'],
  ['CLAMP', '5.6'],
  ['ATTACH_WQ', '5.6'],
  ['R_DISABLED', '5.10'],
  ['SUBMIT_ALL', '5.18'],
  ['COOP_TASKRUN', '5.19'],
  ['TASKRUN_FLAG', '5.19'],
  ['SQE128', '5.19'],
  ['CQE32', '5.19'],
  ['SINGLE_ISSUER', '6.0'],
  ['DEFER_TASKRUN', '6.1'],
  ['NO_MMAP', '6.5'],
  ['REGISTERED_FD_ONLY', '6.5'],
  ['NO_SQARRAY', '6.6'],
  ['HYBRID_IOPOLL', '6.13'],
  ['CQE_MIXED', '6.18'],
  ['SQE_MIXED', '6.19'],
  ['SQ_REWIND', '7.0'],
];

const since = (version: string, names: string): Named[] => names.split(' ').map((name) => [name, version]);

/** IORING_OP_*, by number. */
export const uringOperations: readonly Named[] = [
  ...since('5.1', 'NOP READV WRITEV FSYNC READ_FIXED WRITE_FIXED POLL_ADD POLL_REMOVE'),
  ...since('5.2', 'SYNC_FILE_RANGE'),
  ...since('5.3', 'SENDMSG RECVMSG'),
  ...since('5.4', 'TIMEOUT'),
  ...since('5.5', 'TIMEOUT_REMOVE ACCEPT ASYNC_CANCEL LINK_TIMEOUT CONNECT'),
  ...since(
    '5.6',
    'FALLOCATE OPENAT CLOSE FILES_UPDATE STATX READ WRITE FADVISE MADVISE SEND RECV OPENAT2 EPOLL_CTL',
  ),
  ...since('5.7', 'SPLICE PROVIDE_BUFFERS REMOVE_BUFFERS'),
  ...since('5.8', 'TEE'),
  ...since('5.11', 'SHUTDOWN RENAMEAT UNLINKAT'),
  ...since('5.15', 'MKDIRAT SYMLINKAT LINKAT'),
  ...since('5.18', 'MSG_RING'),
  ...since('5.19', 'FSETXATTR SETXATTR FGETXATTR GETXATTR SOCKET URING_CMD'),
  ...since('6.0', 'SEND_ZC'),
  ...since('6.1', 'SENDMSG_ZC'),
  ...since('6.7', 'READ_MULTISHOT WAITID FUTEX_WAIT FUTEX_WAKE FUTEX_WAITV'),
  ...since('6.8', 'FIXED_FD_INSTALL'),
  ...since('6.9', 'FTRUNCATE'),
  ...since('6.11', 'BIND LISTEN'),
  ...since('6.15', 'RECV_ZC EPOLL_WAIT READV_FIXED WRITEV_FIXED'),
  ...since('6.16', 'PIPE'),
  ...since('6.19', 'NOP128 URING_CMD128'),
];

/** The names that are there and those that are not, of a set of bits. */
export function split(
  all: readonly Named[],
  has: (index: number) => boolean,
): { there: Named[]; not: Named[] } {
  return { there: all.filter((_, i) => has(i)), not: all.filter((_, i) => !has(i)) };
}

/** For programs: whether each is there. */
export function supportOf(all: readonly Named[], has: (index: number) => boolean): Record<string, boolean> {
  return Object.fromEntries(all.map(([name], i) => [name, has(i)]));
}

/** Whether a set of bits has one. */
export function bitIn(bits: bigint): (index: number) => boolean {
  return (index) => (bits & (1n << BigInt(index))) !== 0n;
}
