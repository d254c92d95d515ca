/*
 * sync: the thread sleeps in pread or pwrite until the data is there. preadv2/pwritev2 with +vectored, or
 * where a feature needs a flag.
 */
#define _GNU_SOURCE
#include "call.h"
#include "chain.h"
#include "data.h"
#include "meta.h"
#include "rated.h"

struct sync_io {
    struct ub_done done; /* the one I/O, complete when submit returns */
    uint32_t slot;
    uint32_t rw_flags; /* RWF_* */
    const struct ub_chain *chain;
    int vectored;
};

UB_ALWAYS_INLINE void prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    (void)ctx;
    ((struct sync_io *)b)->slot = slot;
}

UB_ALWAYS_INLINE int submit_with(void *b, struct ub_ctx *ctx, const int with_vector)
{
    struct sync_io *io = b;
    const struct ub_slot *slot = &ctx->slots[io->slot];
    int fd = ctx->fds[slot->data.file];
    int32_t res;
    do {
        ctx->result->syscalls[ub_call_name(slot->op, slot->data.datasync, with_vector)]++;
        res = ub_call(fd, slot->op, &slot->data, ctx->buffers, slot->len, with_vector, io->rw_flags);
    } while (UB_UNLIKELY(res == -EINTR) && ub_loop_patience(ctx, res) == 0);
    io->done = (struct ub_done){.slot = io->slot, .res = res};
    return 0;
}

UB_ALWAYS_INLINE int submit_plain(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    (void)n, (void)wait;
    return submit_with(b, ctx, 0);
}

UB_ALWAYS_INLINE int submit_vectored(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    (void)n, (void)wait;
    return submit_with(b, ctx, 1);
}

UB_ALWAYS_INLINE int submit_chain(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    struct sync_io *io = b;
    const struct ub_slot *slot = &ctx->slots[io->slot];
    (void)n, (void)wait;
    if (slot->op != UB_OP_WRITE)
        return submit_with(b, ctx, io->vectored); /* an fsync among chains */
    const struct ub_chain_call call = {.chain = io->chain,
                                       .fd = ctx->fds[slot->data.file],
                                       .io = slot->data,
                                       .aside = ub_chain_aside(ctx, io->slot),
                                       .buffer = ctx->buffers,
                                       .len = slot->len,
                                       .rw_flags = io->rw_flags,
                                       .vectored = io->vectored};
    uint32_t step = 0;
    int32_t res;
    do {
        res = ub_chain_perform(&call, &step, ctx->result->syscalls);
    } while (UB_UNLIKELY(res == -EINTR) && ub_loop_patience(ctx, res) == 0);
    io->done = (struct ub_done){.slot = io->slot, .res = res};
    return 0;
}

UB_ALWAYS_INLINE int reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    (void)min, (void)max;
    ctx->done[0] = ((struct sync_io *)b)->done;
    return 1;
}

/* An open loop: calls of every form, one at a time. */
static int submit_rated(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    const struct sync_io *io = b;
    return io->chain ? submit_chain(b, ctx, n, wait) : submit_with(b, ctx, io->vectored);
}

UB_ALWAYS_INLINE int reap_rated(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max, uint64_t ns)
{
    (void)ns;
    return reap(b, ctx, min, max);
}

static int sync_probe(uint64_t features, const struct ub_setup *setup, const char **stage)
{
    (void)setup;
    return ub_call_probe(features, stage);
}

static int sync_open(struct ub_ctx *ctx, const char **stage)
{
    return ub_call_probe(ctx->job->features, stage);
}

static int sync_run(struct ub_ctx *ctx, const char **stage)
{
    if (ctx->tree)
        return ub_meta_run_sync(ctx, stage);
    uint64_t features = ctx->job->features;
    struct sync_io io = {.rw_flags = ub_call_rw_flags(features),
                         .chain = ub_chain_of(ctx->job->pair),
                         .vectored = features != 0};
    if (io.chain)
        return ub_loop(ctx, &io, ub_data_next, prep, submit_chain, reap, 0, stage);
    if (features)
        return ub_loop(ctx, &io, ub_data_next, prep, submit_vectored, reap, 0, stage);
    return ub_loop(ctx, &io, ub_data_next, prep, submit_plain, reap, 0, stage);
}

static int sync_run_rated(struct ub_ctx *ctx, const char **stage)
{
    struct sync_io io = {.rw_flags = ub_call_rw_flags(ctx->job->features),
                         .chain = ub_chain_of(ctx->job->pair),
                         .vectored = ctx->job->features != 0};
    return ub_rated_loop(ctx, &io, ub_data_next, prep, submit_rated, reap_rated, 0, stage);
}

static void sync_close(struct ub_ctx *ctx)
{
    (void)ctx;
}

const struct ub_ops ub_ops_sync = {
    .name = "sync",
    .async = 0,
    .has_pairs = 1,
    .syscalls_exact = 1,
    .features = {UB_CALL_FEATURES},
    .op_mask = (1u << UB_OPS) - 1,
    .probe = sync_probe,
    .open = sync_open,
    .run = sync_run,
    .run_rated = sync_run_rated,
    .close = sync_close,
};
