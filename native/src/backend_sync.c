/*
 * sync: the thread sleeps in pread or pwrite until the data is there. preadv2/pwritev2 with +vectored, or
 * where a feature needs a flag.
 */
#define _GNU_SOURCE
#include <sys/uio.h>
#include <unistd.h>
#include "kernel.h"
#include "data.h"

struct sync_io {
    struct ub_done done; /* the one I/O, complete when submit returns */
    uint32_t slot;
    uint32_t rw_flags; /* RWF_* */
};

static int32_t sync_file(struct ub_ctx *ctx, const struct ub_slot *slot)
{
    ctx->result->syscalls[slot->data.datasync ? UB_SYS_FDATASYNC : UB_SYS_FSYNC]++;
    int fd = ctx->fds[slot->data.file];
    return (int32_t)(slot->data.datasync ? UB_SYSCALL(SYS_fdatasync, fd, 0, 0, 0, 0, 0)
                                         : UB_SYSCALL(SYS_fsync, fd, 0, 0, 0, 0, 0));
}

UB_COLD static int32_t other(struct ub_ctx *ctx, const struct ub_slot *slot)
{
    if (slot->op == UB_OP_SYNC)
        return sync_file(ctx, slot);
    ctx->result->syscalls[UB_SYS_IOCTL]++;
    int ret = ub_trim(ctx->fds[slot->data.file], slot->data.offset, slot->len);
    return ret < 0 ? ret : (int32_t)slot->len;
}

UB_ALWAYS_INLINE void prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    (void)ctx;
    ((struct sync_io *)b)->slot = slot;
}

UB_ALWAYS_INLINE int32_t plain(struct ub_ctx *ctx, const struct ub_slot *slot, unsigned char *buffer)
{
    int read = slot->op == UB_OP_READ;
    ctx->result->syscalls[read ? UB_SYS_PREAD : UB_SYS_PWRITE]++;
    return (int32_t)UB_SYSCALL(read ? SYS_pread64 : SYS_pwrite64, ctx->fds[slot->data.file], buffer,
                               slot->len, slot->data.offset, 0, 0);
}

/* The sixth argument carries RWF_ flags; on 64-bit machines the offset is the fourth argument alone. */
UB_ALWAYS_INLINE int32_t vectored(struct ub_ctx *ctx, const struct ub_slot *slot, unsigned char *buffer,
                                  uint32_t rw_flags)
{
    int read = slot->op == UB_OP_READ;
    struct iovec iov = {.iov_base = buffer, .iov_len = slot->len};
    ctx->result->syscalls[read ? UB_SYS_PREADV2 : UB_SYS_PWRITEV2]++;
    return (int32_t)UB_SYSCALL(read ? SYS_preadv2 : SYS_pwritev2, ctx->fds[slot->data.file], &iov, 1,
                               slot->data.offset, 0, rw_flags);
}

UB_ALWAYS_INLINE int submit_with(void *b, struct ub_ctx *ctx, const int with_vector)
{
    struct sync_io *io = b;
    const struct ub_slot *slot = &ctx->slots[io->slot];
    int32_t res;
    do {
        if (UB_UNLIKELY(slot->op > UB_OP_WRITE))
            res = other(ctx, slot);
        else if (with_vector)
            res = vectored(ctx, slot, ctx->buffers, io->rw_flags);
        else
            res = plain(ctx, slot, ctx->buffers);
    } while (UB_UNLIKELY(res == -EINTR) && ub_loop_patience(ctx, res) == 0);
    io->done = (struct ub_done){.slot = io->slot, .res = res};
    return 0;
}

UB_ALWAYS_INLINE int submit_plain(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    (void)n, (void)wait;
    return submit_with(b, ctx, 0);
}

UB_ALWAYS_INLINE int submit_vectored(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    (void)n, (void)wait;
    return submit_with(b, ctx, 1);
}

UB_ALWAYS_INLINE int reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    (void)min, (void)max;
    ctx->done[0] = ((struct sync_io *)b)->done;
    return 1;
}

static int sync_probe(uint64_t features, const struct ub_setup *setup, const char **stage)
{
    (void)setup;
    *stage = "preadv2";
    if (features)
        return UB_SYSCALL(SYS_preadv2, -1, NULL, 0, 0, 0, 0) == -ENOSYS ? -ENOSYS : 0;
    return 0;
}

static int sync_open(struct ub_ctx *ctx, const char **stage)
{
    return sync_probe(ctx->job->features, NULL, stage);
}

static int sync_run(struct ub_ctx *ctx, const char **stage)
{
    uint64_t features = ctx->job->features;
    struct sync_io io = {.rw_flags = (features & UB_FEATURE_HIPRI ? UB_RWF_HIPRI : 0) |
                                     (features & UB_FEATURE_NOWAIT ? UB_RWF_NOWAIT : 0) |
                                     (features & UB_FEATURE_UNCACHED ? UB_RWF_DONTCACHE : 0) |
                                     (features & UB_FEATURE_ATOMIC ? UB_RWF_ATOMIC : 0)};
    if (features)
        return ub_loop(ctx, &io, ub_data_next, prep, submit_vectored, reap, 0, stage);
    return ub_loop(ctx, &io, ub_data_next, prep, submit_plain, reap, 0, stage);
}

static void sync_close(struct ub_ctx *ctx)
{
    (void)ctx;
}

const struct ub_ops ub_ops_sync = {
    .name = "sync",
    .async = 0,
    .syscalls_exact = 1,
    .features = {{"vectored", UB_FEATURE_VECTORED},
                 {"hipri", UB_FEATURE_HIPRI},
                 {"nowait", UB_FEATURE_NOWAIT},
                 {"uncached", UB_FEATURE_UNCACHED},
                 {"atomic", UB_FEATURE_ATOMIC}},
    .op_mask = (1u << UB_OP_READ) | (1u << UB_OP_WRITE) | (1u << UB_OP_TRIM) | (1u << UB_OP_SYNC),
    .probe = sync_probe,
    .open = sync_open,
    .run = sync_run,
    .close = sync_close,
};
