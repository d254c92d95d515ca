/* A job from set-up to clean-up, on the thread that calls ub_job_run. */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "job.h"
#include "loop.h"
#include "meta.h"
#include "rated.h"

/* One in each backend_*.c; nothing else names them. */
extern const struct ub_ops ub_ops_sync, ub_ops_posix_aio, ub_ops_linux_aio, ub_ops_io_uring, ub_ops_null,
    ub_ops_threadpool, ub_ops_mmap;

const struct ub_ops *ub_backend_ops(uint32_t backend)
{
    static const struct ub_ops *const all[UB_BACKENDS] = {
        [UB_BACKEND_SYNC] = &ub_ops_sync,           [UB_BACKEND_POSIX_AIO] = &ub_ops_posix_aio,
        [UB_BACKEND_LINUX_AIO] = &ub_ops_linux_aio, [UB_BACKEND_IO_URING] = &ub_ops_io_uring,
        [UB_BACKEND_NULL] = &ub_ops_null,           [UB_BACKEND_THREADPOOL] = &ub_ops_threadpool,
        [UB_BACKEND_MMAP] = &ub_ops_mmap,
    };
    return backend < UB_BACKENDS ? all[backend] : NULL;
}

/* The name of the first of these features; "" when it has none of them. */
static const char *feature_name(const struct ub_ops *ops, uint64_t features)
{
    for (const struct ub_feature *feature = ops->features; feature->bit; feature++)
        if (features & feature->bit)
            return feature->name;
    return "";
}

int ub_features_check(const struct ub_ops *ops, uint64_t features, uint32_t op_mask,
                      char rule[UB_STAGE_BYTES])
{
    uint64_t known = 0;
    const struct ub_operation *first = ub_operation(op_mask ? (uint32_t)__builtin_ctz(op_mask) : UB_OP_READ);
    for (const struct ub_feature *feature = ops->features; feature->bit; feature++) {
        known |= feature->bit;
        if (!(features & feature->bit))
            continue;
        uint32_t kinds = feature->kinds ? feature->kinds : 1u << UB_KIND_DATA;
        if (!(kinds & (1u << first->kind))) {
            snprintf(rule, UB_STAGE_BYTES, "%s with %s", feature->name, first->name);
            return -EINVAL;
        }
        if (features & feature->excludes) {
            snprintf(rule, UB_STAGE_BYTES, "%s with %s", feature->name,
                     feature_name(ops, features & feature->excludes));
            return -EINVAL;
        }
        if (feature->needs & ~features) {
            snprintf(rule, UB_STAGE_BYTES, "%s without %s", feature->name,
                     feature_name(ops, feature->needs & ~features));
            return -EINVAL;
        }
    }
    return features & ~known ? -EINVAL : 0;
}

void ub_job_fail(struct ub_result *result, int error, const char *stage, uint32_t file)
{
    result->error = (uint32_t)(error < 0 ? -error : error);
    result->error_file = file;
    snprintf(result->stage, sizeof result->stage, "%s", stage);
}

static int set_affinity(const struct ub_job *job)
{
    if (job->ncpus == 0)
        return 0;
    cpu_set_t set;
    CPU_ZERO(&set);
    for (size_t i = 0; i < UB_MAX_CPUS; i++)
        if (job->cpus[i / 64] >> (i % 64) & 1)
            CPU_SET(i, &set);
    return sched_setaffinity(0, sizeof set, &set) < 0 ? -errno : 0;
}

static int set_thread(const struct ub_ctx *ctx, const char **stage)
{
    const struct ub_job *job = ctx->job;
    *stage = "set CPU affinity";
    int ret = set_affinity(job);
    if (ret < 0)
        return ret;
    if (ub_is_rated(job))
        prctl(PR_SET_TIMERSLACK, 1UL); /* ns: else timers may end 50 us late */
    *stage = "set nice value";
    if (job->nice && setpriority(PRIO_PROCESS, (id_t)ctx->result->tid, job->nice) < 0)
        return -errno;
    /*
     * With one owner a descriptor table is read without reference counting, as in fio's process a job. Never
     * for posix-aio: glibc's pool threads are shared and would look the job's descriptors up in another
     * table. Container runtimes refuse it (seccomp): then it goes on without, and says so.
     */
    if (job->flags & UB_FLAG_PRIVATE_FDS && job->backend != UB_BACKEND_POSIX_AIO)
        ctx->result->shared_fds = unshare(CLONE_FILES) < 0;
    return 0;
}

/* One generator a file; one a file and operation when these differ in block size or each has its own
 * position. */
