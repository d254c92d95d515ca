/*
 * The kind of operation that moves data or syncs it: read, write, trim, fsync of an open file. Which
 * operation, which file, which block comes next; what goes along with writes is in data.c behind one test.
 */
#ifndef UB_DATA_H
#define UB_DATA_H

#include "loop.h"

/* data.c: what is rare. */
UB_COLD void ub_data_hooks(struct ub_ctx *ctx, const struct ub_slot *slot, uint32_t index);

UB_ALWAYS_INLINE uint32_t ub_next_op(struct ub_ctx *ctx)
{
    const struct ub_job *job = ctx->job;
    if (UB_UNLIKELY(job->op_mask == ((1u << UB_OP_READ) | (1u << UB_OP_WRITE))))
        return ub_rng_below(&ctx->rng, 100) < job->read_pct ? UB_OP_READ : UB_OP_WRITE;
    return (uint32_t)__builtin_ctz(job->op_mask);
}

/* Takes the next file's turn. */
UB_ALWAYS_INLINE uint32_t ub_next_file(struct ub_ctx *ctx)
{
    if (ctx->nfiles == 1)
        return 0;
    if (UB_LIKELY(ctx->file_left > 0)) {
        ctx->file_left--;
        return ctx->file;
    }
    if (ctx->job->service == UB_SERVICE_RANDOM)
        ctx->file = (uint32_t)ub_rng_below(&ctx->rng, ctx->nfiles);
    else
        ctx->file = ctx->file + 1 == ctx->nfiles ? 0 : ctx->file + 1;
    /* sequential: as many I/Os as one pass over the file has. The index fits: calloc has made room for it. */
    // NOLINTNEXTLINE(bugprone-implicit-widening-of-multiplication-result)
    ctx->file_left = ctx->job->service == UB_SERVICE_SEQUENTIAL ? ctx->gens[ctx->file * ctx->ngens].blocks - 1
                                                                : ctx->job->service_batch - 1;
    return ctx->file;
}

/* ub_next_fn of this kind: the slot's operation, file, offset and length. */
UB_ALWAYS_INLINE void ub_data_next(struct ub_ctx *ctx, struct ub_slot *slot, uint32_t index, uint64_t now)
{
    const struct ub_job *job = ctx->job;
    slot->start_ns = now;
    if (UB_UNLIKELY(ctx->pending_sync)) {
        *slot = (struct ub_slot){.start_ns = now, .op = UB_OP_SYNC, .data.file = ctx->file};
        slot->data.datasync = !(ctx->pending_sync & UB_SYNC_FILE);
        ctx->pending_sync = 0;
        return;
    }
    uint32_t op = ub_next_op(ctx), file = ub_next_file(ctx);
    struct ub_gen *gen = &ctx->gens[file * ctx->ngens + (ctx->ngens == 1 ? 0 : op)];
    uint64_t bs = job->bs[op];
    slot->data.offset = ctx->files[file].offset + ub_gen_next(gen, job) * bs;
    slot->len = (uint32_t)bs;
    slot->data.file = file;
    slot->op = op;
    ctx->issued++;
    ctx->ios_left--;
    ctx->bytes_left = ctx->bytes_left > bs ? ctx->bytes_left - bs : 0;
    if (UB_UNLIKELY(ctx->hooks))
        ub_data_hooks(ctx, slot, index);
}

#endif
