/* A job's part of a tree of small files: names, the state that each operation begins with, and back to it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "whole.h"

/* What becomes of an operation's items. */
enum effect {
    NOTHING, /* any number of times */
    MAKES,   /* its items must not be there */
    REMOVES, /* they must */
    TURNS    /* there and back, pass by pass */
};

static enum effect effect_of(uint32_t op)
{
    switch (op) {
    case UB_OP_STAT:
    case UB_OP_OPEN:
    case UB_OP_WHOLEFILE:
        return NOTHING;
    case UB_OP_UNLINK:
    case UB_OP_RMDIR:
        return REMOVES;
    case UB_OP_RENAME:
    case UB_OP_FTRUNCATE:
        return TURNS;
    default: /* create, link, mkdir; fallocate makes blocks */
        return MAKES;
    }
}

uint64_t ub_tree_pass(const struct ub_job *job)
{
    return job->items && effect_of((uint32_t)__builtin_ctz(job->op_mask)) != NOTHING ? job->items : 0;
}

static int is_open(uint32_t op)
{
    return op == UB_OP_FALLOCATE || op == UB_OP_FTRUNCATE;
}

static int is_directory(const struct ub_job *job)
{
    return (job->flags & UB_FLAG_DIRECTORIES) != 0;
}

/* "d3/d0/": the leaf that an item is in; leaves are taken in turn. -> its length, as snprintf */
static int leaf_path(char *to, size_t room, const struct ub_job *job, uint64_t leaf, uint32_t levels)
{
    int at = 0;
    for (uint32_t level = 0; level < levels; level++) {
        int n = snprintf(to + at, room > (size_t)at ? room - (size_t)at : 0, "d%u/",
                         (unsigned)(leaf % job->dirs));
        at += n;
        leaf /= job->dirs;
    }
    return at;
}

/* check.c holds it below UB_LEAVES_MAX. */
static uint64_t leaves(const struct ub_job *job, uint32_t levels)
{
    uint64_t n = 1;
    for (uint32_t level = 0; level < levels; level++)
        n *= job->dirs;
    return n;
}

/* "d3/d0/f.1.17": kind is f of a file, m of a directory, g of a second name. */
static void name_item(char *to, size_t room, const struct ub_job *job, uint64_t item, char kind)
{
    int at = leaf_path(to, room, job, item % leaves(job, job->levels), job->levels);
    snprintf(to + at, room > (size_t)at ? room - (size_t)at : 0, "%c.%u.%llu", kind, (unsigned)job->owner,
             (unsigned long long)item);
}

/* dN/ for each level, the owner's and the item's number */
static size_t name_bytes(const struct ub_job *job)
{
    return (size_t)job->levels * 13 + 40;
}

static char *make_names(const struct ub_job *job, size_t stride, char kind)
{
    char *names = calloc(job->items, stride);
    for (uint64_t item = 0; names && item < job->items; item++)
        name_item(names + item * stride, stride, job, item, kind);
    return names;
}

static int make_directory(int root, const char *name)
{
    return mkdirat(root, name, UB_MKDIR_MODE) < 0 && errno != EEXIST ? -errno : 0;
}

/* The directories that items are in, level by level; other jobs may be making the same. */
static int make_leaves(const struct ub_tree *tree, const struct ub_job *job)
{
    char *name = malloc(tree->stride);
    int ret = name ? 0 : -ENOMEM;
    for (uint32_t levels = 1; ret == 0 && levels <= job->levels; levels++) {
        uint64_t n = leaves(job, levels);
        for (uint64_t leaf = 0; ret == 0 && leaf < n && leaf < job->items; leaf++) {
            leaf_path(name, tree->stride, job, leaf, levels);
            ret = make_directory(tree->root, name);
        }
    }
    free(name);
    return ret;
}

static int write_chunk(int fd, const unsigned char *chunk, uint64_t bytes, uint64_t offset)
{
    for (uint64_t at = 0; at < bytes;) {
        ssize_t n = pwrite(fd, chunk + at, bytes - at, (off_t)(offset + at));
        if (n < 0 && errno != EINTR)
            return -errno;
        at += n > 0 ? (uint64_t)n : 0;
    }
    return 0;
}

static int write_content(struct ub_ctx *ctx, int fd, uint64_t item)
{
    struct ub_tree *tree = ctx->tree;
    uint64_t bytes = tree->sizes ? tree->sizes[item] : ctx->job->item_bytes;
    int ret = 0;
    if (tree->sizes)
        ctx->data_rng = ub_whole_seed(ctx->job, item);
    for (uint64_t at = 0; ret == 0 && at < bytes; at += UB_TREE_CHUNK) {
        uint64_t n = bytes - at < UB_TREE_CHUNK ? bytes - at : UB_TREE_CHUNK;
        ub_buffer_fill(ctx, tree->content, n);
        ret = write_chunk(fd, tree->content, n, at);
    }
    tree->made = 1;
    return ret;
}

/* One that is there already was made here by an earlier trial. */
static int make_file(struct ub_ctx *ctx, uint64_t item, int with_content)
{
    const char *name = ub_item_name(ctx->tree, item);
    int fd = openat(ctx->tree->root, name, UB_CREATE_FLAGS | O_CLOEXEC | O_NOFOLLOW, UB_CREATE_MODE);
    if (fd < 0)
        return errno == EEXIST ? 0 : -errno;
    int ret = with_content ? write_content(ctx, fd, item) : 0;
    close(fd);
    return ret;
}

static int remove_item(const struct ub_ctx *ctx, const char *name)
{
    int flags = is_directory(ctx->job) ? AT_REMOVEDIR : 0;
    return unlinkat(ctx->tree->root, name, flags) < 0 && errno != ENOENT ? -errno : 0;
}

