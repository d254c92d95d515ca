/*
 * io_uring's operations on names and lengths. open and create are two requests, the second of which closes:
 * sent when the first has completed, or linked behind it where the descriptor is known beforehand (a
 * registered slot).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include "uring_enter.h"
#include "whole.h"

static int opens(uint32_t op)
{
    return op == UB_OP_OPEN || op == UB_OP_CREATE;
}

/* The request that begins each operation. */
static const struct {
    const char *name;
    uint8_t opcode;
} requests[UB_OPS] = {
    [UB_OP_CREATE] = {"IORING_OP_OPENAT", IORING_OP_OPENAT},
    [UB_OP_STAT] = {"IORING_OP_STATX", IORING_OP_STATX},
    [UB_OP_OPEN] = {"IORING_OP_OPENAT", IORING_OP_OPENAT},
    [UB_OP_RENAME] = {"IORING_OP_RENAMEAT", IORING_OP_RENAMEAT},
    [UB_OP_LINK] = {"IORING_OP_LINKAT", IORING_OP_LINKAT},
    [UB_OP_UNLINK] = {"IORING_OP_UNLINKAT", IORING_OP_UNLINKAT},
    [UB_OP_MKDIR] = {"IORING_OP_MKDIRAT", IORING_OP_MKDIRAT},
    [UB_OP_RMDIR] = {"IORING_OP_UNLINKAT", IORING_OP_UNLINKAT},
    [UB_OP_FALLOCATE] = {"IORING_OP_FALLOCATE", IORING_OP_FALLOCATE},
    [UB_OP_FTRUNCATE] = {"IORING_OP_FTRUNCATE", UB_URING_OP_FTRUNCATE},
    [UB_OP_WHOLEFILE] = {"IORING_OP_OPENAT", IORING_OP_OPENAT},
};

uint8_t ub_uring_meta_opcode(uint32_t op)
{
    return requests[op].opcode;
}

const char *ub_uring_meta_name(uint32_t op)
{
    return requests[op].name;
}

static uint64_t address(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

/* A slot of the table of registered files is numbered from 1 in an sqe; 0 is an ordinary descriptor. */
static uint32_t file_index(const struct uring *u, uint32_t slot)
{
    return u->direct_files ? slot + 1 : 0;
}

static void prep_open(const struct uring *u, const struct ub_tree *tree, struct io_uring_sqe *sqe,
                      const char *name, uint32_t slot)
{
    uint32_t flags = tree->op == UB_OP_CREATE ? UB_CREATE_FLAGS : O_RDONLY;
    sqe->addr = address(name);
    sqe->len = UB_CREATE_MODE;
    sqe->open_flags = flags | (u->direct_files ? 0 : O_CLOEXEC); /* a registered file cannot be inherited */
    sqe->file_index = file_index(u, slot);
    if (u->linked)
        sqe->flags |= IOSQE_IO_LINK;
}

static void prep_close(struct uring *u, struct ub_ctx *ctx, uint32_t slot, int fd)
{
    struct io_uring_sqe *sqe = ub_uring_take(u, ctx, slot, ctx->depth + slot);
    sqe->user_data |= UB_URING_SECOND;
    sqe->opcode = IORING_OP_CLOSE;
    sqe->fd = u->direct_files ? 0 : fd;
    sqe->file_index = file_index(u, slot);
}

static void prep_names(const struct ub_tree *tree, struct io_uring_sqe *sqe, const char *from, const char *to)
{
    sqe->addr = address(from);
    sqe->off = address(to); /* addr2 */
    sqe->len = (uint32_t)tree->root;
}

static void prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    struct uring *u = b;
    const struct ub_tree *tree = ctx->tree;
    uint64_t item = ctx->slots[slot].meta.item;
    struct io_uring_sqe *sqe = ub_uring_take(u, ctx, slot, slot);
    sqe->opcode = requests[tree->op].opcode;
    sqe->fd = tree->fds ? tree->fds[item] : tree->root;
    switch (tree->op) {
    case UB_OP_CREATE:
    case UB_OP_OPEN:
        prep_open(u, tree, sqe, ub_item_name(tree, item), slot);
        if (u->linked)
            prep_close(u, ctx, slot, 0);
        break;
    case UB_OP_STAT:
        sqe->addr = address(ub_item_name(tree, item));
        sqe->len = UB_STATX_BASIC;
        sqe->off = address(&tree->stats[slot]);
        break;
    case UB_OP_RENAME:
        prep_names(tree, sqe, ub_item_from(tree, item), ub_item_to(tree, item));
        break;
    case UB_OP_LINK:
        prep_names(tree, sqe, ub_item_name(tree, item), ub_item_other(tree, item));
        break;
    case UB_OP_UNLINK:
    case UB_OP_RMDIR:
        sqe->addr = address(ub_item_name(tree, item));
        sqe->unlink_flags = tree->op == UB_OP_RMDIR ? AT_REMOVEDIR : 0;
        break;
    case UB_OP_MKDIR:
        sqe->addr = address(ub_item_name(tree, item));
        sqe->len = UB_MKDIR_MODE;
        break;
    case UB_OP_FALLOCATE:
        sqe->addr = ctx->job->item_bytes; /* from off 0, mode 0 */
        break;
    default:
        sqe->off = ub_item_length(tree);
        break;
    }
}

/* One completion -> whether the operation is over, with *res its outcome. */
static int is_over(struct uring *u, struct ub_ctx *ctx, uint64_t user_data, int32_t *res)
{
    uint32_t slot = (uint32_t)user_data;
    if (!opens(ctx->tree->op))
        return 1;
    if (user_data & UB_URING_SECOND) {
        if (*res == -ECANCELED && u->first_res[slot] < 0)
            *res = u->first_res[slot];
        return 1;
    }
    u->first_res[slot] = *res;
    if (u->linked)
        return 0; /* when it has failed the kernel cancels the second */
    if (*res < 0)
        return 1;
    prep_close(u, ctx, slot, *res);
    ub_ring_publish(&u->ring);
    return 0;
}

UB_ALWAYS_INLINE int reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    struct uring *u = b;
    int ready = ub_uring_wait(u, ctx, min);
    if (UB_UNLIKELY(ready < 0))
        return ready;
    uint32_t head = *u->ring.cq_khead, got = 0, taken = 0;
    while (taken < (uint32_t)ready && got < max) {
        const struct io_uring_cqe *cqe = ub_ring_cqe(&u->ring, head + taken++);
        int32_t res = cqe->res;
        if (is_over(u, ctx, cqe->user_data, &res))
            ctx->done[got++] = (struct ub_done){.slot = (uint32_t)cqe->user_data, .res = res};
    }
    __atomic_store_n(u->ring.cq_khead, head + taken, __ATOMIC_RELEASE);
    return (int)got;
}

static int reap_min_wait(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    return reap(b, ctx, ub_uring_least(b, min), max);
}

int ub_meta_run_uring(struct ub_ctx *ctx, const char **stage)
{
    const struct uring *u = ctx->private;
    if (ctx->tree->op == UB_OP_WHOLEFILE)
        return ub_whole_run_uring(ctx, stage);
    if (u->min_wait)
        return ub_loop(ctx, ctx->private, ub_meta_next, prep, ub_uring_submit, reap_min_wait, 0, stage);
    return ub_loop(ctx, ctx->private, ub_meta_next, prep, ub_uring_submit, reap, 0, stage);
}
