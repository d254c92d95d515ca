/* uring-bench-worker FD INDEX PARENT [CGROUP.PROCS]: one job of the arena in descriptor FD, as a process of
 * its own (--isolation process), in the control group of that file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ub_api.h"

/* 0 stands for whoever writes it. */
static int join_group(const char *procs)
{
    int fd = open(procs, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int ret = write(fd, "0", 1) == 1 ? 0 : -errno;
    close(fd);
    return ret;
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 5) {
        fputs("uring-bench-worker: started by uring-bench only\n", stderr);
        return 2;
    }
    int ret = argc == 5 ? join_group(argv[4]) : 0;
    if (ret == 0)
        ret = ub_worker_main((int)strtol(argv[1], NULL, 10), (uint32_t)strtoul(argv[2], NULL, 10),
                             (int)strtol(argv[3], NULL, 10));
    if (ret < 0) {
        const char *why = strerror(-ret); // NOLINT(concurrency-mt-unsafe): the job ran on this thread
        fprintf(stderr, "uring-bench-worker: job %s: %s\n", argv[2], why);
        return 1;
    }
    return 0;
}
