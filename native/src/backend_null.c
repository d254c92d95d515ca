/*
 * null: completes every I/O at once and does nothing, so that what remains is the tool's own cost. With a
 * delay each I/O takes that long more, one after another: a known slow-down, to see whether a comparison
 * finds it.
 */
#include <errno.h>
#include <stdlib.h>
#include "data.h"
#include "meta.h"
#include "rated.h"

struct null_queue {
    uint32_t *slots; /* submitted, oldest first from head */
    uint32_t head, tail, mask;
};

UB_ALWAYS_INLINE void prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    struct null_queue *q = b;
    (void)ctx;
    q->slots[q->tail++ & q->mask] = slot;
}

UB_ALWAYS_INLINE int submit(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    (void)b, (void)ctx, (void)n, (void)wait;
    return 0;
}

UB_ALWAYS_INLINE int reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    struct null_queue *q = b;
    (void)min;
    uint32_t got = 0;
    while (got < max && q->head != q->tail) {
        uint32_t slot = q->slots[q->head++ & q->mask];
        ctx->done[got++] = (struct ub_done){.slot = slot, .res = (int32_t)ctx->slots[slot].len};
    }
    return (int)got;
}

/* The same with the delay: a function of its own, so that without one the loop has no test for it. */
UB_ALWAYS_INLINE int reap_late(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    int got = reap(b, ctx, min, max);
    uint64_t until = ub_now(&ctx->clock) + (uint64_t)got * ctx->job->null_delay_ns;
    while (ub_now(&ctx->clock) < until && !__atomic_load_n(&ctx->arena->stop, __ATOMIC_RELAXED))
        ;
    return got;
}

/* An open loop: all is there at once. */
static int reap_rated(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max, uint64_t ns)
{
    (void)ns;
    return ctx->job->null_delay_ns ? reap_late(b, ctx, min, max) : reap(b, ctx, min, max);
}

static int null_probe(uint64_t features, const struct ub_setup *setup, const char **stage)
{
    (void)features, (void)setup, (void)stage;
    return 0;
}

static int null_open(struct ub_ctx *ctx, const char **stage)
{
    struct null_queue *q = calloc(1, sizeof *q);
    ctx->private = q;
    *stage = "allocate";
    if (!q)
        return -ENOMEM;
    uint32_t size = 1;
    while (size < ctx->depth)
        size *= 2;
    q->mask = size - 1;
    q->slots = calloc(size, sizeof *q->slots);
    return q->slots ? 0 : -ENOMEM;
}

static int null_run(struct ub_ctx *ctx, const char **stage)
{
    struct null_queue q = *(struct null_queue *)ctx->private; /* a local: its fields can live in registers */
    if (ctx->tree)
        return ctx->job->null_delay_ns ? ub_loop(ctx, &q, ub_meta_next, prep, submit, reap_late, 0, stage)
                                       : ub_loop(ctx, &q, ub_meta_next, prep, submit, reap, 0, stage);
    if (ctx->job->null_delay_ns)
        return ub_loop(ctx, &q, ub_data_next, prep, submit, reap_late, 0, stage);
    return ub_loop(ctx, &q, ub_data_next, prep, submit, reap, 0, stage);
}

static int null_run_rated(struct ub_ctx *ctx, const char **stage)
{
    struct null_queue q = *(struct null_queue *)ctx->private;
    return ub_rated_loop(ctx, &q, ub_data_next, prep, submit, reap_rated, 0, stage);
}

static void null_close(struct ub_ctx *ctx)
{
    struct null_queue *q = ctx->private;
    if (q)
        free(q->slots);
    free(q);
}

const struct ub_ops ub_ops_null = {
    .name = "null",
    .async = 1,
    .syscalls_exact = 1,
    .op_mask = (1u << UB_OPS) - 1,
    .probe = null_probe,
    .open = null_open,
    .run = null_run,
    .run_rated = null_run_rated,
    .close = null_close,
};
