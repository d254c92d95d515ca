#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <time.h>
#include "job.h"
#include "sys.h"

/* Shared futexes (no FUTEX_PRIVATE_FLAG): jobs may be processes. Never longer than 50 ms, so that a stop is
 * seen. */
void ub_futex_wait(uint32_t *word, uint32_t while_value)
{
    struct timespec limit = {.tv_sec = 0, .tv_nsec = 50000000};
    UB_SYSCALL(SYS_futex, word, FUTEX_WAIT, while_value, &limit, 0, 0);
}

void ub_futex_wake(uint32_t *word)
{
    UB_SYSCALL(SYS_futex, word, FUTEX_WAKE, INT_MAX, 0, 0, 0);
}
