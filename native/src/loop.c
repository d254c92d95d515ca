/* The rare parts of the hot loop. */
#include <assert.h>
#include "loop.h"

const struct ub_operation *ub_operation(uint32_t op)
{
    static const struct ub_operation all[UB_OPS] = {
        [UB_OP_READ] = {"read", UB_KIND_DATA, UB_FLAG_CONTINUE_READ},
        [UB_OP_WRITE] = {"write", UB_KIND_DATA, UB_FLAG_CONTINUE_WRITE},
        [UB_OP_TRIM] = {"trim", UB_KIND_DATA, UB_FLAG_CONTINUE_WRITE},
        [UB_OP_SYNC] = {"fsync", UB_KIND_DATA, UB_FLAG_CONTINUE_WRITE},
    };
    return &all[op];
}

static void count_error(struct ub_ctx *ctx, const struct ub_slot *slot, uint32_t error)
{
    struct ub_result *result = ctx->result;
    result->errors_total++;
    for (uint32_t i = 0; i < result->nerrors; i++) {
        struct ub_error *e = &result->errors[i];
        if (e->op == slot->op && e->error == error) {
            e->count++;
            return;
        }
    }
    assert(result->nerrors <= UB_MAX_ERRORS);
    if (result->nerrors == UB_MAX_ERRORS)
        return; /* still in errors_total */
    result->errors[result->nerrors++] = (struct ub_error){.op = slot->op,
                                                          .error = error,
                                                          .count = 1,
                                                          .first_offset = slot->data.offset,
                                                          .first_file = slot->data.file};
}

/*
 * A completion that is not the whole I/O -> 1 when it still counts as one (short), 0 when it was an error
 * that is only counted (continue_on_error), -errno when it ends the job. Nothing read at all is an error: the
 * file ended (ENODATA).
 */
int ub_loop_odd(struct ub_ctx *ctx, const struct ub_slot *slot, int32_t res, const char **stage)
{
    if (res > 0) {
        ctx->result->ops[slot->op].short_ios++;
        return 1;
    }
    const struct ub_operation *operation = ub_operation(slot->op);
    uint32_t error = res < 0 ? (uint32_t)-res : ENODATA;
    count_error(ctx, slot, error);
    if (ctx->job->flags & operation->continue_flag)
        return 0;
    if (error == EAGAIN && ctx->job->features & UB_FEATURE_NOWAIT)
        return 0; /* the answer that nowait asks for */
    return ub_loop_fail(ctx, -(int)error, operation->name, slot->data.file, stage);
}

int ub_loop_fail(struct ub_ctx *ctx, int error, const char *what, uint32_t file, const char **stage)
{
    if (ctx->failed == 0) {
        ctx->failed = error;
        ctx->result->error_file = file;
        *stage = what;
    }
    return ctx->failed;
}

static uint64_t done(const struct ub_result *result)
{
    uint64_t sum = result->errors_total;
    for (uint32_t op = 0; op < UB_OPS; op++)
        sum += result->ops[op].ios;
    return sum;
}

int ub_loop_patience(struct ub_ctx *ctx, int ret)
{
    uint64_t now = ub_now(&ctx->clock), all = done(ctx->result);
    if (ctx->stuck_tries == 0 || all != ctx->stuck_done) {
        ctx->stuck_tries = 0;
        ctx->stuck_ns = now;
        ctx->stuck_done = all;
    }
    ctx->stuck_tries++;
    return ctx->stuck_tries > UB_PATIENCE_TRIES && now - ctx->stuck_ns > UB_PATIENCE_NS ? ret : 0;
}

int ub_loop_wait_again(struct ub_ctx *ctx)
{
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = 10000000};
    uint64_t now = ub_now(&ctx->clock);
    if (ctx->lost_ns == 0)
        ctx->lost_ns = now;
    nanosleep(&pause, NULL);
    return now - ctx->lost_ns < UB_LOST_NS;
}

void ub_loop_think(struct ub_ctx *ctx)
{
    uint64_t until = ub_now(&ctx->clock) + ctx->job->thinktime_ns;
    for (;;) {
        uint64_t now = ub_now(&ctx->clock);
        if (now >= until || now >= ctx->deadline_ns || __atomic_load_n(&ctx->arena->stop, __ATOMIC_RELAXED))
            return;
        uint64_t left = until - now < UB_WAIT_NS ? until - now : UB_WAIT_NS;
        struct timespec ts = {.tv_sec = 0, .tv_nsec = (long)left};
        nanosleep(&ts, NULL);
    }
}
