/* The rare parts of the hot loop. */
#include "loop.h"

/* FNV-1a over 64-bit words: tells whether two jobs issued the same I/Os in the same order. */
static void hash_io(struct ub_ctx *ctx, const struct ub_slot *slot)
{
    const uint64_t words[3] = {slot->op, slot->file, slot->offset};
    for (int i = 0; i < 3; i++)
        ctx->result->offsets_hash = (ctx->result->offsets_hash ^ words[i]) * UINT64_C(0x100000001b3);
    if (++ctx->result->hashed_ios == UB_HASHED_IOS)
        ctx->hooks &= ~UB_HOOK_HASH;
}

/*
 * Each 4 KiB of a write begins with its own offset and a running number, so that no two blocks are alike (a
 * drive must not gain by deduplication) and what landed where can be checked.
 */
static void stamp(struct ub_ctx *ctx, const struct ub_slot *slot, unsigned char *buffer)
{
    for (uint32_t at = 0; at + 16 <= slot->len; at += 4096) {
        const uint64_t words[2] = {slot->offset + at, ctx->issued};
        memcpy(buffer + at, words, sizeof words);
    }
}

static void before_write(struct ub_ctx *ctx, const struct ub_slot *slot, uint32_t index)
{
    const struct ub_job *job = ctx->job;
    unsigned char *buffer = ub_buffer(ctx, index);
    if (job->flags & UB_FLAG_REFILL)
        ub_buffer_fill(ctx, buffer, slot->len);
    if (!(job->flags & UB_FLAG_ZERO_BUFFERS))
        stamp(ctx, slot, buffer);
    ctx->writes_issued++;
    if (job->fsync && ctx->writes_issued % job->fsync == 0)
        ctx->pending_sync |= UB_SYNC_FILE;
    if (job->fdatasync && ctx->writes_issued % job->fdatasync == 0)
        ctx->pending_sync |= UB_SYNC_DATA;
}

void ub_loop_hooks(struct ub_ctx *ctx, struct ub_slot *slot, uint32_t index)
{
    if (ctx->hooks & UB_HOOK_HASH)
        hash_io(ctx, slot);
    if (slot->op == UB_OP_WRITE)
        before_write(ctx, slot, index);
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
    if (result->nerrors == UB_MAX_ERRORS)
        return; /* still in errors_total */
    result->errors[result->nerrors++] = (struct ub_error){
        .op = slot->op, .error = error, .count = 1, .first_offset = slot->offset, .first_file = slot->file};
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
    static const char *const names[UB_OPS] = {"read", "write", "trim", "fsync"};
    uint32_t error = res < 0 ? (uint32_t)-res : ENODATA;
    uint32_t flag = slot->op == UB_OP_READ ? UB_FLAG_CONTINUE_READ : UB_FLAG_CONTINUE_WRITE;
    count_error(ctx, slot, error);
    if (ctx->job->flags & flag)
        return 0;
    if (error == EAGAIN && ctx->job->features & UB_FEATURE_NOWAIT)
        return 0; /* the answer that nowait asks for */
    *stage = names[slot->op];
    ctx->result->error_file = slot->file;
    return -(int)error;
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
