/* Threads that were there before the tracer: those of a process, and of the processes that it has started. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "explain.h"

/* A small file below /proc, as text -> 0 or -errno. */
static int slurp(const char *path, char *to, size_t bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, to, bytes - 1);
    close(fd);
    to[n > 0 ? n : 0] = 0;
    return n < 0 ? -EIO : 0;
}

/* The number of the system call that a thread is in, as /proc says; -1: none, or not said. */
static int syscall_of(int pid, int tid)
{
    char path[64], text[128] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", pid, tid);
    if (slurp(path, text, sizeof text) < 0 || text[0] < '0' || text[0] > '9')
        return -1;
    return (int)strtol(text, NULL, 10);
}

static void adopt_thread(struct ub_tracer *tracer, int fd, int pid, int tid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, tid);
    if (slurp(path, text, sizeof text) < 0)
        return; /* it has ended */
    const char *state = strrchr(text, ')');
    struct ub_explain_thread thread = {.tid = (uint32_t)tid,
                                       .tgid = (uint32_t)pid,
                                       .flags = UB_THREAD_RENAMED,
                                       .sleep_syscall = syscall_of(pid, tid),
                                       .state = UB_TASK_SLEEPING};
    if (state && strncmp(state, ") R", 3) == 0)
        thread.state = UB_TASK_UNKNOWN; /* on a CPU, or waiting for one */
    if (state && strncmp(state, ") D", 3) == 0)
        thread.sleep_flags = UB_SLEEP_UNINTERRUPTIBLE;
    snprintf(path, sizeof path, "/proc/%d/task/%d/comm", pid, tid);
    if (slurp(path, text, sizeof text) == 0)
        snprintf(thread.name, sizeof thread.name, "%.*s", (int)strcspn(text, "\n"), text);
    tracer->bpf->update(fd, &thread.tid, &thread, BPF_NOEXIST);
}

/* What /proc/PID/task/TID/children lists: each with all that it has started. */
// NOLINTNEXTLINE(misc-no-recursion): as deep as a process tree
static void adopt_children(struct ub_tracer *tracer, int pid, int tid)
{
    char path[64], text[4096], *rest = NULL;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, tid);
    if (slurp(path, text, sizeof text) < 0)
        return;
    for (char *word = strtok_r(text, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest))
        ub_tracer_adopt(tracer, (int)strtol(word, NULL, 10));
}

void ub_tracer_adopt_helpers(struct ub_tracer *tracer)
{
    DIR *dir = opendir("/proc/self/task");
    if (!dir)
        return;
    int fd = tracer->bpf->map_fd(tracer->bpf->find_map(tracer->object, "threads"));
    for (struct dirent *entry; (entry = readdir(dir));) { // NOLINT(concurrency-mt-unsafe)
        char path[64], name[32];
        snprintf(path, sizeof path, "/proc/self/task/%.16s/comm", entry->d_name);
        if (entry->d_name[0] != '.' && slurp(path, name, sizeof name) == 0 &&
            (strncmp(name, "ub-job", 6) == 0 || strncmp(name, "ub-pool", 7) == 0))
            adopt_thread(tracer, fd, (int)getpid(), (int)strtol(entry->d_name, NULL, 10));
    }
    closedir(dir);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as a process tree
int ub_tracer_adopt(struct ub_tracer *tracer, int pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *dir = opendir(path);
    if (!dir)
        return -errno;
    struct bpf_map *map = tracer->bpf->find_map(tracer->object, "threads");
    int fd = tracer->bpf->map_fd(map);
    /* glibc's readdir is safe on a stream of one's own. */
    for (struct dirent *entry; (entry = readdir(dir));) { // NOLINT(concurrency-mt-unsafe)
        if (entry->d_name[0] == '.')
            continue;
        int tid = (int)strtol(entry->d_name, NULL, 10);
        adopt_thread(tracer, fd, pid, tid);
        adopt_children(tracer, pid, tid);
    }
    closedir(dir);
    return 0;
}
