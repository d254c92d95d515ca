/*
 * threadpool: a pool of worker threads as programs have it (libuv's, PostgreSQL's io_method=worker). The job
 * puts requests into a queue; its workers make the plain calls that sync makes and give them back. Each job
 * has a pool of its own, as a program that is one process has.
 */
#define _GNU_SOURCE
#include "call.h"
#include "chain.h"
#include "data.h"
#include "meta.h"
#include "pool.h"
#include "rated.h"

UB_ALWAYS_INLINE void prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    struct ub_pool *pool = b;
    const struct ub_slot *s = &ctx->slots[slot];
    struct ub_request *request = &pool->requests[slot];
    request->io = s->data;
    request->len = s->len;
    request->op = s->op;
    request->fd = ctx->fds[s->data.file];
    pool->prepared[pool->nprepared++] = slot;
}

UB_ALWAYS_INLINE void prep_chain(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    ((struct ub_pool *)b)->requests[slot].aside = ub_chain_aside(ctx, slot);
    prep(b, ctx, slot);
}

/* The same of an operation of a tree. */
UB_ALWAYS_INLINE void prep_meta(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    struct ub_pool *pool = b;
    struct ub_request *request = &pool->requests[slot];
    request->meta = ctx->slots[slot].meta;
    request->op = ctx->slots[slot].op;
    pool->prepared[pool->nprepared++] = slot;
}

/* A futex call failed: what no worker has taken is not waited for. */
UB_COLD static int give_up(struct ub_pool *pool, struct ub_ctx *ctx, int error)
{
    ctx->withdrawn = ub_pool_withdraw(pool);
    return error;
}

/* All at once: one look at who sleeps, one call that wakes as many as are needed. */
UB_ALWAYS_INLINE int submit(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    struct ub_pool *pool = b;
    (void)wait;
    pool->nprepared = 0;
    if (UB_UNLIKELY(!ub_queue_put(&pool->queue, pool->prepared, n))) {
        ctx->withdrawn = n;
        return -ENOBUFS; /* never: it has room for iodepth */
    }
    int ret = ub_pool_wake(pool, &ctx->result->syscalls[UB_SYS_FUTEX]);
    return UB_UNLIKELY(ret < 0) ? give_up(pool, ctx, ret) : 0;
}

/* What is given back, after the got that are in ctx->done, at most max -> how many are there now. */
UB_ALWAYS_INLINE uint32_t take(struct ub_pool *pool, struct ub_ctx *ctx, uint32_t got, uint32_t max,
                               const int of_tree)
{
    while (got < max) {
        if (pool->first == 0) {
            pool->first = ub_returns_take(&pool->returns, pool->requests);
            if (pool->first == 0)
                break;
        }
        const struct ub_request *request = &pool->requests[pool->first - 1];
        if (of_tree)
            ctx->result->ops[request->op].short_ios += request->resumed;
        ctx->done[got++] = (struct ub_done){.slot = pool->first - 1, .res = request->res};
        pool->first = request->next;
    }
    return got;
}

UB_ALWAYS_INLINE int reap_any(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max, const int of_tree)
{
    struct ub_pool *pool = b;
    uint32_t got = take(pool, ctx, 0, max, of_tree);
    while (got < min) {
        int ret = __atomic_load_n(&pool->error, __ATOMIC_RELAXED);
        if (UB_UNLIKELY(ret < 0 && got == 0 && !ctx->failed))
            return give_up(pool, ctx, ret);
        ret = ub_pool_wait_for(pool, min - got, UB_WAIT_NS, &ctx->result->syscalls[UB_SYS_FUTEX]);
        if (UB_UNLIKELY(ret < 0 && !(ret == -EINTR && ub_loop_patience(ctx, ret) == 0)))
            return got > 0 ? (int)got : give_up(pool, ctx, ret);
        got = take(pool, ctx, got, max, of_tree);
        if (UB_UNLIKELY(ret == 0))
            break; /* too long: the loop looks around */
    }
    return (int)got;
}

UB_ALWAYS_INLINE int reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    return reap_any(b, ctx, min, max, 0);
}

UB_ALWAYS_INLINE int reap_meta(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    return reap_any(b, ctx, min, max, 1);
}

/* An open loop: no longer than ns. */
static int reap_rated(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max, uint64_t ns)
{
    struct ub_pool *pool = b;
    uint32_t got = take(pool, ctx, 0, max, 0);
    if (got >= min)
        return (int)got;
    int ret = __atomic_load_n(&pool->error, __ATOMIC_RELAXED);
    if (UB_UNLIKELY(ret < 0 && got == 0 && !ctx->failed))
        return give_up(pool, ctx, ret);
    ret = ub_pool_wait_for(pool, min - got, ns, &ctx->result->syscalls[UB_SYS_FUTEX]);
    if (UB_UNLIKELY(ret < 0 && !(ret == -EINTR && ub_loop_patience(ctx, ret) == 0)))
        return got > 0 ? (int)got : give_up(pool, ctx, ret);
    return (int)take(pool, ctx, got, max, 0);
}

