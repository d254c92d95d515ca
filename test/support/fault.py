"""Runs a command, and lets system calls of uring-bench's own code fail: those that its native library makes, and those
on files of the run. What Node makes for itself goes on as ever.

fault.py RECORD CALL=ERRNO@WHEN COMMAND ARG...
fault.py RECORD CALL[,CALL...] COMMAND ARG...

CALL! is one that the library makes by itself, without glibc; it is counted under this name.

WHEN is a number (the first is 1: it fails once) or "always"; without ERRNO calls are only counted. RECORD gets JSON:
how often each call was made by us, and whose the one that failed was: of a job's thread, of the library on another, on
a file of the run or of what the machine says of itself, or on standard output. The current folder is the run's.

Each call stops until this program has answered it (seccomp_unotify(2)), so that it can look at who makes it.
"""
import array
import ctypes
import errno
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys

import syscalls

SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
SET_MODE_FILTER, NEW_LISTENER, WAIT_KILLABLE = 1, 1 << 3, 1 << 5
NOTIF_RECV, NOTIF_SEND = 0xC0502100, 0xC0182101
NOTIF, RESPONSE = "QIIiIQ6Q", "QqiI"
CONTINUE = 1

# Where a call has its path, after a folder's descriptor or first; and which have a descriptor first.
PATH_AT = {
    **dict.fromkeys(["openat", "statx", "newfstatat", "unlinkat", "renameat", "readlinkat"], 1),
    **dict.fromkeys(["open", "access", "rename", "mkdir", "rmdir", "link", "unlink", "readlink", "statfs"], 0),
}
FD_FIRST = {
    *("read", "write", "fstat", "lseek", "ioctl", "pread64", "pwrite64", "readv", "writev", "fcntl", "flock"),
    *("fsync", "fdatasync", "ftruncate", "fchmod", "fchown", "getdents64", "fadvise64", "sync_file_range"),
    *("fallocate", "preadv2", "pwritev2", "statx"),
}
# Calls that glibc's pool for POSIX AIO makes, in threads that have the job's name.
POOLED = {"pread64", "pwrite64", "fsync", "fdatasync"}
# What Node calls to make a worker and to end it. The library's frames of before are still on the stack then.
OF_WORKERS = {"eventfd2", "epoll_create1", "madvise"}
# A frame of the library is at most so far above the stack pointer when it is in a system call through glibc.
STACK_BYTES = 1024


