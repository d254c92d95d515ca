"""What launchers need of seccomp(2): numbers of calls, and filters that speak of them."""
import ctypes
import os
import platform
import struct

# linux/seccomp.h, linux/filter.h, linux/prctl.h
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
RET_KILL_THREAD, RET_ALLOW, RET_ERRNO, RET_USER_NOTIF = 0x00000000, 0x7FFF0000, 0x00050000, 0x7FC00000
LD_W_ABS, JEQ_K, JSET_K, RET_K = 0x20, 0x15, 0x45, 0x06
# seccomp_data: the number, and the low half of the first argument (both architectures are little-endian).
DATA_NR, DATA_ARG0 = 0, 16

# asm/unistd.h of x86-64 and arm64; None where there is no such call.
NUMBERS = {
    "read": (0, 63),
    "write": (1, 64),
    "open": (2, None),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "ioctl": (16, 29),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "readv": (19, 65),
    "writev": (20, 66),
    "access": (21, None),
    "msync": (26, 227),
    "madvise": (28, 233),
    "fcntl": (72, 25),
    "flock": (73, 32),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "ftruncate": (77, 46),
    "rename": (82, None),
    "mkdir": (83, None),
    "rmdir": (84, None),
    "link": (86, None),
    "unlink": (87, None),
    "readlink": (89, None),
    "fchmod": (91, 52),
    "fchown": (93, 55),
    "getrusage": (98, 165),
    "statfs": (137, 43),
    "setpriority": (141, 140),
    "prctl": (157, 167),
    "mount": (165, 40),
    "futex": (202, 98),
    "sched_setaffinity": (203, 122),
    "sched_getaffinity": (204, 123),
    "io_setup": (206, 0),
    "io_destroy": (207, 1),
    "io_getevents": (208, 4),
    "io_submit": (209, 2),
    "getdents64": (217, 61),
    "fadvise64": (221, 223),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "openat": (257, 56),
    "newfstatat": (262, 79),
    "unlinkat": (263, 35),
    "renameat": (264, 38),
    "readlinkat": (267, 78),
    "unshare": (272, 97),
    "sync_file_range": (277, 84),
    "epoll_pwait": (281, 22),
    "fallocate": (285, 47),
    "eventfd2": (290, 19),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "preadv2": (327, 286),
    "pwritev2": (328, 287),
    "perf_event_open": (298, 241),
    "setns": (308, 268),
    "clone": (56, 220),
    "execve": (59, 221),
    "memfd_create": (319, 279),
    "bpf": (321, 280),
    "statx": (332, 291),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "clone3": (435, 435),
}


def number(call):
    """Of a system call here; None where the architecture has none."""
    return NUMBERS[call][platform.machine() == "aarch64"]


def instruction(code, true, false, k):
    return struct.pack("HBBI", code, true, false, k)


def answer(call, action):
    """Instructions that answer a call, when the accumulator holds its number."""
    return [instruction(JEQ_K, 0, 1, number(call)), instruction(RET_K, 0, 0, action)]


def program(rules):
    """A sock_fprog that allows what no rule answers -> it, and what must live as long."""
    load = instruction(LD_W_ABS, 0, 0, DATA_NR)
    code = b"".join([load, *rules, instruction(RET_K, 0, 0, RET_ALLOW)])
    buffer = ctypes.create_string_buffer(code)
    return struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer)), buffer


def checked(what, result):
    if result < 0:
        raise SystemExit(f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def apply(rules):
    """Puts this process, and what it will execute, under a filter."""
    libc = ctypes.CDLL(None, use_errno=True)
    fprog, _keep = program(rules)
    checked("no_new_privs", libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    checked("seccomp", libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, fprog, 0, 0))
