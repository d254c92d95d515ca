/* What TypeScript wrote into an arena, before anything relies on it: each offset, product and count. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include "pool.h"
#include "whole.h"

/* The kernel does no more in one call (MAX_RW_COUNT in include/linux/fs.h). */
#define BS_MAX UB_WHOLE_BYTES_MAX
/* io_setup and io_uring take fewer; beyond it sums of depths would not fit. */
#define DEPTH_MAX (1u << 20)
/* I/Os a second, within which the schedule's sums stay exact to a nanosecond or so. */
#define RATE_MIN 1e-6
#define RATE_MAX 1e9

/* Whether count things of each bytes lie in the arena from offset on, aligned as 64-bit words are. */
static int is_inside(const struct ub_arena *arena, uint64_t offset, uint64_t count, uint64_t each)
{
    uint64_t bytes, end;
    return offset % 8 == 0 && offset >= sizeof *arena && !__builtin_mul_overflow(count, each, &bytes) &&
           !__builtin_add_overflow(offset, bytes, &end) && end <= arena->size;
}

static int check_arena(const struct ub_arena *arena)
{
    const uint64_t histograms = (uint64_t)UB_HIST_OPS * UB_LATS * UB_HIST_COUNTS * sizeof(uint64_t);
    const uint64_t responses = (uint64_t)UB_HIST_OPS * UB_HIST_COUNTS * sizeof(uint64_t);
    if (arena->magic != UB_MAGIC || arena->abi_version != UB_ABI_VERSION)
        return -EPROTO;
    /* Without them no job has a rate. */
    if (arena->responses && !is_inside(arena, arena->responses, arena->njobs, responses))
        return -EINVAL;
    return is_inside(arena, arena->jobs, arena->njobs, sizeof(struct ub_job)) &&
                   is_inside(arena, arena->processes, arena->nprocesses, sizeof(struct ub_process)) &&
                   is_inside(arena, arena->results, arena->njobs, sizeof(struct ub_result)) &&
                   is_inside(arena, arena->histograms, arena->njobs, histograms)
               ? 0
               : -EINVAL;
}

/* Its path ends within the arena, and its region within what an offset can be. */
static int is_file(const struct ub_arena *arena, const struct ub_file *file)
{
    uint64_t end;
    if (file->path >= arena->size || __builtin_add_overflow(file->offset, file->size, &end) ||
        end > INT64_MAX)
        return 0;
    return memchr((const char *)arena + file->path, 0, arena->size - file->path) != NULL;
}

/* A double write has a place for each slot before what the file's I/Os go to. */
static int has_room_aside(const struct ub_job *job, const struct ub_file *file)
{
    return job->pair != UB_PAIR_DOUBLE_WRITE || file->offset >= job->bs[UB_OP_WRITE] * job->iodepth;
}

static int are_blocks(const struct ub_job *job)
{
    uint64_t bytes;
    for (uint32_t op = UB_OP_READ; op <= UB_OP_TRIM; op++) {
        uint64_t bs = job->bs[op];
        if (job->op_mask & (1u << op) &&
            (bs == 0 || bs > BS_MAX || __builtin_mul_overflow(bs, job->iodepth, &bytes)))
            return 0;
    }
    return 1;
}

/* The generator makes numbers of blocks of it: each distribution has its range (gen.h). */
static int is_order(const struct ub_job *job)
{
    switch (job->dist) {
    case UB_DIST_SEQUENTIAL:
    case UB_DIST_RANDOM:
        return 1;
    case UB_DIST_ZIPF:
        return isfinite(job->dist_param) && job->dist_param > 0.0 && job->dist_param != 1.0;
    case UB_DIST_PARETO:
        return job->dist_param < 1.0 && 1.0 - job->dist_param < 1.0; /* smaller ones are 0 in doubles */
    case UB_DIST_NORMAL:
        return job->dist_param > 0.0 && job->dist_param < 100.0;
    default:
        return 0;
    }
}

static int is_queue(const struct ub_job *job)
{
    if (job->service > UB_SERVICE_SEQUENTIAL || job->service_batch == 0 || job->pair >= UB_PAIRS ||
        job->ncpus > UB_MAX_CPUS)
        return 0;
    if (job->backend == UB_BACKEND_THREADPOOL &&
        (job->pool_threads == 0 || job->pool_threads > UB_POOL_THREADS_MAX))
        return 0;
    return job->iodepth > 0 && job->iodepth <= DEPTH_MAX && job->batch_submit > 0 &&
           job->batch_complete_max > 0 && job->batch_complete_min <= job->iodepth;
}

