#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "job.h"

#define HUGE_PAGE (2u << 20)
#define CHUNK     512u /* fio's buffer_compress_chunk: compressible part and random part alternate within it */

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

/* One mapping for all slots, so that it can be registered as one buffer; in huge pages where there are any.
 */
int ub_buffers_open(struct ub_ctx *ctx)
{
    const struct ub_job *job = ctx->job;
    uint64_t largest = 512;
    for (uint32_t op = UB_OP_READ; op <= UB_OP_WRITE; op++)
        if (job->op_mask & (1u << op) && job->bs[op] > largest)
            largest = job->bs[op];
    ctx->buffer_stride = (largest + 511) / 512 * 512;
    uint64_t bytes;
    if (ctx->buffer_stride < largest || __builtin_mul_overflow(ctx->buffer_stride, ctx->depth, &bytes) ||
        bytes > UINT64_MAX / 2)
        return -ENOMEM;
    uint64_t page = bytes >= HUGE_PAGE ? HUGE_PAGE : 4096;
    ctx->buffers_bytes = (bytes + page - 1) / page * page;
    void *p = mmap(NULL, ctx->buffers_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return -errno;
    ctx->buffers = p;
    if (page == HUGE_PAGE)
        madvise(p, ctx->buffers_bytes, MADV_HUGEPAGE); /* a wish: without huge pages it works as well */
    memset(p, 0, ctx->buffers_bytes);
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
