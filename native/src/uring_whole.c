/*
 * io_uring's whole files: three requests. One is sent when the one before it has completed; or all of them as
 * a linked chain, where the descriptor is known beforehand (a registered slot). A chain ends at a read that
 * is short: then the rest is read, and the file closed, one after another.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include "uring_enter.h"
#include "whole.h"

/* A request's part of the operation, in the upper half of its user_data. */
enum step { OPEN, READ, CLOSE, STEPS };
_Static_assert(STEPS == UB_WHOLE_REQUESTS, "uring_setup.c makes room for so many");

/* What has become of a slot's file so far. */
struct ub_whole_io {
    uint32_t at;    /* bytes that were read */
    int32_t fd;     /* where it is open, unless in the registered slot */
    int32_t error;  /* the first; 0 */
    uint8_t flying; /* requests */
    uint8_t is_open, chained, ended, was_short;
};

struct ub_whole_io *ub_whole_ios(uint32_t depth)
{
    return calloc(depth, sizeof(struct ub_whole_io));
}

static struct io_uring_sqe *take(struct uring *u, struct ub_ctx *ctx, uint32_t slot, enum step step)
{
    struct io_uring_sqe *sqe = ub_uring_take(u, ctx, slot, step * ctx->depth + slot);
    sqe->user_data |= (uint64_t)step << 32;
    u->whole[slot].flying++;
    return sqe;
}

/* A slot of the table of registered files is numbered from 1 in an sqe; 0 is an ordinary descriptor. */
static uint32_t file_index(const struct uring *u, uint32_t slot)
{
    return u->direct_files ? slot + 1 : 0;
}

static void put_open(struct uring *u, struct ub_ctx *ctx, uint32_t slot, uint8_t flags)
{
    const struct ub_tree *tree = ctx->tree;
    struct io_uring_sqe *sqe = take(u, ctx, slot, OPEN);
    sqe->opcode = IORING_OP_OPENAT;
    sqe->flags |= flags;
    sqe->fd = tree->root;
    sqe->addr = (uint64_t)(uintptr_t)ub_item_name(tree, ctx->slots[slot].meta.item);
    sqe->open_flags = (uint32_t)tree->open_flags | (u->direct_files ? 0 : O_CLOEXEC);
    sqe->file_index = file_index(u, slot);
}

/* What is left of it. */
static void put_read(struct uring *u, struct ub_ctx *ctx, uint32_t slot, uint8_t flags)
{
    const struct ub_whole_io *io = &u->whole[slot];
    struct io_uring_sqe *sqe = take(u, ctx, slot, READ);
    sqe->opcode = IORING_OP_READ;
    sqe->flags |= flags | (u->direct_files ? IOSQE_FIXED_FILE : 0);
    sqe->fd = u->direct_files ? (int32_t)slot : io->fd;
    sqe->off = io->at;
    sqe->addr = (uint64_t)(uintptr_t)(ub_buffer(ctx, slot) + io->at);
    sqe->len = ctx->slots[slot].len - io->at;
}

static void put_close(struct uring *u, struct ub_ctx *ctx, uint32_t slot)
{
    struct io_uring_sqe *sqe = take(u, ctx, slot, CLOSE);
    sqe->opcode = IORING_OP_CLOSE;
    sqe->fd = u->direct_files ? 0 : u->whole[slot].fd;
    sqe->file_index = file_index(u, slot);
}

static void prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    struct uring *u = b;
    u->whole[slot] = (struct ub_whole_io){.chained = u->linked};
    put_open(u, ctx, slot, u->linked ? IOSQE_IO_LINK : 0);
    if (u->linked) {
        put_read(u, ctx, slot, IOSQE_IO_LINK);
        put_close(u, ctx, slot);
    }
}

/* What one request has done. The kernel cancels those of a chain that follow one that failed, or was short.
 */
static void note(struct ub_whole_io *io, enum step step, int32_t res, uint32_t len)
{
    io->flying--;
    if (res == -ECANCELED && io->chained && step != OPEN)
        return;
    if (res < 0 && io->error == 0)
        io->error = res;
    if (step == OPEN) {
        io->is_open = res >= 0;
        io->fd = res;
    } else if (step == CLOSE) {
        io->is_open = 0;
    } else if (res >= 0) {
        io->at += (uint32_t)res;
        io->ended = res == 0;
        io->was_short |= io->at < len;
    }
}

/* A slot of which nothing is on its way -> whether its file is done with; else what comes next is prepared.
 */
static int is_over(struct uring *u, struct ub_ctx *ctx, uint32_t slot)
{
    struct ub_whole_io *io = &u->whole[slot];
    io->chained = 0;
    if (!io->is_open)
        return 1;
    int rest = io->at < ctx->slots[slot].len && !io->ended && !ub_whole_ended(ctx->tree, io->at);
    if (rest && io->error == 0)
        put_read(u, ctx, slot, 0);
    else
        put_close(u, ctx, slot);
    ub_ring_publish(&u->ring);
    return 0;
}

/* Of a file that is done with: bytes, or -errno. */
static int32_t outcome(const struct uring *u, struct ub_ctx *ctx, uint32_t slot)
{
    const struct ub_whole_io *io = &u->whole[slot];
    const struct ub_slot *s = &ctx->slots[slot];
    if (io->error)
        return io->error;
    if (UB_UNLIKELY(io->was_short) && io->at == s->len)
        ctx->result->ops[s->op].short_ios++; /* less than that is counted by the loop */
    return ub_whole_outcome(ctx->tree, s->meta.item, ub_buffer(ctx, slot), io->at);
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
        uint32_t slot = (uint32_t)cqe->user_data;
        note(&u->whole[slot], (enum step)(cqe->user_data >> 32), cqe->res, ctx->slots[slot].len);
        if (u->whole[slot].flying == 0 && is_over(u, ctx, slot))
            ctx->done[got++] = (struct ub_done){.slot = slot, .res = outcome(u, ctx, slot)};
    }
    __atomic_store_n(u->ring.cq_khead, head + taken, __ATOMIC_RELEASE);
    return (int)got;
}

static int reap_min_wait(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    return reap(b, ctx, ub_uring_least(b, min), max);
}

int ub_whole_run_uring(struct ub_ctx *ctx, const char **stage)
{
    const struct uring *u = ctx->private;
    if (u->min_wait)
        return ub_loop(ctx, ctx->private, ub_meta_next, prep, ub_uring_submit, reap_min_wait, 0, stage);
    return ub_loop(ctx, ctx->private, ub_meta_next, prep, ub_uring_submit, reap, 0, stage);
}
