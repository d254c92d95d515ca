/** Names of the system calls that threads sleep in; the kernel tells numbers, which differ by architecture. */

/** x86-64 and arm64; null where it has no such call. */
const NUMBERS: Readonly<Record<string, readonly [number | null, number | null]>> = {
  accept: [43, 202],
  accept4: [288, 242],
  clock_nanosleep: [230, 115],
  close: [3, 57],
  creat: [85, null],
  epoll_pwait: [281, 22],
  epoll_pwait2: [441, 441],
  epoll_wait: [232, null],
  fadvise64: [221, 223],
  fallocate: [285, 47],
  fdatasync: [75, 83],
  fsync: [74, 82],
  ftruncate: [77, 46],
  futex: [202, 98],
  futex_waitv: [449, 449],
  io_cancel: [210, 3],
  io_destroy: [207, 1],
  io_getevents: [208, 4],
  io_pgetevents: [333, 292],
  io_setup: [206, 0],
  io_submit: [209, 2],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  io_uring_setup: [425, 425],
  link: [86, null],
  linkat: [265, 37],
  madvise: [28, 233],
  mkdir: [83, null],
  mkdirat: [258, 34],
  mmap: [9, 222],
  msync: [26, 227],
  munmap: [11, 215],
  nanosleep: [35, 101],
  open: [2, null],
  openat: [257, 56],
  openat2: [437, 437],
  pause: [34, null],
  poll: [7, null],
  ppoll: [271, 73],
  pread64: [17, 67],
  preadv: [295, 69],
  preadv2: [327, 286],
  pselect6: [270, 72],
  pwrite64: [18, 68],
  pwritev: [296, 70],
  pwritev2: [328, 287],
  read: [0, 63],
  readv: [19, 65],
  recvfrom: [45, 207],
  recvmsg: [47, 212],
  rename: [82, null],
  renameat: [264, 38],
  renameat2: [316, 276],
  restart_syscall: [219, 128],
  rmdir: [84, null],
  rt_sigtimedwait: [128, 137],
  sched_yield: [24, 124],
  select: [23, null],
  sendmsg: [46, 211],
  sendto: [44, 206],
  splice: [275, 76],
  stat: [4, null],
  statx: [332, 291],
  sync: [162, 81],
  sync_file_range: [277, 84],
  syncfs: [306, 267],
  truncate: [76, 45],
  unlink: [87, null],
  unlinkat: [263, 35],
  wait4: [61, 260],
  waitid: [247, 95],
  write: [1, 64],
  writev: [20, 66],
};

const COLUMNS: Readonly<Record<string, 0 | 1>> = { x64: 0, arm64: 1 };

/** @param arch as process.arch; a number without a name stays one: "syscall 999" */
export function syscallName(number: number, arch: string = process.arch): string {
  const column = COLUMNS[arch];
  const found =
    column === undefined ? undefined : Object.entries(NUMBERS).find(([, row]) => row[column] === number);
  return found === undefined ? `syscall ${number}` : found[0];
}

/** The number of a system call by its name; null when it is not known here. */
export function syscallNumber(name: string, arch: string = process.arch): number | null {
  const column = COLUMNS[arch];
  return column === undefined ? null : (NUMBERS[name]?.[column] ?? null);
}
