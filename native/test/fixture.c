#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fixture.h"

/*
 * TSan knows one descriptor table a process: with one a thread it takes two files that have the same number
 * for one, and reports races on it. It does not know the threads that glibc's aio starts, and crashes when
 * one of these starts another (whose storage glibc allocates through TSan's calloc): there, one must do.
 */
#if defined(__SANITIZE_THREAD__)
#define ISOLATION   0
#define AIO_THREADS 1
#else
#define ISOLATION   UB_FLAG_PRIVATE_FDS
#define AIO_THREADS 16 /* glibc takes one size a process */
#endif

struct ub_job fixture_job(const struct variant *variant, uint32_t op_mask)
{
    return (struct ub_job){
        .backend = variant->backend,
        .features = variant->features,
        .flags = ISOLATION,
        .op_mask = op_mask,
        .read_pct = 50,
        .bs = {4096, 4096, 4096},
        .iodepth = 8,
        .batch_submit = 1,
        .batch_complete_min = 1,
        .batch_complete_max = 1,
        .seed = 1234,
        .dist = UB_DIST_RANDOM,
        .service = UB_SERVICE_ROUNDROBIN,
        .service_batch = 1,
        .aio_threads = AIO_THREADS,
        .pool_threads = 4,
        .min_wait_us = 10000000, /* longer than any I/O takes */
    };
}

static uint64_t align(uint64_t n, uint64_t to)
{
    return (n + to - 1) / to * to;
}

static void put(struct run *run, uint64_t offset, const void *from, uint64_t bytes)
{
    CHECK_EQ(ub_arena_write(run->arena, offset, from, bytes), 0);
}

#define PUT_HEADER(run, field, value)                                                                        \
    do {                                                                                                     \
        __typeof__((run)->arena->field) word_ = (value);                                                     \
        put((run), __builtin_offsetof(struct ub_arena, field), &word_, sizeof word_);                        \
    } while (0)

static void put_jobs(struct run *run, const struct spec *spec, uint64_t files, uint64_t paths)
{
    for (uint32_t j = 0; j < spec->njobs; j++) {
        struct ub_job job = spec->job;
        job.seed += j;
        job.process = spec->processes ? j : 0;
        job.nfiles = spec->nfiles;
        job.files = files;
        if (spec->processes)
            job.flags &= ~UB_FLAG_PRIVATE_FDS;
        put(run, run->arena->jobs + j * sizeof job, &job, sizeof job);
        for (uint32_t f = 0; f < spec->nfiles; f++) {
            const struct target *t = &spec->targets[(spec->own_targets ? j * spec->nfiles : 0) + f];
            const struct ub_file file = {
                .path = paths, .offset = t->offset, .size = t->size, .kind = t->kind};
            put(run, files, &file, sizeof file);
            put(run, paths, t->path, strlen(t->path) + 1);
            files += sizeof file;
            paths += strlen(t->path) + 1;
        }
    }
}

void run_open(struct run *run, const struct spec *spec)
{
    const uint64_t n = spec->njobs, nfiles = n * spec->nfiles;
    uint32_t nprocesses = spec->processes ? spec->njobs : 1;
    uint64_t jobs = align(sizeof(struct ub_arena), 64);
    uint64_t processes = align(jobs + n * sizeof(struct ub_job), 64);
    uint64_t results = align(processes + nprocesses * sizeof(struct ub_process), 4096);
    uint64_t files = align(results + n * sizeof(struct ub_result), 64);
    uint64_t paths = files + nfiles * sizeof(struct ub_file), path_bytes = 0;
    for (uint64_t i = 0; i < nfiles; i++)
        path_bytes += strlen(spec->targets[spec->own_targets ? i : i % spec->nfiles].path) + 1;
    uint64_t histograms = align(paths + path_bytes, 4096);
    uint64_t size = align(histograms + n * UB_HIST_OPS * UB_LATS * UB_HIST_COUNTS * sizeof(uint64_t), 4096),
             responses = 0;
    if (ub_is_rated(&spec->job)) {
        responses = size;
        size = align(responses + n * UB_HIST_OPS * UB_HIST_COUNTS * sizeof(uint64_t), 4096);
    }

    void *arena = NULL;
    *run = (struct run){.njobs = spec->njobs};
    run->fd = ub_arena_create(size, &arena);
    CHECK(run->fd >= 0);
    run->arena = arena;
    PUT_HEADER(run, njobs, spec->njobs);
    PUT_HEADER(run, nprocesses, nprocesses);
    PUT_HEADER(run, jobs, jobs);
    PUT_HEADER(run, processes, processes);
    PUT_HEADER(run, results, results);
    PUT_HEADER(run, histograms, histograms);
    PUT_HEADER(run, responses, responses);
    for (uint32_t g = 0; g < nprocesses; g++) {
        const struct ub_process process = {.members = spec->processes ? 1 : spec->njobs};
        put(run, processes + g * sizeof process, &process, sizeof process);
    }
    put_jobs(run, spec, files, paths);
    char *base = arena;
    run->jobs = (struct ub_job *)(void *)(base + jobs);
    run->processes = (struct ub_process *)(void *)(base + processes);
    run->results = (struct ub_result *)(void *)(base + results);
    run->histograms = (uint64_t *)(void *)(base + histograms);
}

