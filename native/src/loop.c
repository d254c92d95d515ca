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
        [UB_OP_CREATE] = {"create", UB_KIND_META, UB_FLAG_CONTINUE_WRITE},
        [UB_OP_STAT] = {"stat", UB_KIND_META, UB_FLAG_CONTINUE_READ},
        [UB_OP_OPEN] = {"open", UB_KIND_META, UB_FLAG_CONTINUE_READ},
        [UB_OP_RENAME] = {"rename", UB_KIND_META, UB_FLAG_CONTINUE_WRITE},
        [UB_OP_LINK] = {"link", UB_KIND_META, UB_FLAG_CONTINUE_WRITE},
        [UB_OP_UNLINK] = {"unlink", UB_KIND_META, UB_FLAG_CONTINUE_WRITE},
        [UB_OP_MKDIR] = {"mkdir", UB_KIND_META, UB_FLAG_CONTINUE_WRITE},
        [UB_OP_RMDIR] = {"rmdir", UB_KIND_META, UB_FLAG_CONTINUE_WRITE},
        [UB_OP_FALLOCATE] = {"fallocate", UB_KIND_META, UB_FLAG_CONTINUE_WRITE},
        [UB_OP_FTRUNCATE] = {"ftruncate", UB_KIND_META, UB_FLAG_CONTINUE_WRITE},
        [UB_OP_WHOLEFILE] = {"wholefile", UB_KIND_META, UB_FLAG_CONTINUE_READ},
    };
    return &all[op];
}

static void count_error(struct ub_ctx *ctx, const struct ub_slot *slot, uint32_t error)
{
    struct ub_result *result = ctx->result;
    int meta = ub_operation(slot->op)->kind == UB_KIND_META;
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
    result->errors[result->nerrors++] =
        (struct ub_error){.op = slot->op,
                          .error = error,
                          .count = 1,
                          .first_offset = meta ? slot->meta.item : slot->data.offset,
                          .first_file = meta ? 0 : slot->data.file};
}

/*
 * A completion that is not the whole I/O -> 1 when it still counts as one (short), 0 when it was an error
 * that is only counted (continue_on_error), -errno when it ends the job. Nothing read at all is an error: the
 * file ended (ENODATA).
 */
int ub_loop_odd(struct ub_ctx *ctx, const struct ub_slot *slot, int32_t res, const char **stage)
{
    if (res == UB_NOT_BEGUN)
        return 0;
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
    uint32_t file = operation->kind == UB_KIND_META ? 0 : slot->data.file;
    int mismatch = error == EILSEQ && ctx->job->flags & UB_FLAG_CHECKSUM;
    return ub_loop_fail(ctx, -(int)error, mismatch ? "checksum" : operation->name, file, stage);
}

int ub_loop_fail(struct ub_ctx *ctx, int error, const char *what, uint32_t file, const char **stage)
{
    if (ctx->failed == 0) {
        ctx->failed = error;
        ctx->result->error_ns = ub_now(&ctx->clock);
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

/* FNV-1a over 64-bit words: tells whether two jobs issued the same operations in the same order. */
void ub_loop_hash(struct ub_ctx *ctx, const uint64_t *words, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        ctx->result->offsets_hash = (ctx->result->offsets_hash ^ words[i]) * UINT64_C(0x100000001b3);
    if (++ctx->result->hashed_ios == UB_HASHED_IOS)
        ctx->hooks &= ~UB_HOOK_HASH;
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

/* Not later than what the loop must notice: the ramp's end, the deadline. */
static uint64_t next_look(const struct ub_ctx *ctx, uint64_t now)
{
    uint64_t next = now + UB_LOOK_NS;
    if (ctx->ramp_end_ns && ctx->ramp_end_ns < next)
        next = ctx->ramp_end_ns;
    return ctx->deadline_ns < next ? ctx->deadline_ns : next;
}

void ub_loop_look_from(struct ub_ctx *ctx, uint64_t now)
{
    ctx->looked_done = done(ctx->result);
    ctx->looked_ns = ctx->quiet_ns = now;
    ctx->look_ns = next_look(ctx, now);
}

void ub_loop_paused(struct ub_ctx *ctx, uint64_t ns)
{
    ctx->looked_ns += ns;
    ctx->quiet_ns += ns;
    if (ctx->look_ns)
        ctx->look_ns = next_look(ctx, ctx->looked_ns);
}

/*
 * A look is due every UB_LOOK_NS: where it comes later, one turn of the loop has lasted since it was due, and
 * what that turn waited for came at its end. Earlier looks at which nothing had been done add to it, back to
 * the last that saw something: the loop then turns without completions (batch_complete_min is 0). So what is
 * counted has certainly passed.
 */
static void note_stall(struct ub_ctx *ctx, uint64_t now)
{
    uint64_t all = done(ctx->result), due = ctx->look_ns > ctx->looked_ns ? ctx->look_ns : ctx->looked_ns;
    if (all != ctx->looked_done) {
        uint64_t quiet = ctx->looked_ns - ctx->quiet_ns + (now - due);
        if (quiet >= UB_STALL_NS)
            ctx->result->stalled_ns += quiet;
        ctx->quiet_ns = now;
        ctx->looked_done = all;
    }
    ctx->looked_ns = now;
}

int ub_loop_look(struct ub_ctx *ctx, uint64_t now)
{
    if (ctx->ramp_end_ns && now >= ctx->ramp_end_ns)
        ub_measure_ramp_over(ctx);
    else
        note_stall(ctx, now);
    int late = now >= ctx->deadline_ns;
    ctx->look_ns = late ? 0 : next_look(ctx, now);
    return late;
}

static void think(struct ub_ctx *ctx, uint64_t from)
{
    uint64_t until = from + ctx->job->thinktime_ns;
    for (;;) {
        uint64_t now = ub_now(&ctx->clock);
        if (now >= until || now >= ctx->deadline_ns || __atomic_load_n(&ctx->arena->stop, __ATOMIC_RELAXED))
            return;
        uint64_t left = until - now < UB_WAIT_NS ? until - now : UB_WAIT_NS;
        struct timespec ts = {.tv_sec = 0, .tv_nsec = (long)left};
        nanosleep(&ts, NULL);
    }
}

void ub_loop_think(struct ub_ctx *ctx)
{
    uint64_t from = ub_now(&ctx->clock);
    think(ctx, from);
    ub_loop_paused(ctx, ub_now(&ctx->clock) - from);
}
