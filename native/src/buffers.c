#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
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

/* In huge pages where there are any: a wish, or with +hugepages a condition. */
static int map_buffers(struct ub_ctx *ctx, uint64_t bytes)
{
    int huge = (ctx->job->features & UB_FEATURE_HUGEPAGES) != 0;
    uint64_t page = huge || bytes >= UB_HUGE_PAGE ? UB_HUGE_PAGE : 4096;
    void *p;
    ctx->buffers_bytes = ub_whole_pages(bytes, page);
    if (huge) {
        int ret = ub_map_huge(ctx->buffers_bytes, &p);
        if (ret < 0)
            return ret;
        ctx->buffers = p;
        return 0;
    }
    p = mmap(NULL, ctx->buffers_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return -errno;
    ctx->buffers = p;
    if (page == UB_HUGE_PAGE)
        madvise(p, ctx->buffers_bytes, MADV_HUGEPAGE);
    return 0;
}

/* One mapping for all slots, so that it can be registered as one buffer. */
int ub_buffers_open(struct ub_ctx *ctx)
{
    const struct ub_job *job = ctx->job;
    uint64_t largest = 512;
    for (uint32_t op = UB_OP_READ; op <= UB_OP_WRITE; op++)
        if (job->op_mask & (1u << op) && job->bs[op] > largest)
            largest = job->bs[op];
    if (job->op_mask & (1u << UB_OP_WHOLEFILE) && ub_whole_bytes_most(job) > largest)
        largest = ub_whole_bytes_most(job);
    ctx->buffer_stride = (largest + 511) / 512 * 512;
    uint64_t bytes;
    if (ctx->buffer_stride < largest || __builtin_mul_overflow(ctx->buffer_stride, ctx->depth, &bytes) ||
        bytes > UINT64_MAX / 2)
        return -ENOMEM;
    int ret = map_buffers(ctx, bytes);
    if (ret < 0)
        return ret;
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
    if (ctx->buffers && !ctx->result->lost)
        munmap(ctx->buffers, ctx->buffers_bytes);
    ctx->buffers = NULL;
}
