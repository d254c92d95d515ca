/* Whole files: their sizes and content, how they are made alike for every backend, the plain calls. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "crc32c.h"
#include "whole.h"

/* Interrupted reads are made so often again. */
#define TRIES 100

static int make_sizes(struct ub_tree *tree)
{
    const struct ub_job *job = tree->job;
    uint64_t step = job->item_step ? job->item_step : 1, rng = job->tree_seed;
    uint64_t sizes = (ub_whole_bytes_most(job) - job->item_bytes) / step + 1;
    tree->sizes = malloc(job->items * sizeof *tree->sizes);
    if (!tree->sizes)
        return -ENOMEM;
    for (uint64_t item = 0; item < job->items; item++)
        tree->sizes[item] = (uint32_t)(job->item_bytes + step * ub_rng_below(&rng, sizes));
    return 0;
}

int ub_whole_open(struct ub_ctx *ctx)
{
    struct ub_tree *tree = ctx->tree;
    uint32_t flags = ctx->job->flags;
    tree->open_flags =
        O_RDONLY | (flags & UB_FLAG_DIRECT ? O_DIRECT : 0) | (flags & UB_FLAG_NOATIME ? O_NOATIME : 0);
    return make_sizes(tree);
}

uint64_t ub_whole_seed(const struct ub_job *job, uint64_t item)
{
    uint64_t state = job->tree_seed ^ (item + 1) * UINT64_C(0xd6e8feb86659fd93);
    return ub_rng_next(&state);
}

/* From what its content is drawn from, without a look at the file. */
static void sum_item(struct ub_ctx *ctx, uint64_t item)
{
    struct ub_tree *tree = ctx->tree;
    uint32_t sum = 0;
    ctx->data_rng = ub_whole_seed(ctx->job, item);
    for (uint32_t left = tree->sizes[item]; left > 0;) {
        uint32_t n = left < UB_TREE_CHUNK ? left : UB_TREE_CHUNK;
        ub_buffer_fill(ctx, tree->content, n);
        sum = ub_crc32c(sum, tree->content, n);
        left -= n;
    }
    tree->sums[item] = sum;
}

/* All of a file in the page cache, or nothing of it. */
static int warm(const struct ub_tree *tree, int fd)
{
    struct stat st;
    ssize_t n = 1;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return 0; /* as below */
    if (tree->open_flags & O_DIRECT)
        return -posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    for (off_t at = 0; n != 0; at += n > 0 ? n : 0) {
        n = pread(fd, tree->content, UB_TREE_CHUNK, at);
        if (n < 0 && errno != EINTR)
            return -errno;
    }
    return 0;
}

static int ready_item(struct ub_ctx *ctx, uint64_t item)
{
    const struct ub_tree *tree = ctx->tree;
    int fd = openat(tree->root, ub_item_name(tree, item), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ELOOP ? 0 : -errno; /* somebody has put a link there: the operation will tell */
    int ret = warm(tree, fd);
    close(fd);
    return ret;
}

int ub_whole_ready(struct ub_ctx *ctx)
{
    struct ub_tree *tree = ctx->tree;
    if (ctx->job->flags & UB_FLAG_CHECKSUM) {
        tree->sums = malloc(ctx->job->items * sizeof *tree->sums);
        if (!tree->sums)
            return -ENOMEM;
        for (uint64_t item = 0; item < ctx->job->items; item++)
            sum_item(ctx, item);
    }
    /* The kernel writes what was just made: not while it is read. */
    if (tree->made && syncfs(tree->root) < 0)
        return -errno;
    return ub_tree_each(ctx, ready_item);
}

int32_t ub_whole_check(const struct ub_tree *tree, uint64_t item, const unsigned char *buffer, uint32_t bytes)
{
    if (bytes > 0 && ub_crc32c(0, buffer, bytes) != tree->sums[item])
        return -EILSEQ;
    return (int32_t)bytes; /* of nothing at all it is said that it is nothing */
}

/* All of an open file -> bytes or -errno. */
static int32_t read_all(const struct ub_tree *tree, int fd, struct ub_meta_call *call, uint64_t *calls)
{
    uint32_t len = tree->sizes[call->item], at = 0;
    int tries = TRIES;
    for (;;) {
        ub_meta_count(calls, UB_SYS_READ);
        long n = UB_SYSCALL(SYS_read, fd, call->buffer + at, len - at, 0, 0, 0);
        if (UB_LIKELY(n == (long)(len - at)))
            return (int32_t)len;
        if (n == -EINTR && --tries > 0)
            continue;
        if (n < 0)
            return (int32_t)n;
        at += (uint32_t)n;
        if (n == 0 || ub_whole_ended(tree, at))
            return (int32_t)at;
        call->resumed = 1;
    }
}

int32_t ub_whole_call(const struct ub_tree *tree, struct ub_meta_call *call, uint64_t *calls)
{
    const char *name = ub_item_name(tree, call->item);
    call->resumed = 0;
    ub_meta_count(calls, UB_SYS_OPENAT);
    int fd = (int)UB_SYSCALL(SYS_openat, tree->root, name, tree->open_flags | O_CLOEXEC, 0, 0, 0);
    if (fd < 0)
        return fd;
    int32_t res = read_all(tree, fd, call, calls);
    ub_meta_count(calls, UB_SYS_CLOSE);
    int32_t closed = (int32_t)UB_SYSCALL(SYS_close, fd, 0, 0, 0, 0, 0);
    call->resumed = call->resumed && res == (int32_t)tree->sizes[call->item];
    if (res < 0)
        return res;
    if (closed < 0 && closed != -EINTR) /* Linux has closed it then, too */
        return closed;
    return ub_whole_outcome(tree, call->item, call->buffer, (uint32_t)res);
}