/* Sizes of whole files: each is one read, and has a buffer in each slot. */
static int are_whole_files(const struct ub_job *job)
{
    uint64_t most = ub_whole_bytes_most(job), bytes;
    return job->item_bytes > 0 && most <= UB_WHOLE_BYTES_MAX &&
           !__builtin_mul_overflow(most, job->iodepth, &bytes);
}

/* One operation on the items of one tree, in an order that has each once. */
static int is_tree(const struct ub_job *job)
{
    uint64_t leaves = 1;
    if (job->op_mask & (1u << UB_OP_WHOLEFILE) && !are_whole_files(job))
        return 0;
    for (uint32_t level = 0; level < job->levels && leaves <= UB_ITEMS_MAX; level++)
        leaves *= job->dirs;
    return job->items > 0 && job->items <= UB_ITEMS_MAX && job->nfiles == 1 &&
           (job->op_mask & (job->op_mask - 1)) == 0 && job->dirs > 0 && job->levels <= UB_LEVELS_MAX &&
           leaves <= UB_ITEMS_MAX && job->item_bytes <= INT64_MAX && job->dist <= UB_DIST_RANDOM &&
           !(job->flags & UB_FLAG_NORANDOMMAP) && job->pair == UB_PAIR_NONE && job->max_bytes == 0 &&
           job->pass_bytes == 0;
}

/* An open loop: of data alone, without pauses, and without what makes a wait for completions another. */
static int is_rate(const struct ub_arena *arena, const struct ub_job *job, const struct ub_ops *ops)
{
    if (job->rate_iops == 0.0)
        return 1;
    return isfinite(job->rate_iops) && job->rate_iops > 0.0 && job->rate_iops <= RATE_MAX &&
           job->rate_iops >= RATE_MIN && job->rate_process < UB_RATE_PROCESSES && arena->responses &&
           ops->run_rated && job->items == 0 && job->thinktime_ns == 0 &&
           !(job->features & (UB_FEATURE_MIN_WAIT | UB_FEATURE_EVENTFD | UB_FEATURE_TIMEOUT));
}

static int is_job(const struct ub_arena *arena, uint32_t index)
{
    const struct ub_job *job = (const struct ub_job *)((const char *)arena + arena->jobs) + index;
    const struct ub_ops *ops = ub_backend_ops(job->backend);
    char rule[UB_STAGE_BYTES];
    /* A sync comes along with writes, and has no block size of its own. */
    const uint32_t moving = (1u << UB_OP_READ) | (1u << UB_OP_WRITE) | (1u << UB_OP_TRIM);
    if (job->op_mask == 0 || job->op_mask >> UB_OPS || job->op_mask & (1u << UB_OP_SYNC))
        return 0;
    if (job->op_mask & ~moving ? !is_tree(job) : job->items != 0)
        return 0;
    if (!ops || ub_features_check(ops, job->features, job->op_mask, rule) < 0 || job->op_mask & ~ops->op_mask)
        return 0;
    if (job->pair != UB_PAIR_NONE && (!ops->has_pairs || job->op_mask != 1u << UB_OP_WRITE))
        return 0;
    if (!is_rate(arena, job, ops) || !is_order(job) || !is_queue(job) || !are_blocks(job) ||
        job->process >= arena->nprocesses || job->compress_pct > 100 || job->count >= UB_COUNTS)
        return 0;
    /* A job comes after earlier ones only: else it might wait for itself. */
    if (job->after_count > index || job->after_first > index - job->after_count)
        return 0;
    if (job->nfiles == 0 || !is_inside(arena, job->files, job->nfiles, sizeof(struct ub_file)))
        return 0;
    const struct ub_file *files = (const struct ub_file *)((const char *)arena + job->files);
    for (uint32_t i = 0; i < job->nfiles; i++)
        if (!is_file(arena, &files[i]) || !has_room_aside(job, &files[i]))
            return 0;
    return 1;
}

int ub_jobs_check(const struct ub_arena *arena, uint32_t first, uint32_t count)
{
    int ret = check_arena(arena);
    if (ret == 0 && (first > arena->njobs || count > arena->njobs - first))
        ret = -EINVAL;
    for (uint32_t i = first; ret == 0 && i < first + count; i++)
        ret = is_job(arena, i) ? 0 : -EINVAL;
    return ret;
}
