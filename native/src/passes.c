/* What a job goes through again and again: its files with nothing cached, or its tree; and how much of it is
 * left. */
#include <assert.h>
#include "loop.h"
#include "meta.h"

/* I/Os of a pass; UINT64_MAX: there is but one. */
static uint64_t pass_ios(const struct ub_job *job)
{
    uint64_t pass = job->backend == UB_BACKEND_NULL ? 0 : ub_tree_pass(job);
    return pass ? pass : UINT64_MAX;
}

/* Bytes after which nothing is to be cached again; what populate has read stays. */
static uint64_t cold_bytes(const struct ub_job *job)
{
    return ub_has_files(job) && !(job->features & UB_FEATURE_POPULATE) ? job->pass_bytes : 0;
}

/* How many bytes the job may still issue (UINT64_MAX: no bound): a pass of them, and the rest. */
static void set_bytes(struct ub_ctx *ctx, uint64_t bytes)
{
    uint64_t pass = cold_bytes(ctx->job);
    ctx->bytes_left = pass && pass < bytes ? pass : bytes;
    ctx->later_bytes = bytes == UINT64_MAX ? bytes : bytes - ctx->bytes_left;
}

/* What is left of a bound; UINT64_MAX stays what it is. */
static uint64_t less(uint64_t bound, uint64_t n)
{
    return bound == UINT64_MAX ? bound : bound - n;
}

void ub_set_bounds(struct ub_ctx *ctx, uint64_t ios, uint64_t bytes)
{
    uint64_t max_ios = ctx->job->max_ios, max_bytes = ctx->job->max_bytes;
    uint64_t all = max_ios == 0 ? UINT64_MAX : max_ios > ios ? max_ios - ios : 0;
    if (all < ctx->ios_left)
        ctx->ios_left = all; /* else this pass is gone through with */
    ctx->later_ios = less(all, ctx->ios_left);
    set_bytes(ctx, max_bytes == 0 ? UINT64_MAX : max_bytes > bytes ? max_bytes - bytes : 0);
}

void ub_first_pass(struct ub_ctx *ctx)
{
    ctx->ios_left = pass_ios(ctx->job);
    if (ctx->job->ramp_ns)
        set_bytes(ctx, ctx->later_ios = UINT64_MAX);
    else
        ub_set_bounds(ctx, 0, 0);
}

/* Whether a pass is over and another follows: then that one has begun. */
static int next_pass(struct ub_ctx *ctx)
{
    if (ctx->failed || ctx->result->lost || ctx->look_ns == 0 ||
        __atomic_load_n(&ctx->arena->stop, __ATOMIC_RELAXED))
        return 0;
    if (ctx->tree) {
        if (ctx->ios_left || !ctx->later_ios)
            return 0;
        uint64_t pass = pass_ios(ctx->job);
        ctx->ios_left = pass < ctx->later_ios ? pass : ctx->later_ios;
        ctx->later_ios = less(ctx->later_ios, ctx->ios_left);
        return 1;
    }
    if (!cold_bytes(ctx->job) || ctx->bytes_left || !ctx->later_bytes || !ctx->ios_left)
        return 0;
    set_bytes(ctx, ctx->later_bytes);
    return 1;
}

/* What a pass begins with: nothing cached, or the tree as it was. */
static int renew(struct ub_ctx *ctx, const char **stage, uint32_t *file)
{
    if (ctx->tree) {
        *file = 0;
        return ub_tree_renew(ctx, stage);
    }
    *stage = "invalidate";
    const struct ub_ops *ops = ub_backend_ops(ctx->job->backend);
    if (ops->let_go)
        ops->let_go(ctx);
    return ub_files_invalidate(ctx, file);
}

/*
 * The loop, pass by pass where each begins with nothing cached, as in fio, which opens its files anew (and
 * then invalidates them) for each, or with a tree in its first state. All I/Os of the one before have ended;
 * the time that this takes is outside the window.
 */
int ub_run_passes(struct ub_ctx *ctx, const struct ub_ops *ops, const char **stage)
{
    int (*run)(struct ub_ctx *, const char **) = ub_is_rated(ctx->job) ? ops->run_rated : ops->run;
    int ret = run(ctx, stage);
    while (ret == 0 && next_pass(ctx)) {
        struct ub_pause pause = ub_measure_pause(ctx);
        uint32_t file;
        const char *what;
        ret = renew(ctx, &what, &file);
        ub_measure_resume(ctx, &pause);
        if (ret < 0)
            return ub_loop_fail(ctx, ret, what, file, stage);
        ret = run(ctx, stage);
    }
    return ret;
}
