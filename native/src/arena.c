/* The shared-memory arena: a memfd that threads and processes map alike. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "hist.h"
#include "job.h"
#include "ub_api.h"

int ub_arena_create(uint64_t size, void **out)
{
    int fd = memfd_create("uring-bench", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)size) < 0) {
        int ret = -errno;
        close(fd);
        return ret;
    }
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        int ret = -errno;
        close(fd);
        return ret;
    }
    struct ub_arena *arena = p;
    const struct ub_clock *clock = ub_clock_get();
    arena->magic = UB_MAGIC;
    arena->abi_version = UB_ABI_VERSION;
    arena->size = size;
    arena->clock = clock->kind;
    arena->explain_fd = -1;
    arena->tsc_base = clock->base;
    arena->tsc_mult = clock->mult;
    arena->tsc_hz = clock->hz;
    *out = p;
    return fd;
}

int ub_arena_destroy(void *arena, int fd)
{
    int ret = munmap(arena, ((struct ub_arena *)arena)->size) < 0 ? -errno : 0;
    close(fd);
    return ret;
}

static int inside(const struct ub_arena *arena, uint64_t offset, uint64_t bytes)
{
    return bytes <= arena->size && offset <= arena->size - bytes;
}

int ub_arena_read(const void *arena, uint64_t offset, void *to, uint64_t bytes)
{
    if (!inside(arena, offset, bytes))
        return -ERANGE;
    memcpy(to, (const char *)arena + offset, bytes);
    return 0;
}

int ub_arena_write(void *arena, uint64_t offset, const void *from, uint64_t bytes)
{
    if (!inside(arena, offset, bytes))
        return -ERANGE;
    memcpy((char *)arena + offset, from, bytes);
    return 0;
}

int ub_arena_stop(void *p)
{
    struct ub_arena *arena = p;
    __atomic_store_n(&arena->stop, 1, __ATOMIC_RELAXED);
    ub_futex_wake(&arena->go);
    return 0;
}

/* One job's latency of an operation, and where its counts lie. */
static const struct ub_latency *latency_of(const struct ub_arena *arena, uint32_t job, uint32_t op,
                                           uint32_t lat, const uint64_t **counts)
{
    const char *base = (const char *)arena;
    const struct ub_result *result = (const struct ub_result *)(base + arena->results) + job;
    uint64_t at = (uint64_t)job * UB_HIST_OPS + op % UB_HIST_OPS;
    if (lat == UB_LAT_RESPONSE) {
        *counts = (const uint64_t *)(base + arena->responses) + at * UB_HIST_COUNTS;
        return &result->response[op];
    }
    *counts = (const uint64_t *)(base + arena->histograms) + (at * UB_LATS + lat) * UB_HIST_COUNTS;
    return &result->ops[op].lat[lat];
}

int ub_arena_merge(const void *p, uint32_t op, uint32_t lat, uint32_t first, uint32_t count, uint64_t *counts,
                   struct ub_latency *total)
{
    const struct ub_arena *arena = p;
    if (op >= UB_OPS || lat > UB_LAT_RESPONSE || first > arena->njobs || count > arena->njobs - first)
        return -EINVAL;
    memset(counts, 0, UB_HIST_COUNTS * sizeof *counts);
    *total = (struct ub_latency){.min_ns = UINT64_MAX};
    for (uint32_t j = first; j < first + count; j++) {
        const uint64_t *from;
        const struct ub_latency *own = latency_of(arena, j, op, lat, &from);
        if (own->count == 0)
            continue;
        for (uint32_t i = 0; i < UB_HIST_COUNTS; i++)
            counts[i] += from[i];
        total->count += own->count;
        total->sum_ns += own->sum_ns;
        total->over += own->over;
        if (own->min_ns < total->min_ns)
            total->min_ns = own->min_ns;
        if (own->max_ns > total->max_ns)
            total->max_ns = own->max_ns;
    }
    return 0;
}