void run_close(struct run *run)
{
    CHECK_EQ(ub_arena_destroy(run->arena, run->fd), 0);
}

void run_start(struct run *run)
{
    CHECK_EQ(ub_jobs_start(run->arena, 0, run->njobs), 0);
}

void run_join(struct run *run)
{
    CHECK_EQ(ub_jobs_join(run->arena), 0);
    CHECK_EQ(run->arena->finished, run->njobs);
}

void run_threads(struct run *run, const struct spec *spec)
{
    run_open(run, spec);
    run_start(run);
    run_join(run);
}

void run_wait_running(const struct run *run)
{
    uint64_t until = test_now_ns() + 20000000000u;
    for (uint32_t j = 0; j < run->njobs; j++) {
        while (__atomic_load_n(&run->results[j].state, __ATOMIC_ACQUIRE) < UB_STATE_RUNNING) {
            CHECK(test_now_ns() < until);
            test_sleep_ms(1);
        }
    }
}

uint64_t run_sum_ios(const struct run *run, uint32_t op)
{
    uint64_t sum = 0;
    for (uint32_t j = 0; j < run->njobs; j++)
        sum += run->results[j].ops[op].ios;
    return sum;
}

/* -EINVAL: the features exclude one another. */
static int offered(struct variant *variant)
{
    char stage[UB_STAGE_BYTES];
    snprintf(variant->name, sizeof variant->name, "%s", variant->ops->name);
    for (const struct ub_feature *feature = variant->ops->features; feature->bit; feature++) {
        size_t used = strlen(variant->name);
        if (variant->features & feature->bit)
            snprintf(variant->name + used, sizeof variant->name - used, "+%s", feature->name);
    }
    int ret = ub_probe(variant->backend, variant->features, 1u << UB_OP_READ, 64, 64 * 4096, 4, stage);
    if (ret < 0 && ret != -EINVAL)
        test_note("%s is not tested: %s: %s", variant->name, stage, strerror(-ret));
    return ret == 0;
}

/* What works on any file. Polling, pass-through, pairs and what asks for special writes have tests of their
 * own. */
static const uint64_t combinations[] = {
    UB_FEATURE_REGISTERFILES,
    UB_FEATURE_FIXEDBUFS,
    UB_FEATURE_REGISTERFILES | UB_FEATURE_FIXEDBUFS,
    UB_FEATURE_VECTORED,
    UB_FEATURE_REGISTERFILES | UB_FEATURE_VECTORED,
    UB_FEATURE_REGISTERFILES | UB_FEATURE_FIXEDBUFS | UB_FEATURE_VECTORED,
    UB_FEATURE_REGISTERRING | UB_FEATURE_COOP_TASKRUN,
    UB_FEATURE_SINGLE_ISSUER | UB_FEATURE_DEFER_TASKRUN | UB_FEATURE_NO_SQARRAY,
    UB_FEATURE_SQPOLL | UB_FEATURE_REGISTERFILES,
    UB_FEATURE_MIN_WAIT | UB_FEATURE_REGISTERRING,
    UB_FEATURE_NO_IOWAIT | UB_FEATURE_REGISTERRING,
    UB_FEATURE_MIN_WAIT | UB_FEATURE_SQPOLL,
    UB_FEATURE_MIN_WAIT | UB_FEATURE_REG_WAIT | UB_FEATURE_SINGLE_ISSUER | UB_FEATURE_DEFER_TASKRUN,
    UB_FEATURE_FORCE_ASYNC,
    UB_FEATURE_NO_MMAP | UB_FEATURE_BIG_RINGS,
    UB_FEATURE_SQ_REWIND | UB_FEATURE_NO_SQARRAY,
    UB_FEATURE_HUGEPAGES | UB_FEATURE_FIXEDBUFS,
    UB_FEATURE_CLONE_BUFFERS | UB_FEATURE_FIXEDBUFS,
    UB_FEATURE_CQE_MIXED,
    UB_FEATURE_CQE_MIXED | UB_FEATURE_NO_MMAP | UB_FEATURE_MIN_WAIT,
    UB_FEATURE_USER_REAP,
    UB_FEATURE_EVENTFD,
    UB_FEATURE_SPIN,
    UB_FEATURE_SPIN | UB_FEATURE_VECTORED,
    UB_FEATURE_POPULATE,
};

void each_variant(void (*test)(const struct variant *variant))
{
    char rule[UB_STAGE_BYTES];
    for (uint32_t b = 0; b < UB_BACKENDS; b++) {
        const struct ub_ops *ops = ub_backend_ops(b);
        CHECK(ops);
        struct variant variant = {.backend = b, .ops = ops};
        if (offered(&variant))
            test(&variant);
        for (size_t i = 0; i < sizeof combinations / sizeof combinations[0]; i++) {
            variant = (struct variant){.backend = b, .features = combinations[i], .ops = ops};
            if (ub_features_check(ops, combinations[i], 1u << UB_OP_READ, rule) == 0 && offered(&variant))
                test(&variant);
        }
    }
}

struct variant variant_of(uint32_t backend)
{
    struct variant variant = {.backend = backend, .ops = ub_backend_ops(backend)};
    snprintf(variant.name, sizeof variant.name, "%s", variant.ops->name);
    return variant;
}
