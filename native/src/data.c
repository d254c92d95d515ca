/* What goes along with reads and writes now and then: hashes of the first, stamps and syncs of writes. */
#include "call.h"
#include "data.h"

int32_t ub_call_other(int fd, uint32_t op, const struct ub_data_io *io, uint32_t len)
{
    if (op == UB_OP_SYNC)
        return (int32_t)(io->datasync ? UB_SYSCALL(SYS_fdatasync, fd, 0, 0, 0, 0, 0)
                                      : UB_SYSCALL(SYS_fsync, fd, 0, 0, 0, 0, 0));
    int ret = ub_trim(fd, io->offset, len);
    return ret < 0 ? ret : (int32_t)len;
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
    int zeros = (job->flags & UB_FLAG_ZERO_BUFFERS) != 0;
    if (zeros && job->op_mask & (1u << UB_OP_READ))
        memset(buffer, 0, slot->len); /* a read was here before */
    else if (!zeros && job->flags & UB_FLAG_REFILL)
        ub_buffer_fill(ctx, buffer, slot->len);
    if (!zeros)
        stamp(ctx, slot, buffer);
    ctx->writes_issued++;
    if (job->fsync && ctx->writes_issued % job->fsync == 0)
        ctx->pending_sync |= UB_SYNC_FILE;
    if (job->fdatasync && ctx->writes_issued % job->fdatasync == 0)
        ctx->pending_sync |= UB_SYNC_DATA;
}

void ub_data_hooks(struct ub_ctx *ctx, const struct ub_slot *slot, uint32_t index)
{
    if (ctx->hooks & UB_HOOK_HASH) {
        const uint64_t words[] = {slot->op, slot->data.file, slot->data.offset};
        ub_loop_hash(ctx, words, 3);
    }
    if (slot->op == UB_OP_WRITE)
        before_write(ctx, slot, index);
}