static void prep_rated(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    const struct ub_pool *pool = b;
    if (pool->chain)
        prep_chain(b, ctx, slot);
    else
        prep(b, ctx, slot);
}

static int pool_probe(uint64_t features, const struct ub_setup *setup, const char **stage)
{
    (void)setup;
    return ub_call_probe(features, stage);
}

static int pool_open(struct ub_ctx *ctx, const char **stage)
{
    const struct ub_job *job = ctx->job;
    struct ub_pool *pool;
    int ret = ub_call_probe(job->features, stage);
    if (ret < 0)
        return ret;
    *stage = "allocate";
    ret = ub_pool_create(&pool, ctx->depth, job->pool_threads);
    ctx->private = pool;
    if (ret < 0)
        return ret;
    pool->job = (uint32_t)(job - (const struct ub_job *)((const char *)ctx->arena + ctx->arena->jobs));
    pool->tree = ctx->tree;
    pool->vectored = (job->features & UB_CALL_FEATURE_BITS) != 0;
    pool->rw_flags = ub_call_rw_flags(job->features);
    pool->spins = (job->features & UB_FEATURE_SPIN) != 0;
    pool->chain = ub_chain_of(job->pair);
    pool->clock = ctx->clock;
    for (uint32_t i = 0; i < ctx->depth; i++)
        pool->requests[i].buffer = ub_buffer(ctx, i);
    *stage = "start worker threads";
    return ub_pool_start(pool, job->pool_threads);
}

static int pool_run(struct ub_ctx *ctx, const char **stage)
{
    struct ub_pool *pool = ctx->private;
    int ret;
    if (ctx->tree)
        ret = ub_loop(ctx, pool, ub_meta_next, prep_meta, submit, reap_meta, 1, stage);
    else if (pool->chain)
        ret = ub_loop(ctx, pool, ub_data_next, prep_chain, submit, reap, 1, stage);
    else
        ret = ub_loop(ctx, pool, ub_data_next, prep, submit, reap, 1, stage);
    if (!ctx->failed)
        ub_pool_settle(pool);
    ub_pool_count(pool, ctx->result->syscalls);
    int error = __atomic_load_n(&pool->error, __ATOMIC_RELAXED);
    return error < 0 ? ub_loop_fail(ctx, error, "wake each other (futex)", UINT32_MAX, stage) : ret;
}

/* The loop returned ret: workers sleep again, so that all that they have used and called is counted. */
UB_ALWAYS_INLINE int run_is_over(struct ub_ctx *ctx, int ret, const char **stage)
{
    struct ub_pool *pool = ctx->private;
    if (!ctx->failed)
        ub_pool_settle(pool);
    ub_pool_count(pool, ctx->result->syscalls);
    int error = __atomic_load_n(&pool->error, __ATOMIC_RELAXED);
    return error < 0 ? ub_loop_fail(ctx, error, "wake each other (futex)", UINT32_MAX, stage) : ret;
}

static int pool_run_rated(struct ub_ctx *ctx, const char **stage)
{
    return run_is_over(
        ctx, ub_rated_loop(ctx, ctx->private, ub_data_next, prep_rated, submit, reap_rated, 1, stage), stage);
}

static void pool_recount(struct ub_ctx *ctx)
{
    ub_pool_count(ctx->private, NULL);
}

/* After a failure a worker may be in a call that does not end: it must find all that it may touch. */
static void pool_close(struct ub_ctx *ctx)
{
    struct ub_pool *pool = ctx->private;
    if (pool && ctx->result->lost)
        ub_pool_withdraw(pool); /* the files will be closed: nobody may begin with these now */
    ub_pool_destroy(pool, ctx->result->lost > 0);
}

const struct ub_ops ub_ops_threadpool = {
    .name = "threadpool",
    .async = 1,
    .has_slat = 1,
    .has_pairs = 1,
    .syscalls_exact = 1,
    .features = {{"spin", UB_FEATURE_SPIN, .kinds = UB_ANY_KIND}, UB_CALL_FEATURES},
    .op_mask = (1u << UB_OPS) - 1,
    .probe = pool_probe,
    .open = pool_open,
    .run = pool_run,
    .run_rated = pool_run_rated,
    .recount = pool_recount,
    .close = pool_close,
};
