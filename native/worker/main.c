/* uring-bench-worker FD INDEX PARENT: one job of the arena in descriptor FD, as a process of its own
 * (--isolation process). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ub_api.h"

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("uring-bench-worker: started by uring-bench only\n", stderr);
        return 2;
    }
    int ret = ub_worker_main((int)strtol(argv[1], NULL, 10), (uint32_t)strtoul(argv[2], NULL, 10),
                             (int)strtol(argv[3], NULL, 10));
    if (ret < 0) {
        const char *why = strerror(-ret); // NOLINT(concurrency-mt-unsafe): the job ran on this thread
        fprintf(stderr, "uring-bench-worker: job %s: %s\n", argv[2], why);
        return 1;
    }
    return 0;
}
