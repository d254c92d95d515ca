/*
 * The kind of operation that is about names and lengths: create, stat, open, rename, link, unlink, mkdir,
 * rmdir, fallocate, ftruncate. A job works on the items of its tree, each once a pass; which comes next is
 * the generator's. What an operation has changed is changed back between passes, outside the window (meta.c).
 */
#ifndef UB_META_H
#define UB_META_H

#include <fcntl.h>
#include "kernel.h"
#include "loop.h"

/* What a job's operations are given; made before the barrier. */
struct ub_tree {
    uint32_t op;
    uint32_t turn;          /* rename, ftruncate: 0 there, 1 back; changes with each pass */
    int root;               /* descriptor that names are relative to */
    size_t stride;          /* bytes of a name with its end */
    char *names;            /* by item */
    char *others;           /* by item: rename's and link's second; else NULL */
    int *fds;               /* by item: fallocate's and ftruncate's; else NULL */
    unsigned char *content; /* what is written into files that are made; NULL: they are empty */
    struct ub_statx *stats; /* by slot: stat's answers; else NULL */
    const struct ub_job *job;
    /* Whole files (whole.h). */
    uint32_t *sizes; /* by item; else NULL */
    uint32_t *sums;  /* by item: crc32c of what was laid out; NULL: nothing is checked */
    int open_flags;
    int made; /* files were written */
};

/* Content is written, and files are read to warm them, so much at a time. */
#define UB_TREE_CHUNK 65536u

static inline const char *ub_item_name(const struct ub_tree *tree, uint64_t item)
{
    return tree->names + item * tree->stride;
}

static inline const char *ub_item_other(const struct ub_tree *tree, uint64_t item)
{
    return tree->others + item * tree->stride;
}

/* Where rename takes an item from, and to. */
static inline const char *ub_item_from(const struct ub_tree *tree, uint64_t item)
{
    return tree->turn ? ub_item_other(tree, item) : ub_item_name(tree, item);
}

static inline const char *ub_item_to(const struct ub_tree *tree, uint64_t item)
{
    return tree->turn ? ub_item_name(tree, item) : ub_item_other(tree, item);
}

/* The length that ftruncate gives: all of it in one pass, none in the next. */
static inline uint64_t ub_item_length(const struct ub_tree *tree)
{
    return tree->turn ? 0 : tree->job->item_bytes;
}

/* create is open with O_CREAT; neither may be inherited by another program. A direct descriptor has no such
 * flag. */
#define UB_CREATE_FLAGS (O_CREAT | O_EXCL | O_WRONLY)
#define UB_CREATE_MODE  0644u
#define UB_MKDIR_MODE   0755u
#define UB_STATX_BASIC  0x7ffu

/* meta.c. Makes the job's part of the tree ready for its first pass, whatever state it is in -> 0 or -errno
 * with *stage. */
int ub_tree_open(struct ub_ctx *ctx, const char **stage);
/* Between two passes: what the one before did is undone, or the other way round comes -> the same. */
int ub_tree_renew(struct ub_ctx *ctx, const char **stage);
void ub_tree_close(struct ub_ctx *ctx);
/* For each item, until the run is stopped: large trees take their time, and nothing will work on it any more
 * then -> 0 or -errno. */
int ub_tree_each(struct ub_ctx *ctx, int (*what)(struct ub_ctx *, uint64_t));
/* Operations of a pass, after which the tree must be renewed; 0: never. */
uint64_t ub_tree_pass(const struct ub_job *job);

/* An operation that the plain calls are made for, by the job's thread or one of a pool. */
struct ub_meta_call {
    uint64_t item;
    unsigned char *buffer; /* what whole files are read into */
    uint32_t slot;
    uint32_t resumed; /* 1 afterwards: a read was short, and the rest of the file read by another */
};

/* meta_sync.c. -> as the loop takes it: bytes, 0 where success is 0, -errno; calls are counted by UB_SYS_*.
 */
int32_t ub_meta_call(const struct ub_tree *tree, struct ub_meta_call *call, uint64_t *calls);

/* Others may read it meanwhile. */
static inline void ub_meta_count(uint64_t *calls, uint32_t name)
{
    __atomic_store_n(&calls[name], calls[name] + 1, __ATOMIC_RELAXED);
}

/* Instances of the loop: meta_sync.c, uring_meta.c. */
int ub_meta_run_sync(struct ub_ctx *ctx, const char **stage);
int ub_meta_run_uring(struct ub_ctx *ctx, const char **stage);

/* ub_next_fn of this kind. */
UB_ALWAYS_INLINE void ub_meta_next(struct ub_ctx *ctx, struct ub_slot *slot, uint32_t index, uint64_t now)
{
    (void)index;
    slot->start_ns = now;
    slot->op = ctx->tree->op;
    slot->meta.item = ub_gen_next(&ctx->gens[0], ctx->job);
    slot->len = ctx->tree->sizes ? ctx->tree->sizes[slot->meta.item] : 0;
    ctx->issued++;
    ctx->ios_left--;
    if (UB_UNLIKELY(ctx->hooks & UB_HOOK_HASH)) {
        const uint64_t words[] = {slot->op, slot->meta.item};
        ub_loop_hash(ctx, words, 2);
    }
}

#endif
