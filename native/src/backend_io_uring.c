/*
 * io_uring: one ring a job. Slot, buffer and sqe have the same index; an sqe's constant fields are set once.
 * Submission and the wait for completions are one system call.
 */
#define _GNU_SOURCE
#include <sys/uio.h>
#include "data.h"
#include "uring.h"

static void prep_other(const struct uring *u, const struct ub_ctx *ctx, struct io_uring_sqe *sqe,
                       const struct ub_slot *s, uint32_t slot)
{
    if (s->op == UB_OP_SYNC) {
        sqe->opcode = IORING_OP_FSYNC;
        sqe->fsync_flags = s->data.datasync ? IORING_FSYNC_DATASYNC : 0;
    } else if (s->op == UB_OP_TRIM) {
        sqe->opcode = UB_OP_URING_CMD;
        sqe->off = UB_BLOCK_URING_CMD_DISCARD; /* cmd_op; the range is in addr and addr3 */
        sqe->addr = s->data.offset;
        const uint64_t len = s->len;
        memcpy((char *)sqe + UB_SQE_ADDR3, &len, sizeof len);
    } else {
        ub_nvme_prep(&u->namespaces[s->data.file], sqe, s->op == UB_OP_WRITE, s->data.offset, s->len,
                     ub_buffer(ctx, slot));
    }
}

UB_ALWAYS_INLINE void prep_data(struct uring *u, struct ub_ctx *ctx, struct io_uring_sqe *sqe, uint32_t slot,
                                uint32_t op)
{
    const struct ub_slot *s = &ctx->slots[slot];
    sqe->opcode = (uint8_t)u->opcode[op];
    sqe->off = s->data.offset;
    if (UB_UNLIKELY(u->vectored)) {
        u->iovecs[slot].iov_len = s->len;
        sqe->addr = (uint64_t)(uintptr_t)&u->iovecs[slot];
        sqe->len = 1;
    } else {
        sqe->addr = (uint64_t)(uintptr_t)ub_buffer(ctx, slot);
        sqe->len = s->len;
    }
}

UB_ALWAYS_INLINE int file_of(const struct uring *u, const struct ub_ctx *ctx, const struct ub_slot *s)
{
    return u->sqe_flags & IOSQE_FIXED_FILE ? (int)s->data.file : ctx->fds[s->data.file];
}

/* The next sqe of a ring whose sqes are not the slots' own, with its constant fields; `own` is its index
 * otherwise. */
static struct io_uring_sqe *take_sqe(struct uring *u, struct ub_ctx *ctx, uint32_t slot, uint32_t own)
{
    struct ub_ring *ring = &u->ring;
    struct io_uring_sqe *sqe = ub_ring_sqe(ring, ring->sq_array ? own : ring->sq_tail & ring->sq_mask);
    ub_uring_init_sqe(u, ctx, slot, sqe);
    sqe->fd = file_of(u, ctx, &ctx->slots[slot]);
    if (ring->sq_array)
        ub_ring_push(ring, own);
    else
        ring->sq_tail++;
    return sqe;
}

static void prep_second(struct uring *u, struct ub_ctx *ctx, uint32_t slot)
{
    struct io_uring_sqe *sqe = take_sqe(u, ctx, slot, ctx->depth + slot);
    sqe->user_data |= UB_URING_SECOND;
    if (u->pair == UB_PAIR_READ_WRITE) {
        prep_data(u, ctx, sqe, slot, UB_OP_WRITE);
        return;
    }
    sqe->opcode = IORING_OP_FSYNC;
    sqe->buf_index = 0;
    sqe->fsync_flags = IORING_FSYNC_DATASYNC;
}

/* What the fast path below does not do: other operations, pairs, pass-through, rings without an array. */
UB_COLD static void prep_slow(struct uring *u, struct ub_ctx *ctx, uint32_t slot)
{
    const struct ub_slot *s = &ctx->slots[slot];
    struct io_uring_sqe *sqe = take_sqe(u, ctx, slot, slot);
    if (s->op > UB_OP_WRITE || u->passthrough) {
        prep_other(u, ctx, sqe, s, slot);
        return;
    }
    prep_data(u, ctx, sqe, slot, u->pair == UB_PAIR_READ_WRITE ? UB_OP_READ : s->op);
    if (u->pair) {
        sqe->flags |= u->first_flags;
        if (u->linked)
            prep_second(u, ctx, slot);
    }
}

