"""Runs a command under a seccomp filter that answers some system calls itself, as container runtimes do.

seccomp.py CALL=ANSWER[,CALL=ANSWER...] COMMAND ARG...

ANSWER is an errno (EPERM), or kill: the calling thread, and it alone, is ended.
"""
import errno
import os
import sys

import syscalls


def rule(text):
    call, answer = text.split("=")
    action = syscalls.RET_KILL_THREAD if answer == "kill" else syscalls.RET_ERRNO | getattr(errno, answer)
    return syscalls.answer(call, action)


syscalls.apply([part for text in sys.argv[1].split(",") for part in rule(text)])
os.execvp(sys.argv[2], sys.argv[2:])
