#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include "source.h"
#include "uring.h"

uint32_t ub_slots_each(uint64_t stride, uint32_t slots)
{
    if (slots == 0)
        return 0;
    uint64_t most = UB_URING_BUFFER_MAX / stride;
    return (uint32_t)(most < slots ? most : slots);
}

uint32_t ub_slot_iovecs(unsigned char *memory, uint64_t stride, uint32_t slots, struct iovec *iov)
{
    uint32_t each = ub_slots_each(stride, slots), n = 0;
    for (uint32_t first = 0; each > 0 && first < slots; first += each, n++) {
        uint32_t part = slots - first < each ? slots - first : each;
        if (iov)
            iov[n] = (struct iovec){.iov_base = memory + first * stride, .iov_len = part * stride};
    }
    return n;
}

/* Where each share lies, from the beginning of the memory -> its size. */
static int lay_out(struct ub_share *shares, uint32_t n, int huge, uint64_t *bytes)
{
    *bytes = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct ub_share *share = &shares[i];
        if (share->slots && ub_slots_each(share->stride, share->slots) == 0)
            return -E2BIG; /* a single block is more than the kernel registers as one buffer */
        if (__builtin_mul_overflow(share->stride, share->slots, &share->bytes) ||
            share->bytes > UINT64_MAX / 2)
            return -ENOMEM;
        share->bytes = ub_whole_pages(share->bytes, ub_page_for(share->bytes, huge));
        share->memory = NULL;
        if (__builtin_add_overflow(*bytes, share->bytes, bytes))
            return -ENOMEM;
    }
    return 0;
}

static int map_shares(struct ub_source *source, struct ub_share *shares, uint32_t n, int huge,
                      const char **stage)
{
    *stage = "register buffers";
    int ret = lay_out(shares, n, huge, &source->bytes);
    if (ret < 0)
        return ret;
    *stage = huge ? "map huge pages" : "allocate";
    ret = ub_map_memory(source->bytes, huge, &source->memory);
    unsigned char *at = source->memory;
    for (uint32_t i = 0; ret == 0 && i < n; i++) {
        shares[i].memory = at;
        at += shares[i].bytes;
    }
    return ret;
}

static int register_shares(const struct ub_source *source, struct ub_share *shares, uint32_t n)
{
    uint32_t all = 0;
    for (uint32_t i = 0; i < n; i++) {
        shares[i].first = all;
        all += ub_slot_iovecs(shares[i].memory, shares[i].stride, shares[i].slots, NULL);
    }
    struct iovec *iov = calloc(all ? all : 1, sizeof *iov);
    if (!iov)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        ub_slot_iovecs(shares[i].memory, shares[i].stride, shares[i].slots, iov + shares[i].first);
    int ret = ub_ring_register(&source->ring, IORING_REGISTER_BUFFERS, iov, all);
    free(iov);
    return ret;
}

int ub_source_open(struct ub_source *source, struct ub_share *shares, uint32_t n, int huge,
                   const char **stage)
{
    struct io_uring_params params;
    memset(&params, 0, sizeof params);
    *source = (struct ub_source){.ring = {.fd = -1}};
    int ret = map_shares(source, shares, n, huge, stage);
    if (ret == 0)
        ret = ub_ring_open(&source->ring, 1, &params, stage);
    if (ret < 0)
        return ret;
    *stage = "register buffers";
    return register_shares(source, shares, n);
}

int ub_source_clone(const struct ub_source *source, const struct ub_ring *ring)
{
    struct ub_clone_buffers clone = {.src_fd = (uint32_t)source->ring.fd};
    return ub_ring_register(ring, UB_REGISTER_CLONE_BUFFERS, &clone, 1);
}

void ub_source_close(struct ub_source *source)
{
    ub_ring_close(&source->ring);
    if (source->memory)
        munmap(source->memory, source->bytes);
    source->memory = NULL;
}

/* One run's jobs are threads of a process at a time. */
static struct {
    const struct ub_arena *arena;
    uint32_t first;
    uint32_t count;
    struct ub_share *shares; /* [count] */
    struct ub_source source;
    int error;
    const char *stage;
} threads;

static const struct ub_job *job_at(const struct ub_arena *arena, uint32_t index)
{
    return (const struct ub_job *)((const char *)arena + arena->jobs) + index;
}

/* The jobs' own shares -> how many have any. */
static uint32_t set_shares(struct ub_share *shares, int *huge)
{
    uint32_t having = 0;
    for (uint32_t i = 0; i < threads.count; i++) {
        const struct ub_job *job = job_at(threads.arena, threads.first + i);
        if (!(job->features & UB_FEATURE_CLONE_BUFFERS))
            continue;
        *huge |= (job->features & UB_FEATURE_HUGEPAGES) != 0;
        shares[i] = (struct ub_share){.stride = ub_buffer_stride(job), .slots = job->iodepth};
        having++;
    }
    return having;
}

void ub_source_begin(const struct ub_arena *arena, uint32_t first, uint32_t count)
{
    int huge = 0;
    threads.arena = arena;
    threads.first = first;
    threads.count = count;
    threads.error = 0;
    threads.stage = "allocate";
    threads.source = (struct ub_source){.ring = {.fd = -1}};
    threads.shares = calloc(count, sizeof *threads.shares);
    if (!threads.shares)
        threads.error = -ENOMEM;
    else if (set_shares(threads.shares, &huge) > 0)
        threads.error = ub_source_open(&threads.source, threads.shares, count, huge, &threads.stage);
}

/* What is in flight, and could not be waited for, may still be written there: that is nobody else's then. */
static int any_lost(const struct ub_arena *arena)
{
    const struct ub_result *results = (const struct ub_result *)((const char *)arena + arena->results);
    for (uint32_t i = 0; i < threads.count; i++)
        if (results[threads.first + i].lost)
            return 1;
    return 0;
}

void ub_source_end(const struct ub_arena *arena)
{
    if (any_lost(arena))
        threads.source.memory = NULL;
    ub_source_close(&threads.source);
    free(threads.shares);
    threads.shares = NULL;
    threads.arena = NULL;
}

int ub_source_share(const struct ub_ctx *ctx, const struct ub_share **share, const char **stage)
{
    *stage = "clone buffers of a job that is no thread";
    if (threads.arena != ctx->arena)
        return -EOPNOTSUPP;
    *stage = threads.stage;
    if (threads.error == 0)
        *share = &threads.shares[ctx->job - job_at(threads.arena, threads.first)];
    return threads.error;
}

int ub_source_give(const struct ub_ring *ring)
{
    return ub_source_clone(&threads.source, ring);
}
