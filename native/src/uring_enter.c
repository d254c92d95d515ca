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
