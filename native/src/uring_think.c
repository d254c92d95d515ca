/*
 * --thinktime as a request of the ring (+timeout): a slot that has done an I/O pauses by IORING_OP_TIMEOUT
 * before it begins the next, and the completions of others are reaped meanwhile. Each slot is one of iodepth
 * users who think.
 */
#include <stdlib.h>
#include "uring_enter.h"

int ub_uring_set_thinking(struct uring *u, const struct ub_ctx *ctx)
{
    if (!(ctx->job->features & UB_FEATURE_TIMEOUT))
        return 0;
    u->think_until = calloc(ctx->depth, sizeof *u->think_until);
    u->think_ts = calloc(ctx->depth, sizeof *u->think_ts);
    return u->think_until && u->think_ts ? 0 : -ENOMEM;
}

/* In pieces, the last of which ends with the window: so the job notices its end. */
void ub_uring_think(struct uring *u, struct ub_ctx *ctx, uint32_t slot, uint64_t now)
{
    uint64_t end = u->think_until[slot];
    if (end > now + UB_WAIT_NS)
        end = now + UB_WAIT_NS;
    if (end > ctx->deadline_ns)
        end = ctx->deadline_ns;
    uint64_t ns = end > now ? end - now : 0;
    u->think_ts[slot] =
        (struct ub_timespec){.sec = (int64_t)(ns / 1000000000), .nsec = (int64_t)(ns % 1000000000)};
    struct io_uring_sqe *sqe = ub_uring_take(u, ctx, slot, slot);
    sqe->opcode = IORING_OP_TIMEOUT;
    sqe->fd = -1;
    sqe->flags = 0;
    sqe->timeout_flags = 0;
    sqe->buf_index = 0;
    sqe->addr = (uint64_t)(uintptr_t)&u->think_ts[slot];
    sqe->len = 1;
    sqe->user_data |= UB_URING_THINKS;
    ctx->slots[slot].start_ns = u->think_until[slot]; /* not yet in flight */
    ub_ring_publish(&u->ring);
}

enum ub_thought ub_uring_thought(struct uring *u, struct ub_ctx *ctx, uint32_t slot, uint64_t now)
{
    if (ctx->failed || now >= ctx->deadline_ns || __atomic_load_n(&ctx->arena->stop, __ATOMIC_RELAXED))
        return UB_THOUGHT_LATE;
    if (ctx->look_ns && ctx->job->thinktime_ns >= UB_LOOK_NS)
        ub_loop_look_from(ctx, now); /* it is no stall that nothing was done */
    if (now < u->think_until[slot]) {
        ub_uring_think(u, ctx, slot, now);
        return UB_THOUGHT_ON;
    }
    ctx->slots[slot].start_ns = now;
    return UB_THOUGHT_OVER;
}
