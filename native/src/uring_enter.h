/* Entering the kernel with a ring, for every kind of operation: sqes, submission, errors of io_uring_enter.
 */
#ifndef UB_URING_ENTER_H
#define UB_URING_ENTER_H

#include "loop.h"
#include "uring.h"

/* uring_enter.c. The call failed -> 0 to go on, or what ended it, with what the kernel has not seen
 * withdrawn. */
UB_COLD int ub_uring_not_entered(struct uring *u, struct ub_ctx *ctx, int ret);

/* The next sqe of a ring whose sqes are not the slots' own, with its constant fields; `own` is its index
 * otherwise. */
static inline struct io_uring_sqe *ub_uring_take(struct uring *u, struct ub_ctx *ctx, uint32_t slot,
                                                 uint32_t own)
{
    struct ub_ring *ring = &u->ring;
    struct io_uring_sqe *sqe = ub_ring_sqe(ring, ring->sq_array ? own : ring->sq_tail & ring->sq_mask);
    ub_uring_init_sqe(u, ctx, slot, sqe);
    if (ring->sq_array)
        ub_ring_push(ring, own);
    else
        ring->sq_tail++;
    return sqe;
}

/* rewind: of a ring with SQ_REWIND, a constant where it is called. */
UB_ALWAYS_INLINE int ub_uring_call(struct uring *u, struct ub_ctx *ctx, uint32_t n, uint32_t wait,
                                   uint32_t flags, const int rewind)
{
    ctx->result->syscalls[UB_SYS_IO_URING_ENTER]++;
    int ret = ub_ring_enter(&u->ring, n, wait, flags);
    if (UB_UNLIKELY(ret < 0))
        return ub_uring_not_entered(u, ctx, ret);
    if (rewind)
        ub_ring_rewind(&u->ring, (uint32_t)ret);
    return 0;
}

UB_ALWAYS_INLINE int ub_uring_enter(struct uring *u, struct ub_ctx *ctx, uint32_t n, uint32_t wait,
                                    uint32_t flags)
{
    return ub_uring_call(u, ctx, n, wait, flags, 0);
}

/* sqpoll: the kernel's thread takes the sqes; a call only wakes it. Waiting for completions is reap's. */
static inline int ub_uring_submit_sqpoll(struct uring *u, struct ub_ctx *ctx)
{
    return ub_ring_needs_wakeup(&u->ring) ? ub_uring_enter(u, ctx, 0, 0, IORING_ENTER_SQ_WAKEUP) : 0;
}

UB_ALWAYS_INLINE int ub_uring_submit(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    struct uring *u = b;
    (void)n;
    ub_ring_publish(&u->ring);
    if (UB_UNLIKELY(u->sqpoll))
        return ub_uring_submit_sqpoll(u, ctx);
    return ub_uring_enter(u, ctx, ub_ring_unsent(&u->ring), wait, 0);
}

/*
 * Waits until min completions are there (0: looks) -> how many are, or -errno. Polling without a call would
 * not be told of completions whose work waits for one (coop_taskrun and others).
 */
UB_ALWAYS_INLINE int ub_uring_wait_on(struct uring *u, struct ub_ctx *ctx, uint32_t min, const int rewind)
{
    struct ub_ring *ring = &u->ring;
    uint32_t ready = ub_ring_ready(ring);
    if (ready < min || ready == 0) {
        uint32_t poll = min == 0 ? IORING_ENTER_GETEVENTS : 0;
        uint32_t wake = UB_UNLIKELY(u->sqpoll) && ub_ring_needs_wakeup(ring) ? IORING_ENTER_SQ_WAKEUP : 0;
        int ret = ub_uring_call(u, ctx, u->sqpoll ? 0 : ub_ring_unsent(ring), min, wake | poll, rewind);
        if (ret < 0)
            return ret;
        ready = ub_ring_ready(ring);
    }
    return (int)ready;
}

UB_ALWAYS_INLINE int ub_uring_wait(struct uring *u, struct ub_ctx *ctx, uint32_t min)
{
    return ub_uring_wait_on(u, ctx, min, 0);
}

/* uring_enter.c, of an open loop. Submits, and has done what the kernel keeps for a call that asks for
 * completions: those that are there are in the ring afterwards. */
int ub_uring_submit_rated(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait);
/* As ub_uring_wait, for ns at the most -> how many are there, or -errno. ns 0: without a call, if all is
 * sent. */
int ub_uring_wait_for(struct uring *u, struct ub_ctx *ctx, uint32_t min, uint64_t ns);

/*
 * What reap waits for where submit has waited, for min or until that took too long (+min_wait): it takes what
 * is there, and waits itself only when that is nothing.
 */
UB_ALWAYS_INLINE uint32_t ub_uring_least(const struct uring *u, uint32_t min)
{
    return min > 1 && ub_ring_ready(&u->ring) > 0 ? 1 : min;
}

#endif
