/* Operations of a tree as plain system calls: what sync makes itself, and threadpool's workers in its place.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include "whole.h"

struct meta_io {
    struct ub_done done; /* complete when submit returns */
    uint32_t slot;
};

/* open and close are one operation. */
static int32_t open_close(int root, const char *name, int flags, uint64_t *calls)
{
    ub_meta_count(calls, UB_SYS_OPENAT);
    long fd = UB_SYSCALL(SYS_openat, root, name, flags | O_CLOEXEC, UB_CREATE_MODE, 0, 0);
    if (fd < 0)
        return (int32_t)fd;
    ub_meta_count(calls, UB_SYS_CLOSE);
    return (int32_t)UB_SYSCALL(SYS_close, fd, 0, 0, 0, 0, 0);
}

int32_t ub_meta_call(const struct ub_tree *tree, struct ub_meta_call *call, uint64_t *calls)
{
    uint64_t item = call->item;
    const char *name = ub_item_name(tree, item);
    int root = tree->root;
    switch (tree->op) {
    case UB_OP_CREATE:
        return open_close(root, name, UB_CREATE_FLAGS, calls);
    case UB_OP_OPEN:
        return open_close(root, name, O_RDONLY, calls);
    case UB_OP_WHOLEFILE:
        return ub_whole_call(tree, call, calls);
    case UB_OP_STAT:
        ub_meta_count(calls, UB_SYS_STATX);
        return (int32_t)UB_SYSCALL(SYS_statx, root, name, 0, UB_STATX_BASIC, &tree->stats[call->slot], 0);
    case UB_OP_RENAME:
        ub_meta_count(calls, UB_SYS_RENAMEAT2);
        return (int32_t)UB_SYSCALL(SYS_renameat2, root, ub_item_from(tree, item), root,
                                   ub_item_to(tree, item), 0, 0);
    case UB_OP_LINK:
        ub_meta_count(calls, UB_SYS_LINKAT);
        return (int32_t)UB_SYSCALL(SYS_linkat, root, name, root, ub_item_other(tree, item), 0, 0);
    case UB_OP_UNLINK:
    case UB_OP_RMDIR:
        ub_meta_count(calls, UB_SYS_UNLINKAT);
        return (int32_t)UB_SYSCALL(SYS_unlinkat, root, name, tree->op == UB_OP_RMDIR ? AT_REMOVEDIR : 0, 0, 0,
                                   0);
    case UB_OP_MKDIR:
        ub_meta_count(calls, UB_SYS_MKDIRAT);
        return (int32_t)UB_SYSCALL(SYS_mkdirat, root, name, UB_MKDIR_MODE, 0, 0, 0);
    case UB_OP_FALLOCATE:
        ub_meta_count(calls, UB_SYS_FALLOCATE);
        return (int32_t)UB_SYSCALL(SYS_fallocate, tree->fds[item], 0, 0, tree->job->item_bytes, 0, 0);
    default:
        ub_meta_count(calls, UB_SYS_FTRUNCATE);
        return (int32_t)UB_SYSCALL(SYS_ftruncate, tree->fds[item], ub_item_length(tree), 0, 0, 0, 0);
    }
}

UB_ALWAYS_INLINE void prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    (void)ctx;
    ((struct meta_io *)b)->slot = slot;
}

UB_ALWAYS_INLINE int submit(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    (void)n, (void)wait;
    struct meta_io *io = b;
    const struct ub_slot *slot = &ctx->slots[io->slot];
    struct ub_meta_call call = {.item = slot->meta.item, .buffer = ctx->buffers, .slot = io->slot};
    int32_t res;
    do
        res = ub_meta_call(ctx->tree, &call, ctx->result->syscalls);
    while (UB_UNLIKELY(res == -EINTR) && ub_loop_patience(ctx, res) == 0);
    ctx->result->ops[slot->op].short_ios += call.resumed;
    io->done = (struct ub_done){.slot = io->slot, .res = res};
    return 0;
}

UB_ALWAYS_INLINE int reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    (void)min, (void)max;
    ctx->done[0] = ((struct meta_io *)b)->done;
    return 1;
}

int ub_meta_run_sync(struct ub_ctx *ctx, const char **stage)
{
    struct meta_io io = {.slot = 0};
    return ub_loop(ctx, &io, ub_meta_next, prep, submit, reap, 0, stage);
}
