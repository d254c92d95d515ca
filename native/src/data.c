/* What goes along with reads and writes now and then: hashes of the first, stamps and syncs of writes. */
#include "data.h"

/* FNV-1a over 64-bit words: tells whether two jobs issued the same I/Os in the same order. */
static void hash_io(struct ub_ctx *ctx, const struct ub_slot *slot)
{
    const uint64_t words[3] = {slot->op, slot->data.file, slot->data.offset};
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
        const uint64_t words[2] = {slot->data.offset + at, ctx->issued};
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

void ub_data_hooks(struct ub_ctx *ctx, const struct ub_slot *slot, uint32_t index)
{
    if (ctx->hooks & UB_HOOK_HASH)
        hash_io(ctx, slot);
    if (slot->op == UB_OP_WRITE)
        before_write(ctx, slot, index);
}