static int make_generators(struct ub_ctx *ctx)
{
    const struct ub_job *job = ctx->job;
    int mixed = (job->op_mask & (job->op_mask - 1)) != 0; /* only what moves data */
    int own = mixed && (job->dist == UB_DIST_SEQUENTIAL || job->bs[UB_OP_READ] != job->bs[UB_OP_WRITE]);
    ctx->ngens = own ? UB_HIST_OPS : 1;
    ctx->gens = calloc((size_t)ctx->nfiles * ctx->ngens, sizeof *ctx->gens);
    if (!ctx->gens)
        return -ENOMEM;
    uint64_t seeds = job->seed;
    for (uint32_t f = 0; f < ctx->nfiles; f++) {
        for (uint32_t g = 0; g < ctx->ngens; g++) {
            uint32_t op = own && g < 3 ? g : (uint32_t)__builtin_ctz(job->op_mask);
            uint64_t bs = op <= UB_OP_TRIM && job->bs[op] ? job->bs[op] : 1;
            uint64_t blocks = job->items ? job->items : ctx->files[f].size / bs;
            ub_gen_init(&ctx->gens[f * ctx->ngens + g], job, blocks ? blocks : 1, ub_rng_next(&seeds));
        }
    }
    ctx->rng = ub_rng_next(&seeds);
    ctx->data_rng = ub_rng_next(&seeds);
    return 0;
}

static int allocate(struct ub_ctx *ctx)
{
    assert(ctx->depth > 0 && ctx->nfiles > 0);
    ctx->slots = calloc(ctx->depth, sizeof *ctx->slots);
    ctx->free = calloc(ctx->depth, sizeof *ctx->free);
    ctx->done = calloc(ctx->depth, sizeof *ctx->done);
    ctx->fds = malloc(sizeof *ctx->fds * ctx->nfiles);
    ctx->rate.due_ns = calloc(ctx->depth, sizeof *ctx->rate.due_ns);
    if (!ctx->rate.due_ns || !ctx->slots || !ctx->free || !ctx->done || !ctx->fds)
        return -ENOMEM;
    for (uint32_t i = 0; i < ctx->nfiles; i++)
        ctx->fds[i] = -1;
    for (uint32_t i = 0; i < ctx->depth; i++)
        ctx->free[ctx->nfree++] = ctx->depth - 1 - i; /* slot 0 on top: the first buffers stay in the cache */
    return make_generators(ctx);
}

static uint32_t hooks_of(const struct ub_job *job)
{
    uint32_t hooks = UB_HOOK_HASH;
    if (job->thinktime_ns && !(job->features & UB_FEATURE_TIMEOUT)) /* there a slot pauses, not the loop */
        hooks |= UB_HOOK_THINKTIME;
    if (job->op_mask & (1u << UB_OP_WRITE))
        hooks |= UB_HOOK_WRITE;
    return hooks;
}

/*
 * Nobody's job fails for want of a counter. glibc's pool of posix-aio outlives the jobs: its threads may be
 * of an earlier one, whose counter is gone.
 */
static void open_counter(struct ub_ctx *ctx)
{
    if (ctx->job->count == UB_COUNT_NONE)
        return;
    int fd = ctx->job->backend == UB_BACKEND_POSIX_AIO ? -EOPNOTSUPP : ub_counter_open(ctx->job->count);
    if (fd < 0)
        ctx->result->uncounted = (uint32_t)-fd;
    else
        ctx->counter = fd;
}

static int set_up(struct ub_ctx *ctx, const struct ub_ops *ops, const char **stage, uint32_t *file)
{
    const struct ub_job *job = ctx->job;
    *stage = "read what a thread used (getrusage)";
    int ret = ub_measure_possible();
    if (ret == 0)
        ret = set_thread(ctx, stage);
    if (ret < 0)
        return ret;
    open_counter(ctx); /* before the backend starts its threads */
    *stage = "allocate";
    ret = allocate(ctx);
    if (ret < 0)
        return ret;
    ret = ub_buffers_open(ctx, stage);
    if (ret < 0)
        return ret;
    if (ub_has_files(job))
        ret = ub_files_open(ctx, stage, file);
    if (ret == 0 && job->items) {
        *file = 0;
        ret = ub_tree_open(ctx, stage);
    }
    if (ret < 0)
        return ret;
    *file = UINT32_MAX;
    ctx->hooks = hooks_of(job);
    ub_first_pass(ctx);
    ctx->file = ctx->nfiles - 1; /* so that file 0 is first */
    ctx->result->offsets_hash = UINT64_C(0xcbf29ce484222325);
    ub_result_clear(ctx);
    return ops->open(ctx, stage);
}

/* A group that starts after another: its jobs are set up with all others, and wait here. */
static void wait_for_jobs(const struct ub_ctx *ctx)
{
    struct ub_result *results = (struct ub_result *)((char *)ctx->arena + ctx->arena->results);
    for (uint32_t i = 0; i < ctx->job->after_count; i++) {
        uint32_t *state = &results[ctx->job->after_first + i].state, now;
        while ((now = __atomic_load_n(state, __ATOMIC_ACQUIRE)) < UB_STATE_ENDED) {
            if (__atomic_load_n(&ctx->arena->stop, __ATOMIC_RELAXED))
                return;
            ub_futex_wait(state, now);
        }
    }
}

