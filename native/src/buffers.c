#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "source.h"
#include "whole.h"

#define CHUNK 512u /* fio's buffer_compress_chunk: compressible part and random part alternate within it */

void ub_buffer_fill(struct ub_ctx *ctx, unsigned char *to, uint64_t len)
{
    uint64_t random_bytes = CHUNK - (uint64_t)CHUNK * ctx->job->compress_pct / 100;
    for (uint64_t at = 0; at < len; at += CHUNK) {
        uint64_t chunk = len - at < CHUNK ? len - at : CHUNK;
        uint64_t fill = random_bytes < chunk ? random_bytes : chunk;
        uint64_t i = 0;
        for (; i + 8 <= fill; i += 8) {
            uint64_t word = ub_rng_next(&ctx->data_rng);
            memcpy(to + at + i, &word, 8);
        }
        memset(to + at + i, 0, chunk - i);
    }
}

#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB (21 << 26) /* linux/mman.h */
#endif

/* A ring that has been closed gives its pages back a moment later: so often it is tried, 10 ms apart. */
#define HUGE_TRIES 12

int ub_map_huge(uint64_t bytes, void **memory)
{
    const struct timespec moment = {.tv_nsec = 10000000};
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB;
    for (int tries = 1;; tries++) {
        *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
        if (*memory != MAP_FAILED)
            return 0;
        if (errno != ENOMEM || tries == HUGE_TRIES)
            return -errno;
        nanosleep(&moment, NULL);
    }
}

int ub_map_memory(uint64_t bytes, int huge, void **memory)
{
    if (huge)
        return ub_map_huge(bytes, memory);
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return -errno;
    *memory = p;
    if (bytes >= UB_HUGE_PAGE)
        madvise(p, bytes, MADV_HUGEPAGE);
    return 0;
}

/* One mapping for all slots, so that it can be registered as one buffer. */
static int map_buffers(struct ub_ctx *ctx, uint64_t bytes, const char **stage)
{
    int huge = (ctx->job->features & UB_FEATURE_HUGEPAGES) != 0;
    void *p = NULL;
    *stage = huge ? "map huge pages" : "allocate";
    ctx->buffers_bytes = ub_whole_pages(bytes, ub_page_for(bytes, huge));
    int ret = ub_map_memory(ctx->buffers_bytes, huge, &p);
    if (ret == 0)
        ctx->buffers = p;
    return ret;
}

/* A part of the memory that all jobs of this process have together. */
static int share_buffers(struct ub_ctx *ctx, const char **stage)
{
    const struct ub_share *share;
    int ret = ub_source_share(ctx, &share, stage);
    if (ret < 0)
        return ret;
    ctx->buffers = share->memory;
    ctx->buffers_bytes = share->bytes;
    return 0;
}

uint64_t ub_buffer_stride(const struct ub_job *job)
{
    uint64_t largest = 512;
    for (uint32_t op = UB_OP_READ; op <= UB_OP_WRITE; op++)
        if (job->op_mask & (1u << op) && job->bs[op] > largest)
            largest = job->bs[op];
    if (job->op_mask & (1u << UB_OP_WHOLEFILE) && ub_whole_bytes_most(job) > largest)
        largest = ub_whole_bytes_most(job);
    return largest > UINT64_MAX - 511 ? UINT64_MAX : (largest + 511) / 512 * 512;
}

int ub_buffers_open(struct ub_ctx *ctx, const char **stage)
{
    const struct ub_job *job = ctx->job;
    ctx->buffer_stride = ub_buffer_stride(job);
    uint64_t bytes;
    *stage = "allocate";
    if (__builtin_mul_overflow(ctx->buffer_stride, ctx->depth, &bytes) || bytes > UINT64_MAX / 2)
        return -ENOMEM;
    int ret =
        job->features & UB_FEATURE_CLONE_BUFFERS ? share_buffers(ctx, stage) : map_buffers(ctx, bytes, stage);
    if (ret < 0)
        return ret;
    assert(ctx->buffers);
    memset(ctx->buffers, 0, ctx->buffers_bytes);
    if (job->op_mask & (1u << UB_OP_WRITE) && !(job->flags & UB_FLAG_ZERO_BUFFERS))
        for (uint32_t i = 0; i < ctx->depth; i++)
            ub_buffer_fill(ctx, ub_buffer(ctx, i), job->bs[UB_OP_WRITE]);
    return 0;
}

void ub_buffers_close(struct ub_ctx *ctx)
{
    /* What is in flight, and could not be waited for, may still be written there: that is nobody else's then.
     */
    if (ctx->buffers && !ctx->result->lost && !(ctx->job->features & UB_FEATURE_CLONE_BUFFERS))
        munmap(ctx->buffers, ctx->buffers_bytes);
    ctx->buffers = NULL;
}
