"""Runs a command as Docker's engine runs one by default: what its seccomp profile refuses is refused, and what it does
not give to root is taken away.

docker.py [--allow CALL,...] COMMAND ARG...

The profile (moby/profiles, seccomp/default.json) names what is allowed; anything else fails with EPERM. Here stands
what of all else a benchmark, Node or glibc could ask for. --allow is a profile that allows these as well.
"""
import ctypes
import os
import sys

import syscalls

EPERM, ENOSYS = 1, 38
# Allowed with CAP_SYS_ADMIN alone, but for io_uring: that left the profile with Docker 25 (moby/moby#46762).
REFUSED = [
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("bpf", "mount", "perf_event_open", "setns", "unshare"),
]
# clone is allowed without the flags of new namespaces (CLONE_NEWNS, ...), which are in memory for clone3: glibc then
# takes clone for ENOSYS.
NAMESPACES = 0x7E020000
# What `docker run` leaves to root, by number (linux/capability.h): CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID,
# SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD, AUDIT_WRITE, SETFCAP.
CAPABILITIES = [0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31]
PR_CAPBSET_DROP, CAPABILITY_VERSION_3 = 24, 0x20080522


def drop_capabilities():
    libc = ctypes.CDLL(None, use_errno=True)
    for number in range(64):
        if number not in CAPABILITIES:
            libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)  # EINVAL beyond the kernel's last
    kept = sum(1 << number for number in CAPABILITIES)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)
    syscalls.checked("capset", libc.capset(header, data))


def clone_rules():
    number = syscalls.number("clone")
    yield syscalls.instruction(syscalls.JEQ_K, 0, 4, number)
    yield syscalls.instruction(syscalls.LD_W_ABS, 0, 0, syscalls.DATA_ARG0)
    yield syscalls.instruction(syscalls.JSET_K, 0, 1, NAMESPACES)
    yield syscalls.instruction(syscalls.RET_K, 0, 0, syscalls.RET_ERRNO | EPERM)
    yield syscalls.instruction(syscalls.RET_K, 0, 0, syscalls.RET_ALLOW)


def main():
    command, allowed = sys.argv[1:], []
    if command[0] == "--allow":
        allowed, command = command[1].split(","), command[2:]
    rules = [
        part
        for call in REFUSED
        if call not in allowed
        for part in syscalls.answer(call, syscalls.RET_ERRNO | EPERM)
    ]
    if os.geteuid() == 0:
        drop_capabilities()
    syscalls.apply([*rules, *syscalls.answer("clone3", syscalls.RET_ERRNO | ENOSYS), *clone_rules()])
    os.execvp(command[0], command)


main()