/* fio's startdelay: after the barrier, so that it does not hold up the other jobs. */
static void start_delay(struct ub_ctx *ctx)
{
    uint64_t until = ub_now(&ctx->clock) + ctx->job->startdelay_ns;
    for (;;) {
        uint64_t now = ub_now(&ctx->clock);
        if (now >= until || __atomic_load_n(&ctx->arena->stop, __ATOMIC_RELAXED))
            return;
        uint64_t left = until - now < UB_WAIT_NS ? until - now : UB_WAIT_NS;
        struct timespec ts = {.tv_sec = 0, .tv_nsec = (long)left};
        nanosleep(&ts, NULL);
    }
}

static int measure(struct ub_ctx *ctx, const struct ub_ops *ops, const char **stage, uint32_t *file)
{
    wait_for_jobs(ctx);
    if (ctx->job->startdelay_ns)
        start_delay(ctx);
    ub_measure_begin(ctx);
    ctx->result->error_file = UINT32_MAX;
    int ret = ub_run_passes(ctx, ops, stage);
    if (ub_is_rated(ctx->job))
        ub_rated_end(ctx);
    assert(ctx->result->lost || ctx->failed || ctx->nfree == ctx->depth); /* drained */
    /* It failed on its way, or its last turn was the one that ended the ramp and began the window. */
    if (ctx->result->end_ns < ctx->result->begin_ns)
        ctx->result->end_ns = ub_now(&ctx->clock);
    *file = ctx->result->error_file;
    if (ret == 0 && ctx->job->flags & UB_FLAG_END_FSYNC && ub_has_files(ctx->job)) {
        *stage = "fsync at the end";
        ret = ub_files_sync(ctx, file);
        ctx->result->syscalls[UB_SYS_FSYNC] += ctx->nfiles;
        ctx->result->end_ns = ub_now(&ctx->clock);
    }
    ub_measure_end(ctx);
    return ret;
}

static void clean_up(struct ub_ctx *ctx)
{
    ub_mark_leave(&ctx->marks);
    if (ctx->counter >= 0)
        close(ctx->counter);
    ub_buffers_close(ctx);
    ub_tree_close(ctx);
    if (ctx->fds)
        ub_files_close(ctx);
    free(ctx->gens);
    free(ctx->slots);
    free(ctx->free);
    free(ctx->done);
    free(ctx->rate.due_ns);
    free(ctx->fds);
}

static void give_up(struct ub_ctx *ctx, int error, const char *stage, uint32_t file)
{
    ub_job_fail(ctx->result, error, stage, file);
    if (ctx->result->error_ns == 0) /* no I/O's */
        ctx->result->error_ns = ub_now(&ctx->clock);
    __atomic_store_n(&ctx->arena->stop, 1, __ATOMIC_RELAXED);
    ub_futex_wake(&ctx->arena->go);
}

void ub_job_run(struct ub_arena *arena, uint32_t index)
{
    char name[24]; /* the kernel keeps 15 */
    snprintf(name, sizeof name, "ub-job-%u", index);
    prctl(PR_SET_NAME, name);
    ub_job_run_unnamed(arena, index);
}

void ub_job_run_unnamed(struct ub_arena *arena, uint32_t index)
{
    assert(arena->magic == UB_MAGIC && index < arena->njobs);
    char *base = (char *)arena;
    const struct ub_job *job = (const struct ub_job *)(base + arena->jobs) + index;
    struct ub_result *result = (struct ub_result *)(base + arena->results) + index;
    const struct ub_ops *ops = ub_backend_ops(job->backend);
    if (!ops)
        return; /* the callers have checked it */
    result->tid = (uint32_t)UB_SYSCALL(SYS_gettid, 0, 0, 0, 0, 0, 0);

    struct ub_ctx ctx = {
        .job = job,
        .arena = arena,
        .result = result,
        .histograms =
            (uint64_t *)(base + arena->histograms) + (uint64_t)index * UB_HIST_OPS * UB_LATS * UB_HIST_COUNTS,
        .responses = (uint64_t *)(base + arena->responses) + (uint64_t)index * UB_HIST_OPS * UB_HIST_COUNTS,
        .clock = ub_arena_clock(arena),
        .depth = ops->async ? job->iodepth : 1,
        .files = (const struct ub_file *)(base + job->files),
        .nfiles = job->nfiles,
        .counter = -1,
    };
    ub_mark_join(&ctx.marks, arena, index);
    const char *stage = "set up";
    uint32_t file = UINT32_MAX;
    int ret = set_up(&ctx, ops, &stage, &file);
    if (ret < 0)
        give_up(&ctx, ret, stage, file);
    ub_measure_arrive(&ctx);
    int began = ret == 0 && __atomic_load_n(&arena->go, __ATOMIC_ACQUIRE);
    if (began) {
        ret = measure(&ctx, ops, &stage, &file);
        if (ret < 0)
            give_up(&ctx, ret, stage, file);
    }
    ub_measure_leave(&ctx);
    ops->close(&ctx);
    clean_up(&ctx);
    __atomic_store_n(&result->state, ret < 0 ? UB_STATE_FAILED : UB_STATE_FINISHED, __ATOMIC_RELEASE);
    __atomic_add_fetch(&arena->finished, 1, __ATOMIC_ACQ_REL);
}
