// clang-format off
/*
 * The hot loop. One function, inlined into every backend with four steps as constants, so that there is no
 * indirect call. The first belongs to the kind of operation (data.h, meta.h), the others to the backend:
 *
 *   next(ctx, slot, i, now)    fills in the next operation: what it is, its member of the slot's union, its len;
 *                              counts down ios_left and bytes_left
 *   prep(b, ctx, slot)         describes slot's operation to the kernel interface; no system call
 *   submit(b, ctx, n, wait)    hands over what was prepared; may wait for `wait` completions when it can do
 *                              so in the same call -> 0 or -errno
 *   reap(b, ctx, min, max)     at least min (fewer when a wait is cut short, 0: without waiting) and at most max
 *                              completions into ctx->done -> their number or -errno
 *
 * fio's meaning of the batch options: up to iodepth_batch_submit I/Os are handed over per call; when iodepth
 * are in flight, iodepth_batch_complete_min to _max are reaped. docs/LATENCY.md says where the clock is read.
 */
// clang-format on
#ifndef UB_LOOP_H
#define UB_LOOP_H

#include <errno.h>
#include <string.h>
#include "hist.h"
#include "job.h"

/*
 * Longest sleep and timed wait. Waits for completions have no limit where a limit costs time in each call:
 * what is in flight must be waited for in any case, and nothing is queued meanwhile.
 */
#define UB_WAIT_NS 100000000

/*
 * How often the loop looks at what is rare, the ramp's end and stalls, besides when the deadline has passed:
 * the one comparison of time in a turn.
 */
#define UB_LOOK_NS UINT64_C(100000000)
/* So long without a completion is a stall: retries of a path or drive take that long, an I/O does not. */
#define UB_STALL_NS UINT64_C(1000000000)

/* ctx->hooks */
#define UB_HOOK_THINKTIME 1u
#define UB_HOOK_WRITE     2u /* writes: stamps, new data, fsync every so often */
#define UB_HOOK_HASH      4u /* the first UB_HASHED_IOS: goes out by itself */

/*
 * Calls that the kernel answers by "again" are made for so long before that is an error, and so often: a
 * process that was stopped for a while has waited long, too. With an eventfd each try may wait for
 * UB_WAIT_NS.
 */
#define UB_PATIENCE_NS    UINT64_C(5000000000)
#define UB_PATIENCE_TRIES 50u
/* How long to go on when waiting for completions fails: then what is in flight is given up as lost. */
#define UB_LOST_NS UINT64_C(10000000000)

/* loop.c: the rare parts. */
UB_COLD int ub_loop_odd(struct ub_ctx *ctx, const struct ub_slot *slot, int32_t res, const char **stage);
UB_COLD void ub_loop_think(struct ub_ctx *ctx);
/* Looks begin anew: nothing before now counts as a stall. */
UB_COLD void ub_loop_look_from(struct ub_ctx *ctx, uint64_t now);
/* The job did something else for a while, with nothing in flight: that is no stall. */
UB_COLD void ub_loop_paused(struct ub_ctx *ctx, uint64_t ns);
/* The ramp's end, stalls -> whether the deadline has passed. */
UB_COLD int ub_loop_look(struct ub_ctx *ctx, uint64_t now);
/* Keeps the first error of a job with its stage and file (UINT32_MAX: none) -> that error. */
UB_COLD int ub_loop_fail(struct ub_ctx *ctx, int error, const char *what, uint32_t file, const char **stage);
/* A call was answered by ret, "again" -> 0, or ret when that has lasted too long without an I/O being done.
 */
UB_COLD int ub_loop_patience(struct ub_ctx *ctx, int ret);
/* Adds words of what the job issued to its hash, as long as that is of the first UB_HASHED_IOS. */
UB_COLD void ub_loop_hash(struct ub_ctx *ctx, const uint64_t *words, uint32_t n);
/* Waiting for completions failed: a pause -> whether to go on. */
UB_COLD int ub_loop_wait_again(struct ub_ctx *ctx);

UB_ALWAYS_INLINE int ub_complete(struct ub_ctx *ctx, uint32_t index, int32_t res, uint64_t now,
                                 const int has_slat, const char **stage)
{
    struct ub_slot *slot = &ctx->slots[index];
    struct ub_op_result *op = &ctx->result->ops[slot->op];
    if (UB_UNLIKELY(res != (int32_t)slot->len)) {
        int ret = ub_loop_odd(ctx, slot, res, stage);
        if (ret <= 0)
            return ret; /* an error, counted; not an I/O */
    }
    op->ios++;
    op->bytes += (uint32_t)res;
    uint64_t *counts = ub_histograms(ctx, slot->op);
    ub_latency_add(&op->lat[UB_LAT_TOTAL], counts, now - slot->start_ns);
    if (has_slat) {
        ub_latency_add(&op->lat[UB_LAT_SUBMIT], counts + UB_HIST_COUNTS, slot->submit_ns - slot->start_ns);
        ub_latency_add(&op->lat[UB_LAT_DONE], counts + (size_t)2 * UB_HIST_COUNTS, now - slot->submit_ns);
    }
    return 0;
}