UB_ALWAYS_INLINE void prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    struct uring *u = b;
    if (UB_UNLIKELY(u->changing)) {
        prep_slow(u, ctx, slot);
        return;
    }
    const struct ub_slot *s = &ctx->slots[slot];
    struct io_uring_sqe *sqe = ub_ring_sqe(&u->ring, slot);
    sqe->fd = file_of(u, ctx, s);
    prep_data(u, ctx, sqe, slot, s->op);
    ub_ring_push(&u->ring, slot);
}

/*
 * -EBUSY: completions overflow, reap first. -EAGAIN: no memory for requests just now; what is unsent stays
 * queued.
 */
static int transient(int ret)
{
    return ret == -EINTR || ret == -EBUSY || ret == -EAGAIN;
}

/* Takes back what the kernel has not consumed -> how many operations these were; a linked pair is one. */
static uint32_t withdraw(struct ub_ring *ring)
{
    uint32_t unsent = ub_ring_unsent(ring), operations = 0;
    uint64_t before = UINT64_MAX;
    for (uint32_t i = ring->sq_tail - unsent; i != ring->sq_tail; i++) {
        uint32_t index = i & ring->sq_mask;
        uint64_t data = ub_ring_sqe(ring, ring->sq_array ? ring->sq_array[index] : index)->user_data;
        operations += data != (before | UB_URING_SECOND);
        before = data;
    }
    ring->sq_tail -= unsent;
    ub_ring_publish(ring);
    return operations;
}

/* The call failed -> 0 to go on. sqpoll: the kernel's thread may be taking what is there, so it stays there.
 */
UB_COLD static int not_entered(struct uring *u, struct ub_ctx *ctx, int ret)
{
    if (transient(ret) && ub_loop_patience(ctx, ret) == 0)
        return 0;
    if (!u->sqpoll)
        ctx->withdrawn += withdraw(&u->ring);
    return ret;
}

UB_ALWAYS_INLINE int enter(struct uring *u, struct ub_ctx *ctx, uint32_t n, uint32_t wait, uint32_t flags)
{
    ctx->result->syscalls[UB_SYS_IO_URING_ENTER]++;
    int ret = ub_ring_enter(&u->ring, n, wait, flags);
    return UB_UNLIKELY(ret < 0) ? not_entered(u, ctx, ret) : 0;
}

/* sqpoll: the kernel's thread takes the sqes; a call only wakes it. Waiting for completions is reap's. */
static int submit_sqpoll(struct uring *u, struct ub_ctx *ctx)
{
    return ub_ring_needs_wakeup(&u->ring) ? enter(u, ctx, 0, 0, IORING_ENTER_SQ_WAKEUP) : 0;
}

UB_ALWAYS_INLINE int submit(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    struct uring *u = b;
    (void)n;
    ub_ring_publish(&u->ring);
    if (UB_UNLIKELY(u->sqpoll))
        return submit_sqpoll(u, ctx);
    return enter(u, ctx, ub_ring_unsent(&u->ring), wait, 0);
}

/*
 * One completion of a pair -> whether the pair is over, with *res its outcome. Linked, the kernel cancels the
 * second when the first fails; else it is sent now, with the next call.
 */
UB_COLD static int pair_over(struct uring *u, struct ub_ctx *ctx, uint64_t user_data, int32_t *res)
{
    uint32_t slot = (uint32_t)user_data;
    int32_t len = (int32_t)ctx->slots[slot].len, first = u->first_res[slot];
    if (!(user_data & UB_URING_SECOND)) {
        if (u->first_flags & UB_SQE_CQE_SKIP_SUCCESS)
            return 1; /* heard of because it failed; then the kernel is silent about the cancelled second */
        u->first_res[slot] = *res;
        if (u->linked)
            return 0;
        if (*res != len)
            return 1;
        prep_second(u, ctx, slot);
        ub_ring_publish(&u->ring);
        return 0;
    }
    if (*res == -ECANCELED && first != len)
        *res = first;
    else if (*res == 0)
        *res = len; /* fdatasync */
    u->first_res[slot] = 0;
    return 1;
}

/* Results in the loop's terms: the bytes that were asked for, where the kernel says 0 for success. */
UB_ALWAYS_INLINE int32_t result_of(const struct uring *u, const struct ub_ctx *ctx,
                                   const struct io_uring_cqe *cqe)
{
    int32_t res = cqe->res;
    const struct ub_slot *s = &ctx->slots[(uint32_t)cqe->user_data];
    if (UB_LIKELY(!u->changing) || u->pair)
        return res;
    if (res > 0 && u->passthrough)
        return -EIO; /* an NVMe status */
    return res == 0 && (s->op == UB_OP_TRIM || u->passthrough) ? (int32_t)s->len : res;
}

