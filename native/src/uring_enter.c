/* What is rare about entering the kernel with a ring. */
#include "uring_enter.h"

/*
 * -EBUSY: completions overflow, reap first. -EAGAIN: no memory for requests just now; what is unsent stays
 * queued.
 */
static int transient(int ret)
{
    return ret == -EINTR || ret == -EBUSY || ret == -EAGAIN;
}

/* Takes back what the kernel has not consumed -> how many operations these were; a linked chain is one. */
static uint32_t withdraw(struct ub_ring *ring)
{
    uint32_t unsent = ub_ring_unsent(ring), operations = 0;
    uint64_t before = UINT64_MAX - UB_URING_SECOND; /* no sqe's */
    for (uint32_t i = ring->sq_tail - unsent; i != ring->sq_tail; i++) {
        uint32_t index = i & ring->sq_mask;
        uint64_t data = ub_ring_sqe(ring, ring->sq_array ? ring->sq_array[index] : index)->user_data;
        operations += data < UB_URING_SECOND || data != before + UB_URING_SECOND;
        before = data;
    }
    ring->sq_tail -= unsent;
    ub_ring_publish(ring);
    return operations;
}

/* The call failed -> 0 to go on. sqpoll: the kernel's thread may be taking what is there, so it stays there.
 */
int ub_uring_not_entered(struct uring *u, struct ub_ctx *ctx, int ret)
{
    if (ret == -ETIME)
        return 0; /* nothing was there when a wait with an end was over: the next goes on */
    if (transient(ret) && ub_loop_patience(ctx, ret) == 0)
        return 0;
    if (!u->sqpoll)
        ctx->withdrawn += withdraw(&u->ring);
    return ret;
}

/* One call of an open loop -> 0 or -errno. n: sqes to hand over. */
static int call_rated(struct uring *u, struct ub_ctx *ctx, uint32_t n, uint32_t min, uint32_t flags,
                      uint64_t ns)
{
    ctx->result->syscalls[UB_SYS_IO_URING_ENTER]++;
    int ret = min > 0 ? ub_ring_enter_for(&u->ring, n, min, flags, ns)
                      : ub_ring_enter(&u->ring, n, 0, flags | IORING_ENTER_GETEVENTS);
    if (UB_UNLIKELY(ret < 0))
        return ub_uring_not_entered(u, ctx, ret);
    if (u->rewind)
        ub_ring_rewind(&u->ring, (uint32_t)ret);
    return 0;
}

static uint32_t to_send(const struct uring *u)
{
    return u->sqpoll ? 0 : u->rewind ? u->ring.sq_tail : ub_ring_unsent(&u->ring);
}

int ub_uring_submit_rated(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    struct uring *u = b;
    (void)n, (void)wait;
    if (!u->rewind)
        ub_ring_publish(&u->ring);
    return u->sqpoll ? ub_uring_submit_sqpoll(u, ctx) : call_rated(u, ctx, to_send(u), 0, 0, 0);
}

/* With iopoll a wait is the caller's polling, which no limit ends: it looks once at a time. */
static int poll_for(struct uring *u, struct ub_ctx *ctx, uint32_t min, uint64_t ns)
{
    uint64_t until = ub_now(&ctx->clock) + ns;
    int ret;
    do
        ret = call_rated(u, ctx, to_send(u), 0, 0, 0);
    while (ret == 0 && ub_ring_ready(&u->ring) < min && ub_now(&ctx->clock) < until);
    return ret;
}

int ub_uring_wait_for(struct uring *u, struct ub_ctx *ctx, uint32_t min, uint64_t ns)
{
    const struct ub_ring *ring = &u->ring;
    uint32_t ready = ub_ring_ready(ring);
    if (ready >= min && (ready > 0 || (ns == 0 && to_send(u) == 0)))
        return (int)ready;
    uint32_t wake = u->sqpoll && ub_ring_needs_wakeup(ring) ? IORING_ENTER_SQ_WAKEUP : 0;
    int ret;
    if (ring->flags & IORING_SETUP_IOPOLL && !u->sqpoll)
        ret = poll_for(u, ctx, min, ns);
    else
        ret = call_rated(u, ctx, to_send(u), min, wake, ns);
    return ret < 0 ? ret : (int)ub_ring_ready(ring);
}
