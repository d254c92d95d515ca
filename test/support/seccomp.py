"""Runs a command under a seccomp filter that answers some system calls itself, as container runtimes do.

seccomp.py CALL=ANSWER[,CALL=ANSWER...] COMMAND ARG...

ANSWER is an errno (EPERM), or kill: the calling thread, and it alone, is ended.
"""
import ctypes
import errno
import os
import platform
import struct
import sys

# linux/seccomp.h, linux/filter.h, linux/prctl.h
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
RET_KILL_THREAD, RET_ALLOW, RET_ERRNO = 0x00000000, 0x7FFF0000, 0x00050000
LD_W_ABS, JEQ_K, RET_K = 0x20, 0x15, 0x06
# asm/unistd.h of x86-64 and arm64.
NUMBERS = {
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "getrusage": (98, 165),
    "clock_nanosleep": (230, 115),
    "unshare": (272, 97),
}


def instruction(code, true, false, k):
    return struct.pack("HBBI", code, true, false, k)


def rule(text):
    call, answer = text.split("=")
    number = NUMBERS[call][platform.machine() == "aarch64"]
    action = RET_KILL_THREAD if answer == "kill" else RET_ERRNO | getattr(errno, answer)
    return [instruction(JEQ_K, 0, 1, number), instruction(RET_K, 0, 0, action)]


def main():
    rules = [part for text in sys.argv[1].split(",") for part in rule(text)]
    load = instruction(LD_W_ABS, 0, 0, 0)  # seccomp_data.nr
    program = b"".join([load, *rules, instruction(RET_K, 0, 0, RET_ALLOW)])
    buffer = ctypes.create_string_buffer(program)
    fprog = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, fprog, 0, 0)):
        if libc.prctl(*arguments) != 0:
            sys.exit("prctl: " + os.strerror(ctypes.get_errno()))
    os.execvp(sys.argv[2], sys.argv[2:])


main()