UB_ALWAYS_INLINE int reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    struct uring *u = b;
    struct ub_ring *ring = &u->ring;
    uint32_t ready = ub_ring_ready(ring);
    /* Polling without a call would not be told of completions whose work waits for one (coop_taskrun and
     * others). */
    if (ready < min || ready == 0) {
        uint32_t poll = min == 0 ? IORING_ENTER_GETEVENTS : 0;
        uint32_t wake = UB_UNLIKELY(u->sqpoll) && ub_ring_needs_wakeup(ring) ? IORING_ENTER_SQ_WAKEUP : 0;
        int ret = enter(u, ctx, u->sqpoll ? 0 : ub_ring_unsent(ring), min, wake | poll);
        if (ret < 0)
            return ret;
        ready = ub_ring_ready(ring);
    }
    uint32_t head = *ring->cq_khead, got = 0, taken = 0;
    while (taken < ready && got < max) {
        const struct io_uring_cqe *cqe = ub_ring_cqe(ring, head + taken++);
        int32_t res = result_of(u, ctx, cqe);
        if (UB_UNLIKELY(u->pair) && !pair_over(u, ctx, cqe->user_data, &res))
            continue;
        ctx->done[got++] = (struct ub_done){.slot = (uint32_t)cqe->user_data, .res = res};
    }
    __atomic_store_n(ring->cq_khead, head + taken, __ATOMIC_RELEASE);
    return (int)got;
}

static int uring_run(struct ub_ctx *ctx, const char **stage)
{
    return ub_loop(ctx, ctx->private, ub_data_next, prep, submit, reap, 0, stage);
}

static void uring_close(struct ub_ctx *ctx)
{
    struct uring *u = ctx->private;
    /* Closing a ring does not wait for what is in flight: that may still use what it was given. */
    if (u && !ctx->result->lost)
        ub_uring_release(u);
}

const struct ub_ops ub_ops_io_uring = {
    .name = "io_uring",
    .async = 1,
    .has_pairs = 1,
    .syscalls_exact = 1,
    .features = {{"registerfiles", UB_FEATURE_REGISTERFILES},
                 {"fixedbufs", UB_FEATURE_FIXEDBUFS},
                 {"vectored", UB_FEATURE_VECTORED, .excludes = UB_FEATURE_FIXEDBUFS | UB_FEATURE_PASSTHROUGH},
                 {"registerring", UB_FEATURE_REGISTERRING},
                 {"coop_taskrun", UB_FEATURE_COOP_TASKRUN, .excludes = UB_FEATURE_SQPOLL},
                 {"single_issuer", UB_FEATURE_SINGLE_ISSUER},
                 {"defer_taskrun", UB_FEATURE_DEFER_TASKRUN, .needs = UB_FEATURE_SINGLE_ISSUER,
                  .excludes = UB_FEATURE_SQPOLL},
                 {"no_sqarray", UB_FEATURE_NO_SQARRAY},
                 {"iopoll", UB_FEATURE_IOPOLL},
                 {"hybrid_iopoll", UB_FEATURE_HYBRID_IOPOLL, .needs = UB_FEATURE_IOPOLL},
                 {"sqpoll", UB_FEATURE_SQPOLL},
                 {"force_async", UB_FEATURE_FORCE_ASYNC, .excludes = UB_FEATURE_NOWAIT},
                 {"uncached", UB_FEATURE_UNCACHED},
                 {"nowait", UB_FEATURE_NOWAIT},
                 {"atomic", UB_FEATURE_ATOMIC},
                 {"linked", UB_FEATURE_LINKED},
                 {"cqe_skip", UB_FEATURE_CQE_SKIP, .needs = UB_FEATURE_LINKED},
                 {"no_mmap", UB_FEATURE_NO_MMAP},
                 {"big_rings", UB_FEATURE_BIG_RINGS},
                 {"passthrough", UB_FEATURE_PASSTHROUGH,
                  .excludes =
                      UB_FEATURE_NOWAIT | UB_FEATURE_UNCACHED | UB_FEATURE_ATOMIC | UB_FEATURE_LINKED}},
    .op_mask = (1u << UB_OP_READ) | (1u << UB_OP_WRITE) | (1u << UB_OP_TRIM) | (1u << UB_OP_SYNC),
    .probe = ub_uring_probe,
    .open = ub_uring_open,
    .run = uring_run,
    .close = uring_close,
};
