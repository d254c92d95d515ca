/*
 * Whole files: open, read all, close as one operation. Files have sizes and content that follow from the
 * job's tree_seed and their number alone, so that every backend and every trial finds the same, and what was
 * read can be checked without anything having been stored.
 */
#ifndef UB_WHOLE_H
#define UB_WHOLE_H

#include "meta.h"

/* The largest file: as much as the kernel reads in one call (MAX_RW_COUNT in include/linux/fs.h). */
#define UB_WHOLE_BYTES_MAX UINT64_C(0x7ffff000)

static inline uint64_t ub_whole_bytes_most(const struct ub_job *job)
{
    return job->item_bytes_most > job->item_bytes ? job->item_bytes_most : job->item_bytes;
}

/* whole.c. What a tree of whole files has beside others: sizes, flags of open -> 0 or -ENOMEM. */
int ub_whole_open(struct ub_ctx *ctx);
/* The bytes that fill the item's file are drawn from this on. */
uint64_t ub_whole_seed(const struct ub_job *job, uint64_t item);
/* Once the files are there: on the disk, in the page cache (or, for direct I/O, not there), and with
 * UB_FLAG_CHECKSUM their sums -> 0 or -errno. */
int ub_whole_ready(struct ub_ctx *ctx);

/* The operation as plain calls -> bytes that were read, or -errno. */
int32_t ub_whole_call(const struct ub_tree *tree, struct ub_meta_call *call, uint64_t *calls);

/* What was read of an item is less than its file has: whether nothing can follow. Direct I/O ends between
 * blocks only where a file does, and cannot go on there. */
static inline int ub_whole_ended(const struct ub_tree *tree, uint32_t at)
{
    return tree->job->flags & UB_FLAG_DIRECT && at % 512 != 0;
}

/* Outcome of a file of which so many bytes were read: their number, or -EILSEQ when they are not what was
 * laid out. */
UB_COLD int32_t ub_whole_check(const struct ub_tree *tree, uint64_t item, const unsigned char *buffer,
                               uint32_t bytes);
static inline int32_t ub_whole_outcome(const struct ub_tree *tree, uint64_t item, const unsigned char *buffer,
                                       uint32_t bytes)
{
    return UB_LIKELY(!tree->sums) ? (int32_t)bytes : ub_whole_check(tree, item, buffer, bytes);
}

/* uring_whole.c: the state of each slot, and an instance of the loop. */
struct ub_whole_io *ub_whole_ios(uint32_t depth);
int ub_whole_run_uring(struct ub_ctx *ctx, const char **stage);

#endif
