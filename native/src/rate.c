/* The schedule of an open loop, and how it sleeps until the next I/O is due. */
#include <assert.h>
#include "pool.h"
#include "rated.h"

/* Sleeps end late by what it takes to wake a thread. More than this is somebody else's doing. */
#define LEAD_MAX_NS UINT64_C(100000)
/* The weight of one sleep in what is expected of the next. */
#define LEAD_SHARE 8

/* Its own stream of random numbers, beside those of offsets and operations. */
#define ARRIVALS UINT64_C(0x6172726976616c73)

void ub_rate_begin(struct ub_rate *rate, const struct ub_job *job, uint64_t now)
{
    assert(ub_is_rated(job));
    rate->interval_ns = 1e9 / job->rate_iops;
    rate->poisson = job->rate_process == UB_RATE_POISSON;
    rate->rng = job->seed ^ ARRIVALS;
    rate->due = 0.0;
    rate->origin_ns = rate->next_ns = now;
    rate->ended_ns = rate->lead_ns = 0;
    if (rate->poisson)
        ub_rate_next(rate);
}

void ub_rate_shift(struct ub_rate *rate, uint64_t ns)
{
    rate->origin_ns += ns;
    rate->next_ns += ns;
    rate->ended_ns = 0; /* it goes on */
}

/*
 * Nearly all equal steps before until at once: a rate that nothing holds leaves billions due, one by one
 * seconds of CPU. Those next to until stay, as rounding could take one too many.
 */
static uint64_t skip(struct ub_rate *rate, uint64_t until, uint64_t most)
{
    if (rate->poisson || rate->next_ns >= until)
        return 0;
    double steps = (double)(until - rate->next_ns) / rate->interval_ns - 2.0;
    if (!(steps > 0.0))
        return 0;
    uint64_t n = steps < (double)most ? (uint64_t)steps : most;
    rate->due += (double)n * rate->interval_ns;
    rate->next_ns = rate->origin_ns + (uint64_t)rate->due;
    return n;
}

uint64_t ub_rate_due(struct ub_rate *rate, uint64_t until, uint64_t most)
{
    uint64_t n = skip(rate, until, most);
    for (; n < most && rate->next_ns < until; n++)
        ub_rate_next(rate);
    return n;
}

/* Waking takes as long as it did: what was late this time is expected, in part, of the next. */
static void learn(struct ub_rate *rate, uint64_t late)
{
    int64_t seen = (int64_t)(late < LEAD_MAX_NS ? late : LEAD_MAX_NS), lead = (int64_t)rate->lead_ns;
    rate->lead_ns = (uint64_t)(lead + (seen - lead) / LEAD_SHARE);
}

static uint64_t sleep_until(struct ub_ctx *ctx, uint64_t now, uint64_t until)
{
    struct timespec ts = {.tv_sec = 0, .tv_nsec = (long)(until - now)}; /* UB_WAIT_NS at the most */
    int interrupted = nanosleep(&ts, NULL) < 0;
    now = ub_now(&ctx->clock);
    if (!interrupted && now >= until)
        learn(&ctx->rate, now - until);
    return now;
}

/*
 * Wakes as much before the time as the last sleeps were late, and looks at the clock for the rest: a timer
 * alone ends 3 to 60 us late, which would be in every response. Who polls for completions polls here, too.
 */
uint64_t ub_rated_sleep(struct ub_ctx *ctx, uint64_t now)
{
    const uint64_t from = now, lead = ctx->rate.lead_ns;
    uint64_t until = ctx->rate.next_ns;
    if (ctx->look_ns && ctx->look_ns < until)
        until = ctx->look_ns;
    if (until > now + UB_WAIT_NS)
        until = now + UB_WAIT_NS;
    if (ctx->job->batch_complete_min > 0 && until > now + lead)
        now = sleep_until(ctx, now, until - lead);
    /* Else it was interrupted: the loop comes back when it has looked around. */
    if (ctx->job->batch_complete_min == 0 || until <= now + lead) {
        while (now < until && !__atomic_load_n(&ctx->arena->stop, __ATOMIC_RELAXED)) {
            ub_relax();
            now = ub_now(&ctx->clock);
        }
    }
    ub_loop_paused(ctx, now - from);
    return now;
}

/* How many I/Os the job's bounds would still let it send. */
static uint64_t allowed(const struct ub_ctx *ctx)
{
    const struct ub_job *job = ctx->job;
    uint64_t bytes = ctx->bytes_left, bs = job->bs[__builtin_ctz(job->op_mask)];
    if (__builtin_add_overflow(bytes, ctx->later_bytes, &bytes))
        bytes = UINT64_MAX;
    uint64_t ios = bytes / bs + (bytes % bs != 0);
    return ios < ctx->ios_left ? ios : ctx->ios_left;
}

void ub_rated_end(struct ub_ctx *ctx)
{
    uint64_t until = ctx->rate.ended_ns < ctx->deadline_ns ? ctx->rate.ended_ns : ctx->deadline_ns;
    if (!ctx->failed && !ctx->result->lost)
        ctx->result->unsent = ub_rate_due(&ctx->rate, until, allowed(ctx));
}
