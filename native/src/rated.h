// clang-format off
/*
 * The open loop (--rate, --rate-iops): I/Os are sent when they are due, whatever is outstanding up to iodepth.
 * One that finds no free slot, or a loop that is busy, goes as soon as it can, late. Its latency counts from
 * when it was due (the response) and, beside that, from when it was sent (UB_LAT_TOTAL: the service).
 *
 * A loop of its own beside ub_loop, which knows nothing of it, inlined with the same steps but for the last:
 *
 *   reap(b, ctx, min, max, ns)  as ub_loop's, fewer than min when ns have passed; 0: what is there, without
 *                               waiting, and without a call where submit has seen to it
 *
 * submit is never asked to wait. A sync, which has no place in the schedule, is due with the I/O after it.
 */
// clang-format on
#ifndef UB_RATED_H
#define UB_RATED_H

#include "loop.h"

typedef int ub_timed_reap_fn(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max, uint64_t ns);

/* rate.c: nothing is in flight and nothing due: until that or a look is -> the time then, or earlier. */
uint64_t ub_rated_sleep(struct ub_ctx *ctx, uint64_t now);
/* After the last pass: what was due and has not been sent. */
UB_COLD void ub_rated_end(struct ub_ctx *ctx);

/* How long to wait for completions: no longer than until the next I/O is due and there is room for it. */
UB_ALWAYS_INLINE uint64_t ub_rated_wait(const struct ub_rate *rate, uint64_t now, int full)
{
    if (full)
        return UB_WAIT_NS;
    uint64_t left = rate->next_ns > now ? rate->next_ns - now : 0;
    return left < UB_WAIT_NS ? left : UB_WAIT_NS;
}

/* As ub_complete; an I/O that counts has a response, too. */
UB_ALWAYS_INLINE int ub_rated_complete(struct ub_ctx *ctx, uint32_t index, int32_t res, uint64_t now,
                                       const int has_slat, const char **stage)
{
    uint32_t op = ctx->slots[index].op;
    uint64_t before = ctx->result->ops[op].ios;
    int ret = ub_complete(ctx, index, res, now, has_slat, stage);
    if (UB_LIKELY(ctx->result->ops[op].ios != before))
        ub_latency_add(&ctx->result->response[op], ub_responses(ctx, op), now - ctx->rate.due_ns[index]);
    return ret;
}

UB_ALWAYS_INLINE int ub_rated_loop(struct ub_ctx *ctx, void *b, ub_next_fn next, ub_prep_fn prep,
                                   ub_submit_fn submit, ub_timed_reap_fn reap, const int has_slat,
                                   const char **stage)
{
    const uint32_t depth = ctx->depth, batch = ctx->job->batch_submit;
    const uint32_t min = ctx->job->batch_complete_min, max = ctx->job->batch_complete_max;
    struct ub_rate *rate = &ctx->rate;
    uint32_t inflight = 0;
    int failed = 0;
    uint64_t now = ub_now(&ctx->clock);

    for (;;) {
        uint32_t n = 0;
        int ending = failed || ub_at_end(ctx, &now);
        if (UB_UNLIKELY(ending) && !rate->ended_ns)
            rate->ended_ns = now;
        uint32_t first = ctx->nfree;
        while (!ending && n < batch && inflight < depth && rate->next_ns <= now) {
            uint32_t slot = ctx->free[--ctx->nfree];
            next(ctx, &ctx->slots[slot], slot, now);
            prep(b, ctx, slot);
            rate->due_ns[slot] = rate->next_ns;
            if (UB_LIKELY(ctx->slots[slot].op != UB_OP_SYNC))
                ub_rate_next(rate);
            inflight++;
            n++;
            ending = ctx->ios_left == 0 || ctx->bytes_left == 0;
        }
        if (n > 0) {
            int ret = submit(b, ctx, n, 0);
            if (UB_UNLIKELY(ret < 0)) {
                failed = ub_loop_fail(ctx, ret, "submit", UINT32_MAX, stage);
                inflight -= ctx->withdrawn; /* the rest is waited for */
                ctx->withdrawn = 0;
                continue;
            }
            now = ub_now(&ctx->clock);
            for (uint32_t i = 1; has_slat && i <= n; i++)
                ctx->slots[ctx->free[first - i]].submit_ns = now;
        } else if (inflight == 0) {
            if (ending)
                break;
            now = ub_rated_sleep(ctx, now);
            continue;
        }
        uint64_t ns = ub_rated_wait(rate, now, ending || inflight == depth);
        uint32_t want = ns == 0 ? 0 : ending ? 1 : min < inflight ? min : inflight; /* min is 0: polls */
        int got = reap(b, ctx, want, ending ? depth : max, ns);
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
            int ret = ub_rated_complete(ctx, slot, ctx->done[i].res, now, has_slat, stage);
            if (UB_UNLIKELY(ret < 0))
                failed = ret;
            ctx->free[ctx->nfree++] = slot;
            inflight--;
        }
        ub_compiler_barrier(); /* the counters are in memory here: others watch them */
    }
    ctx->result->end_ns = now;
    return failed;
}

#endif