static int make_item(struct ub_ctx *ctx, uint64_t item)
{
    const struct ub_tree *tree = ctx->tree;
    return is_directory(ctx->job) ? make_directory(tree->root, ub_item_name(tree, item))
                                  : make_file(ctx, item, !is_open(tree->op));
}

/* One whose length or blocks are worked on: open and empty. */
static int make_open(struct ub_ctx *ctx, uint64_t item)
{
    struct ub_tree *tree = ctx->tree;
    if (tree->fds[item] < 0)
        tree->fds[item] = openat(tree->root, ub_item_name(tree, item), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    return tree->fds[item] < 0 || ftruncate(tree->fds[item], 0) < 0 ? -errno : 0;
}

/* To the state that the first pass begins with, whatever an interrupted trial has left. */
static int ready_item(struct ub_ctx *ctx, uint64_t item)
{
    const struct ub_tree *tree = ctx->tree;
    int ret = 0;
    if (tree->op == UB_OP_CREATE || tree->op == UB_OP_MKDIR)
        return remove_item(ctx, ub_item_name(tree, item));
    if (tree->op == UB_OP_RENAME &&
        renameat(tree->root, ub_item_other(tree, item), tree->root, ub_item_name(tree, item)) < 0 &&
        errno != ENOENT)
        ret = -errno;
    if (tree->op == UB_OP_LINK)
        ret = remove_item(ctx, ub_item_other(tree, item));
    if (ret == 0)
        ret = make_item(ctx, item);
    return ret == 0 && tree->fds ? make_open(ctx, item) : ret;
}

static int renew_item(struct ub_ctx *ctx, uint64_t item)
{
    const struct ub_tree *tree = ctx->tree;
    switch (tree->op) {
    case UB_OP_CREATE:
    case UB_OP_MKDIR:
        return remove_item(ctx, ub_item_name(tree, item));
    case UB_OP_LINK:
        return remove_item(ctx, ub_item_other(tree, item));
    case UB_OP_FALLOCATE:
        return make_open(ctx, item);
    default: /* unlink, rmdir */
        return make_item(ctx, item);
    }
}

int ub_tree_each(struct ub_ctx *ctx, int (*what)(struct ub_ctx *, uint64_t))
{
    int ret = 0;
    for (uint64_t item = 0; ret == 0 && item < ctx->job->items; item++) {
        if (__atomic_load_n(&ctx->arena->stop, __ATOMIC_RELAXED))
            return 0;
        ret = what(ctx, item);
    }
    return ret;
}

int ub_tree_renew(struct ub_ctx *ctx, const char **stage)
{
    struct ub_tree *tree = ctx->tree;
    *stage = "prepare the tree";
    if (effect_of(tree->op) == TURNS) {
        tree->turn = !tree->turn;
        return 0;
    }
    return ub_tree_each(ctx, renew_item);
}

static int allocate(struct ub_tree *tree, const struct ub_job *job, uint32_t depth)
{
    tree->stride = name_bytes(job);
    tree->names = make_names(job, tree->stride, is_directory(job) ? 'm' : 'f');
    if (!tree->names)
        return -ENOMEM;
    if (tree->op == UB_OP_RENAME || tree->op == UB_OP_LINK) {
        tree->others = make_names(job, tree->stride, 'g');
        if (!tree->others)
            return -ENOMEM;
    }
    if (tree->op == UB_OP_STAT) {
        tree->stats = calloc(depth, sizeof *tree->stats);
        if (!tree->stats)
            return -ENOMEM;
    }
    if (!is_open(tree->op)) {
        tree->content = job->item_bytes ? malloc(UB_TREE_CHUNK) : NULL;
        return job->item_bytes && !tree->content ? -ENOMEM : 0;
    }
    tree->fds = malloc(job->items * sizeof *tree->fds);
    if (!tree->fds)
        return -ENOMEM;
    for (uint64_t item = 0; item < job->items; item++)
        tree->fds[item] = -1;
    return 0;
}

int ub_tree_open(struct ub_ctx *ctx, const char **stage)
{
    const struct ub_job *job = ctx->job;
    struct ub_tree *tree = calloc(1, sizeof *tree);
    ctx->tree = tree;
    *stage = "allocate";
    if (!tree)
        return -ENOMEM;
    tree->op = (uint32_t)__builtin_ctz(job->op_mask);
    tree->root = ctx->fds[0];
    tree->job = job;
    int ret = tree->op == UB_OP_WHOLEFILE ? ub_whole_open(ctx) : 0;
    if (ret < 0 || job->backend == UB_BACKEND_NULL)
        return ret; /* that one does nothing to it */
    ret = allocate(tree, job, ctx->depth);
    if (ret < 0)
        return ret;
    *stage = "prepare the tree";
    ret = make_leaves(tree, job);
    if (ret == 0)
        ret = ub_tree_each(ctx, ready_item);
    return ret == 0 && tree->sizes ? ub_whole_ready(ctx) : ret;
}

void ub_tree_close(struct ub_ctx *ctx)
{
    struct ub_tree *tree = ctx->tree;
    if (!tree || ctx->result->lost)
        return; /* the kernel may still use the names */
    for (uint64_t item = 0; tree->fds && item < ctx->job->items; item++)
        if (tree->fds[item] >= 0)
            close(tree->fds[item]);
    free(tree->fds);
    free(tree->sizes);
    free(tree->sums);
    free(tree->content);
    free(tree->stats);
    free(tree->others);
    free(tree->names);
    free(tree);
    ctx->tree = NULL;
}
