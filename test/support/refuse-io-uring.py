"""Runs a command under a seccomp filter that refuses io_uring_setup with EPERM, as container runtimes do.

refuse-io-uring.py COMMAND ARG...
"""
import ctypes
import os
import struct
import sys

# linux/seccomp.h, linux/filter.h, linux/audit.h, linux/prctl.h
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
RET_ALLOW, RET_ERRNO = 0x7FFF0000, 0x00050000
LD_W_ABS, JEQ_K, RET_K = 0x20, 0x15, 0x06
EPERM = 1
# The same number on all architectures: calls since Linux 5.1 are numbered alike.
IO_URING_SETUP = 425


def instruction(code, true, false, k):
    return struct.pack("HBBI", code, true, false, k)


def main():
    program = b"".join(
        [
            instruction(LD_W_ABS, 0, 0, 0),  # seccomp_data.nr
            instruction(JEQ_K, 0, 1, IO_URING_SETUP),
            instruction(RET_K, 0, 0, RET_ERRNO | EPERM),
            instruction(RET_K, 0, 0, RET_ALLOW),
        ]
    )
    buffer = ctypes.create_string_buffer(program)
    fprog = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, fprog, 0, 0)):
        if libc.prctl(*arguments) != 0:
            sys.exit("prctl: " + os.strerror(ctypes.get_errno()))
    os.execvp(sys.argv[1], sys.argv[1:])


main()
