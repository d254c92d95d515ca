/*
 * io_uring: one ring a job. Slot, buffer and sqe have the same index; an sqe's constant fields are set once.
 * Submission and the wait for completions are one system call.
 */
#define _GNU_SOURCE
#include <sys/uio.h>
#include "chain.h"
#include "data.h"
#include "meta.h"
#include "rated.h"
#include "uring_enter.h"

static void prep_other(const struct uring *u, const struct ub_ctx *ctx, struct io_uring_sqe *sqe,
                       const struct ub_slot *s, uint32_t slot)
{
    if (s->op == UB_OP_SYNC) {
        sqe->opcode = IORING_OP_FSYNC;
        sqe->buf_index = 0; /* it has no buffer, and the kernel refuses one */
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

static void prep_step(struct uring *u, struct ub_ctx *ctx, uint32_t slot, uint32_t step)
{
    const struct ub_step *s = &u->chain->steps[step];
    struct io_uring_sqe *sqe = ub_uring_take(u, ctx, slot, step * ctx->depth + slot);
    sqe->fd = file_of(u, ctx, &ctx->slots[slot]);
    sqe->user_data += step * UB_URING_SECOND;
    if (step + 1 < u->chain->n)
        sqe->flags |= u->before_flags;
    if (s->op != UB_OP_SYNC) {
        prep_data(u, ctx, sqe, slot, s->op);
        if (s->aside)
            sqe->off = ub_chain_aside(ctx, slot);
        return;
    }
    sqe->opcode = IORING_OP_FSYNC;
    sqe->buf_index = 0;
    sqe->fsync_flags = IORING_FSYNC_DATASYNC;
}

/* What the fast path below does not do: other operations, chains, pass-through, rings without an array. */
UB_COLD static void prep_slow(struct uring *u, struct ub_ctx *ctx, uint32_t slot)
{
    const struct ub_slot *s = &ctx->slots[slot];
    if (u->chain && s->op == UB_OP_WRITE) {
        for (uint32_t step = 0; step < (u->linked ? u->chain->n : 1); step++)
            prep_step(u, ctx, slot, step);
        return;
    }
    struct io_uring_sqe *sqe = ub_uring_take(u, ctx, slot, slot);
    sqe->fd = file_of(u, ctx, s);
    if (s->op > UB_OP_WRITE || u->passthrough)
        prep_other(u, ctx, sqe, s, slot);
    else
        prep_data(u, ctx, sqe, slot, s->op);
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
 * One completion of a linked chain -> whether that was the last. The kernel cancels what follows a request
 * that does not succeed, and with cqe_skip it is silent about that as it is about those that do but for the
 * last.
 */
static int linked_over(struct uring *u, const struct ub_ctx *ctx, uint32_t slot, uint32_t step, int32_t *res)
{
    int32_t len = (int32_t)ctx->slots[slot].len;
    int succeeded = *res == ub_step_result(&u->chain->steps[step], (uint32_t)len);
    if (u->before_flags & UB_SQE_CQE_SKIP_SUCCESS) {
        *res = succeeded ? len : *res;
        return 1;
    }
    struct uring_chained *chained = &u->chained[slot];
    if (chained->reaped == 0)
        chained->res = len;
    if (!succeeded && (chained->res == len || chained->res == -ECANCELED))
        chained->res = *res;
    if (++chained->reaped < u->chain->n)
        return 0;
    *res = chained->res;
    chained->reaped = 0;
    return 1;
}

/* One completion of a chain -> whether the chain is over, with *res its outcome; else the next is sent with
 * the next call. */
UB_COLD static int chain_over(struct uring *u, struct ub_ctx *ctx, uint64_t user_data, int32_t *res)
{
    uint32_t slot = (uint32_t)user_data, step = (uint32_t)(user_data / UB_URING_SECOND);
    const struct ub_slot *s = &ctx->slots[slot];
    if (s->op != UB_OP_WRITE)
        return 1; /* an fsync among chains */
    if (u->linked)
        return linked_over(u, ctx, slot, step, res);
    if (*res != ub_step_result(&u->chain->steps[step], s->len))
        return 1;
    *res = (int32_t)s->len;
    if (step + 1 == u->chain->n)
        return 1;
    prep_step(u, ctx, slot, step + 1);
    ub_ring_publish(&u->ring);
    return 0;
}

/* Results in the loop's terms: the bytes that were asked for, where the kernel says 0 for success. */
UB_ALWAYS_INLINE int32_t result_of(const struct uring *u, const struct ub_ctx *ctx,
                                   const struct io_uring_cqe *cqe)
{
    int32_t res = cqe->res;
    const struct ub_slot *s = &ctx->slots[(uint32_t)cqe->user_data];
    if (UB_LIKELY(!u->changing) || u->chain)
        return res;
    if (res > 0 && u->passthrough)
        return -EIO; /* an NVMe status */
    return res == 0 && (s->op == UB_OP_TRIM || u->passthrough) ? (int32_t)s->len : res;
}

/* How completions are reaped: constants of an instance of the loop. */
struct way {
    int mixed;   /* entries of both sizes */
    int rewinds; /* SQ_REWIND */
    int thinks;  /* some are of pauses */
};

/* One completion of a pause -> whether the I/O after it is over at once, since it will not be begun. */
UB_COLD static int think_over(struct uring *u, struct ub_ctx *ctx, uint32_t slot, uint64_t now, int32_t *res)
{
    enum ub_thought thought = ub_uring_thought(u, ctx, slot, now);
    *res = UB_NOT_BEGUN;
    if (thought == UB_THOUGHT_OVER) {
        prep_slow(u, ctx, slot);
        ub_ring_publish(&u->ring); /* sent with the next call */
    }
    return thought == UB_THOUGHT_LATE;
}

/* Of the ready places of the ring, until max completions are in ctx->done -> how many are. */
UB_ALWAYS_INLINE int take_entries(struct uring *u, struct ub_ctx *ctx, int ready, uint32_t max,
                                  const struct way way)
{
    struct ub_ring *ring = &u->ring;
    uint32_t head = *ring->cq_khead, got = 0, taken = 0;
    uint64_t now = way.thinks ? ub_now(&ctx->clock) : 0;
    while (taken < (uint32_t)ready && got < max) {
        const struct io_uring_cqe *cqe =
            way.mixed ? ub_ring_mixed_cqe(ring, head, &taken) : ub_ring_cqe(ring, head + taken++);
        if (way.mixed && !cqe)
            continue;
        int32_t res = result_of(u, ctx, cqe);
        if (way.thinks && cqe->user_data & UB_URING_THINKS) {
            if (!think_over(u, ctx, (uint32_t)cqe->user_data, now, &res))
                continue;
        } else if (UB_UNLIKELY(u->chain) && !chain_over(u, ctx, cqe->user_data, &res)) {
            continue;
        } else if (way.thinks) {
            u->think_until[(uint32_t)cqe->user_data] = now + ctx->job->thinktime_ns;
        }
        ctx->done[got++] = (struct ub_done){.slot = (uint32_t)cqe->user_data, .res = res};
    }
    __atomic_store_n(ring->cq_khead, head + taken, __ATOMIC_RELEASE);
    return (int)got;
}

UB_ALWAYS_INLINE int reap_entries(struct uring *u, struct ub_ctx *ctx, uint32_t min, uint32_t max,
                                  const struct way way)
{
    int ready = ub_uring_wait_on(u, ctx, min, way.rewinds);
    return UB_UNLIKELY(ready < 0) ? ready : take_entries(u, ctx, ready, max, way);
}

UB_ALWAYS_INLINE int reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    return reap_entries(b, ctx, min, max, (struct way){0});
}

/* +cqe_mixed: the kernel waits for so many places of the ring, not completions. */
static int submit_mixed(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    const struct uring *u = b;
    return ub_uring_submit(b, ctx, n, wait * u->mixed);
}

static int reap_mixed(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    struct uring *u = b;
    return reap_entries(u, ctx, (u->min_wait ? ub_uring_least(u, min) : min) * u->mixed, max,
                        (struct way){.mixed = 1});
}

/* +timeout: a slot pauses before it begins another I/O. */
static void prep_think(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    struct uring *u = b;
    uint64_t now = ctx->slots[slot].start_ns;
    if (now < u->think_until[slot])
        ub_uring_think(u, ctx, slot, now);
    else
        prep_slow(u, ctx, slot);
}

static int reap_think(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    return reap_entries(b, ctx, min, max, (struct way){.thinks = 1});
}

/* +sq_rewind */
static int submit_rewind(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    struct uring *u = b;
    (void)n;
    return ub_uring_call(u, ctx, u->ring.sq_tail, wait, 0, 1);
}

static int reap_rewind(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    struct uring *u = b;
    return reap_entries(u, ctx, u->min_wait ? ub_uring_least(u, min) : min, max, (struct way){.rewinds = 1});
}

static int reap_min_wait(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    return reap(b, ctx, ub_uring_least(b, min), max);
}

/* An open loop, of every kind of ring. */
static int reap_rated(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max, uint64_t ns)
{
    struct uring *u = b;
    int ready = ub_uring_wait_for(u, ctx, u->mixed ? min * u->mixed : min, ns);
    return UB_UNLIKELY(ready < 0) ? ready : take_entries(u, ctx, ready, max, (struct way){.mixed = u->mixed});
}

static int uring_run_rated(struct ub_ctx *ctx, const char **stage)
{
    const struct uring *u = ctx->private;
    *stage = "IORING_FEAT_EXT_ARG";
    if (!(u->ring.features & IORING_FEAT_EXT_ARG))
        return -EOPNOTSUPP;
    return ub_rated_loop(ctx, ctx->private, ub_data_next, prep, ub_uring_submit_rated, reap_rated, 0, stage);
}

static int uring_run(struct ub_ctx *ctx, const char **stage)
{
    const struct uring *u = ctx->private;
    if (ctx->tree)
        return ub_meta_run_uring(ctx, stage);
    if (u->think_until)
        return ub_loop(ctx, ctx->private, ub_data_next, prep_think, ub_uring_submit, reap_think, 0, stage);
    if (u->rewind)
        return ub_loop(ctx, ctx->private, ub_data_next, prep, submit_rewind, reap_rewind, 0, stage);
    if (u->mixed)
        return ub_loop(ctx, ctx->private, ub_data_next, prep, submit_mixed, reap_mixed, 0, stage);
    if (u->min_wait)
        return ub_loop(ctx, ctx->private, ub_data_next, prep, ub_uring_submit, reap_min_wait, 0, stage);
    return ub_loop(ctx, ctx->private, ub_data_next, prep, ub_uring_submit, reap, 0, stage);
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
                 {"clone_buffers", UB_FEATURE_CLONE_BUFFERS, .needs = UB_FEATURE_FIXEDBUFS},
                 {"vectored", UB_FEATURE_VECTORED, .excludes = UB_FEATURE_PASSTHROUGH},
                 {"registerring", UB_FEATURE_REGISTERRING, .kinds = UB_ANY_KIND},
                 {"coop_taskrun", UB_FEATURE_COOP_TASKRUN, .excludes = UB_FEATURE_SQPOLL,
                  .kinds = UB_ANY_KIND},
                 {"single_issuer", UB_FEATURE_SINGLE_ISSUER, .kinds = UB_ANY_KIND},
                 {"defer_taskrun", UB_FEATURE_DEFER_TASKRUN, .needs = UB_FEATURE_SINGLE_ISSUER,
                  .excludes = UB_FEATURE_SQPOLL, .kinds = UB_ANY_KIND},
                 {"no_sqarray", UB_FEATURE_NO_SQARRAY, .kinds = UB_ANY_KIND},
                 {"min_wait", UB_FEATURE_MIN_WAIT, .excludes = UB_FEATURE_IOPOLL, .kinds = UB_ANY_KIND},
                 {"registered_wait", UB_FEATURE_REG_WAIT, .needs = UB_FEATURE_MIN_WAIT, .kinds = UB_ANY_KIND},
                 {"no_iowait", UB_FEATURE_NO_IOWAIT, .excludes = UB_FEATURE_IOPOLL, .kinds = UB_ANY_KIND},
                 {"iopoll", UB_FEATURE_IOPOLL},
                 {"hybrid_iopoll", UB_FEATURE_HYBRID_IOPOLL, .needs = UB_FEATURE_IOPOLL},
                 {"sqpoll", UB_FEATURE_SQPOLL, .kinds = UB_ANY_KIND},
                 {"force_async", UB_FEATURE_FORCE_ASYNC, .excludes = UB_FEATURE_NOWAIT, .kinds = UB_ANY_KIND},
                 {"uncached", UB_FEATURE_UNCACHED},
                 {"nowait", UB_FEATURE_NOWAIT},
                 {"atomic", UB_FEATURE_ATOMIC},
                 {"dsync", UB_FEATURE_DSYNC},
                 {"linked", UB_FEATURE_LINKED, .kinds = UB_ANY_KIND},
                 {"cqe_skip", UB_FEATURE_CQE_SKIP, .needs = UB_FEATURE_LINKED},
                 {"no_mmap", UB_FEATURE_NO_MMAP, .kinds = UB_ANY_KIND},
                 {"big_rings", UB_FEATURE_BIG_RINGS, .kinds = UB_ANY_KIND},
                 {"sq_rewind", UB_FEATURE_SQ_REWIND, .needs = UB_FEATURE_NO_SQARRAY,
                  .excludes = UB_FEATURE_SQPOLL | UB_FEATURE_CQE_MIXED},
                 {"hugepages", UB_FEATURE_HUGEPAGES},
                 {"cqe_mixed", UB_FEATURE_CQE_MIXED, .excludes = UB_FEATURE_BIG_RINGS},
                 {"timeout", UB_FEATURE_TIMEOUT,
                  .excludes = UB_FEATURE_IOPOLL | UB_FEATURE_SQPOLL | UB_FEATURE_MIN_WAIT |
                              UB_FEATURE_CQE_MIXED | UB_FEATURE_SQ_REWIND | UB_FEATURE_PASSTHROUGH},
                 {"directfiles", UB_FEATURE_DIRECTFILES, .kinds = 1u << UB_KIND_META},
                 {"passthrough", UB_FEATURE_PASSTHROUGH,
                  .excludes = UB_FEATURE_NOWAIT | UB_FEATURE_UNCACHED | UB_FEATURE_ATOMIC | UB_FEATURE_DSYNC |
                              UB_FEATURE_LINKED}},
    .op_mask = (1u << UB_OPS) - 1,
    .probe = ub_uring_probe,
    .open = ub_uring_open,
    .run = uring_run,
    .run_rated = uring_run_rated,
    .close = uring_close,
};