def receive_filter(notified):
    """In the child: installs the filter -> the listener's descriptor."""
    libc = ctypes.CDLL(None, use_errno=True)
    rules = [part for call in notified for part in syscalls.answer(call, syscalls.RET_USER_NOTIF)]
    fprog, _keep = syscalls.program(rules)
    syscalls.checked("no_new_privs", libc.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    listener = libc.syscall(SYS_SECCOMP, SET_MODE_FILTER, NEW_LISTENER | WAIT_KILLABLE, fprog)
    if listener < 0:  # before Linux 5.19
        listener = libc.syscall(SYS_SECCOMP, SET_MODE_FILTER, NEW_LISTENER, fprog)
    return syscalls.checked("seccomp listener", listener)


def start(command, notified):
    """-> the child's pid and the listener."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    pid = os.fork()
    if pid == 0:
        # sendmsg is none of the calls that can be notified: nobody would answer yet.
        socket.send_fds(there, [b"x"], [receive_filter(notified)])
        os.execvp(command[0], command)
    there.close()
    _, [listener], _, _ = socket.recv_fds(here, 1, 1)
    return pid, listener


def text_of(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf8", "replace")
    except OSError:
        return ""


def code_of(pid):
    """Addresses of the library's code in a process, or of the worker's."""
    for line in text_of(f"/proc/{pid}/maps").splitlines():
        if " r-xp " in line and line.endswith(("/liburing_bench.so", "/uring-bench-worker")):
            first, last = line.split(" ", 1)[0].split("-")
            yield range(int(first, 16), int(last, 16))


class Command:
    """The command's own process. Its maps are long, and read only until the library is there: it is never unloaded."""

    def __init__(self, pid):
        self.pid, self.code, self.size = pid, [], ""

    def has(self, tid):
        return tid == self.pid or os.path.exists(f"/proc/{self.pid}/task/{tid}")

    def library(self):
        if not self.code:
            size = text_of(f"/proc/{self.pid}/statm").split(" ", 1)[0]
            # What is as large as before has mapped nothing since.
            if size != self.size:
                self.code, self.size = list(code_of(self.pid)), size
        return self.code


class Caller:
    """A thread that waits for its call's answer."""

    def __init__(self, tid, folder, named, command):
        self.tid, self.folder, self.named, self.command = tid, folder, named, command

    def link(self, name):
        try:
            return os.readlink(f"/proc/{self.tid}/{name}")
        except OSError:
            return ""

    def memory(self, address, size):
        try:
            fd = os.open(f"/proc/{self.tid}/mem", os.O_RDONLY)
        except OSError:
            return b""
        try:
            return os.pread(fd, size, address)
        except OSError:
            return b""
        finally:
            os.close(fd)

    def string(self, address):
        page = 4096 - address % 4096
        data = self.memory(address, page)
        if b"\0" not in data:
            data += self.memory(address + page, 4096)
        return data.split(b"\0")[0].decode("utf8", "replace")

    def library(self):
        """Addresses of the library's code, or of the worker's."""
        return self.command.library() if self.command.has(self.tid) else list(code_of(self.tid))

    def is_job(self):
        """By its name; not where jobs are workers: what V8 does there is no call of ours."""
        return self.named and text_of(f"/proc/{self.tid}/comm").startswith(("ub-job-", "ub-pool-"))

    def is_native(self, ip, inline):
        """Whether our library makes the call, by itself or (unless inline) through glibc."""
        code = self.library()
        if any(ip in part for part in code):
            return True
        if inline or not code:
            return False
        said = text_of(f"/proc/{self.tid}/syscall").split()
        if len(said) < 9:
            return False
        stack = self.memory(int(said[7], 16), STACK_BYTES)
        words = array.array("Q", stack[: len(stack) // 8 * 8])
        return any(word in part for word in words for part in code)

    def is_of_run(self, path):
        """A file of the run's folder, or what is asked about the machine; not what Node asks about itself."""
        path = os.path.normpath(os.path.join(self.folder, path))
        return path == self.folder or path.startswith((self.folder + "/", "/sys/", "/proc/"))

    def owner(self, call, ip, args, inline):
        """Whose code makes the call, as a word; "" for Node's own."""
        if self.is_job() and not inline:
            return "job"
        if (self.named or call not in OF_WORKERS) and self.is_native(ip, inline):
            return "library"
        if inline:
            return ""
        if call == "write" and args[0] in (1, 2):
            return "stream"
        at = PATH_AT.get(call)
        path = self.string(args[at]) if at is not None else ""
        if path:
            return "file" if self.is_of_run(path) else ""
        if call in FD_FIRST:
            path = self.link(f"fd/{args[0]}")
            return "file" if path.startswith("/") and self.is_of_run(path) else ""
        return ""


def serve(pid, listener, decide):
    """Answers calls until the command has ended -> its wait status."""
    pidfd = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    poll.register(pidfd, select.POLLIN)
    while True:
        ready = dict(poll.poll())
        if ready.get(listener, 0) & select.POLLIN:
            note = bytearray(struct.calcsize(NOTIF))
            try:
                fcntl.ioctl(listener, NOTIF_RECV, note)
                ident, tid, _, nr, _, ip, *args = struct.unpack(NOTIF, note)
                error = decide(tid, nr, ip, args)
                answer = (ident, 0, -error, 0) if error else (ident, 0, 0, CONTINUE)
                fcntl.ioctl(listener, NOTIF_SEND, struct.pack(RESPONSE, *answer))
            except OSError as failed:
                if failed.errno not in (errno.ENOENT, errno.EINTR, errno.EINPROGRESS):
                    raise
        elif pidfd in ready:
            return os.waitpid(pid, 0)[1]


def main():
    record, what, *command = sys.argv[1:]
    wanted, _, when = what.partition("@")
    names, _, error = wanted.partition("=")
    calls = [name for name in names.split(",") if syscalls.number(name.removesuffix("!")) is not None]
    by_number = {syscalls.number(name.removesuffix("!")): name for name in calls}
    seen = dict.fromkeys(calls, 0)
    failed = []
    folder = os.getcwd()
    named = "--isolation=worker" not in command
    pooled = "--backend=posix-aio" in command

    def decide(tid, nr, ip, args):
        if failed and when != "always":
            return 0
        name = by_number[nr]
        call = name.removesuffix("!")
        owner = Caller(tid, folder, named, process).owner(call, ip, args, name != call)
        if not owner:
            return 0
        seen[name] += 1
        if not error or (when != "always" and seen[name] != int(when)):
            return 0
        # libuv makes an interrupted call again, for as long as it takes, and a reader that takes nothing is waited for.
        if when == "always" and (error, owner) in (("EINTR", "file"), ("EINTR", "stream"), ("EAGAIN", "stream")):
            return 0
        # So does the pool of glibc's aio_read, whose I/O then is in flight for ever: no run can end before it.
        if when == "always" and error == "EINTR" and pooled and owner == "job" and call in POOLED:
            return 0
        if not failed:
            failed.append(owner)
        return getattr(errno, error)

    pid, listener = start(command, [name.removesuffix("!") for name in calls])
    process = Command(pid)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: os.kill(pid, number))
    status = serve(pid, listener, decide)
    with open(record, "w", encoding="utf8") as file:
        json.dump({"calls": seen, "failed": failed[0] if failed else None}, file)
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    sys.exit(os.WEXITSTATUS(status))


main()
