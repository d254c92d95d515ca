#define _GNU_SOURCE
#include "mark.h"
#include <stdio.h>
#include <string.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include "sys.h"

static int inherited = -1;

void ub_mark_inherit(int fd)
{
    inherited = fd;
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec ts = {0};
    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* The programs see a name when it is given up (task_rename). */
void ub_mark_announce(uint32_t nonce, uint32_t slot)
{
    char own[UB_EXPLAIN_NAME] = "", mark[UB_EXPLAIN_NAME];
    prctl(PR_GET_NAME, own);
    snprintf(mark, sizeof mark, UB_MARK_NAME, nonce, slot & 0xffffu);
    prctl(PR_SET_NAME, mark);
    prctl(PR_SET_NAME, own);
}

void ub_mark_join(struct ub_marks *marks, const struct ub_arena *arena, uint32_t index)
{
    int fd = inherited >= 0 ? inherited : arena->explain_fd;
    *marks = (struct ub_marks){0};
    if (arena->explain_fd < 0 || index >= UB_EXPLAIN_JOBS)
        return;
    void *memory = mmap(NULL, UB_MARKS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return; /* then nothing is seen of this job: who reads the figures is told so by its mark */
    marks->head = memory;
    marks->own = (struct ub_mark *)memory + 1 + index;
    marks->own->tid = (uint32_t)UB_SYSCALL(SYS_gettid, 0, 0, 0, 0, 0, 0);
    ub_mark_announce(marks->head->nonce, index + 1);
}

static void lock(struct ub_mark_head *head)
{
    uint32_t free = 0;
    while (!__atomic_compare_exchange_n(&head->lock, &free, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        free = 0;
        sched_yield();
    }
}

static void unlock(struct ub_mark_head *head)
{
    __atomic_store_n(&head->lock, 0, __ATOMIC_RELEASE);
}

/* The programs read the word that belongs to `active`, which changes last. */
void ub_mark_window_open(struct ub_mark_head *head, uint64_t now)
{
    lock(head);
    if (head->active == 0)
        __atomic_store_n(&head->base_ns, now - head->frozen_ns, __ATOMIC_RELEASE);
    __atomic_store_n(&head->active, head->active + 1, __ATOMIC_RELEASE);
    unlock(head);
}

void ub_mark_window_close(struct ub_mark_head *head, uint64_t now)
{
    lock(head);
    if (head->active == 1)
        __atomic_store_n(&head->frozen_ns, now - head->base_ns, __ATOMIC_RELEASE);
    if (head->active > 0)
        __atomic_store_n(&head->active, head->active - 1, __ATOMIC_RELEASE);
    unlock(head);
}

void ub_mark_open(const struct ub_marks *marks)
{
    struct ub_mark *own = marks->own;
    if (!own || own->open)
        return;
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    ub_mark_window_open(marks->head, now);
    own->begin_ns = now;
    own->begin_cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    __atomic_store_n(&own->open, 1, __ATOMIC_RELEASE);
}

void ub_mark_close(const struct ub_marks *marks)
{
    struct ub_mark *own = marks->own;
    if (!own || !own->open)
        return;
    __atomic_store_n(&own->open, 0, __ATOMIC_RELEASE);
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    own->cpu_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - own->begin_cpu_ns;
    own->alive_ns += now - own->begin_ns;
    ub_mark_window_close(marks->head, now);
}

void ub_mark_leave(struct ub_marks *marks)
{
    ub_mark_close(marks);
    if (marks->head)
        munmap(marks->head, UB_MARKS_BYTES);
    *marks = (struct ub_marks){0};
}