/* Whether to stop queueing: the deadline, a bound, the stop flag. */
UB_ALWAYS_INLINE int ub_at_end(struct ub_ctx *ctx, uint64_t *now)
{
    int late = 0;
    if (UB_UNLIKELY(*now >= ctx->look_ns)) {
        late = ub_loop_look(ctx, *now);
        *now = ctx->looked_ns; /* the window's begin after a ramp: what is queued next starts within it */
    }
    return late || ctx->ios_left == 0 || ctx->bytes_left == 0 ||
           UB_UNLIKELY(__atomic_load_n(&ctx->arena->stop, __ATOMIC_RELAXED));
}

typedef void ub_next_fn(struct ub_ctx *ctx, struct ub_slot *slot, uint32_t index, uint64_t now);
typedef void ub_prep_fn(void *b, struct ub_ctx *ctx, uint32_t slot);
typedef int ub_submit_fn(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait);
typedef int ub_reap_fn(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max);

UB_ALWAYS_INLINE int ub_loop(struct ub_ctx *ctx, void *b, ub_next_fn next, ub_prep_fn prep,
                             ub_submit_fn submit, ub_reap_fn reap, const int has_slat, const char **stage)
{
    const uint32_t depth = ctx->depth, batch = ctx->job->batch_submit;
    const uint32_t min = ctx->job->batch_complete_min, max = ctx->job->batch_complete_max;
    uint32_t inflight = 0;
    int failed = 0;
    uint64_t now = ub_now(&ctx->clock);

    for (;;) {
        uint32_t n = 0;
        int ending = failed || ub_at_end(ctx, &now);
        uint32_t first = ctx->nfree;
        while (!ending && n < batch && inflight < depth) {
            uint32_t slot = ctx->free[--ctx->nfree];
            next(ctx, &ctx->slots[slot], slot, now);
            prep(b, ctx, slot);
            inflight++;
            n++;
            ending = ctx->ios_left == 0 || ctx->bytes_left == 0;
        }
        int full = inflight == depth || ending;
        if (UB_LIKELY(n > 0)) {
            int ret = submit(b, ctx, n, full ? (min < inflight ? min : inflight) : 0);
            if (UB_UNLIKELY(ret < 0)) {
                failed = ub_loop_fail(ctx, ret, "submit", UINT32_MAX, stage);
                inflight -= ctx->withdrawn; /* the rest is waited for */
                ctx->withdrawn = 0;
                continue;
            }
            if (has_slat) {
                now = ub_now(&ctx->clock);
                for (uint32_t i = 1; i <= n; i++)
                    ctx->slots[ctx->free[first - i]].submit_ns = now;
            }
        } else if (inflight == 0) {
            break;
        }
        if (!full) {
            if (!has_slat)
                now = ub_now(&ctx->clock);
            continue;
        }
        uint32_t want = ending ? 1 : (min < inflight ? min : inflight); /* 0: polls */
        int got = reap(b, ctx, want, ending ? depth : max);
        if (UB_UNLIKELY(got < 0)) {
            failed = ub_loop_fail(ctx, got, "wait for completions", UINT32_MAX, stage);
            inflight -= ctx->withdrawn;
            ctx->withdrawn = 0;
            if (inflight == 0 || ub_loop_wait_again(ctx))
                continue;
            ctx->result->lost = inflight;
            break;
        }
        now = ub_now(&ctx->clock);
        for (int i = 0; i < got; i++) {
            uint32_t slot = ctx->done[i].slot;
            int ret = ub_complete(ctx, slot, ctx->done[i].res, now, has_slat, stage);
            if (UB_UNLIKELY(ret < 0))
                failed = ret;
            ctx->free[ctx->nfree++] = slot;
            inflight--;
        }
        if (UB_UNLIKELY(ctx->hooks & UB_HOOK_THINKTIME) && got > 0) {
            ub_loop_think(ctx);
            now = ub_now(&ctx->clock);
        }
        ub_compiler_barrier(); /* the counters are in memory here: others watch them */
    }
    ctx->result->end_ns = now;
    return failed;
}

#endif
