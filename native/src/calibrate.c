/*
 * What a CPU of this machine is worth now, in a few milliseconds: how long a system call takes that does
 * nothing (entry and exit with all mitigations), and an I/O of the backend null (the loop, in user mode).
 * Figures of two machines, or of one machine in two states, are told apart by it. Each is the median of
 * several short batches: a batch that was interrupted is left out by that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "job.h"
#include "sys.h"
#include "ub_api.h"

#define SYSCALL_BATCHES 11
#define SYSCALL_BATCH   256
#define NULL_BATCHES    5
#define NULL_BATCH      8192
/* A CPU that was idle has not reached its frequency yet. */
#define WARM_NS      1000000
#define NULL_BYTES   (UINT64_C(1) << 20)
#define BATCHES_MOST 11

_Static_assert(SYSCALL_BATCHES <= BATCHES_MOST && NULL_BATCHES <= BATCHES_MOST, "room for all batches");

/* An arena of one job of the backend null, as src/native/arena.ts lays one out. */
struct null_arena {
    struct ub_arena arena;
    struct ub_job job;
    struct ub_process process;
    struct ub_result result;
    struct ub_file file;
    char path[8];
    uint64_t histograms[UB_HIST_OPS * UB_LATS * UB_HIST_COUNTS];
};

struct calibration {
    cpu_set_t cpus;
    struct null_arena *null;
    uint64_t *ps;
    int error;
};

static int by_size(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* Of an odd number of batches. */
static uint64_t median(uint64_t *values, size_t n)
{
    qsort(values, n, sizeof *values, by_size);
    return values[n / 2];
}

static void warm_up(const struct ub_clock *clock)
{
    for (uint64_t until = ub_now(clock) + WARM_NS; ub_now(clock) < until;)
        UB_SYSCALL(SYS_getppid, 0, 0, 0, 0, 0, 0);
}

/* Picoseconds of a system call. getppid(2) is in no vDSO, takes no lock and has nothing to do. */
static uint64_t syscall_ps(const struct ub_clock *clock)
{
    uint64_t ps[BATCHES_MOST];
    for (int batch = 0; batch < SYSCALL_BATCHES; batch++) {
        uint64_t begin = ub_now(clock);
        for (int i = 0; i < SYSCALL_BATCH; i++)
            UB_SYSCALL(SYS_getppid, 0, 0, 0, 0, 0, 0);
        ps[batch] = (ub_now(clock) - begin) * 1000 / SYSCALL_BATCH;
    }
    return median(ps, SYSCALL_BATCHES);
}

static uint64_t offset_in(const struct null_arena *a, const void *member)
{
    return (uint64_t)((const char *)member - (const char *)a);
}

/* The job that `--backend null --rw randread --iodepth 8` would run. */
static void lay_out(struct null_arena *a, const struct ub_clock *clock)
{
    a->arena = (struct ub_arena){.magic = UB_MAGIC,
                                 .explain_fd = -1,
                                 .abi_version = UB_ABI_VERSION,
                                 .size = sizeof *a,
                                 .njobs = 1,
                                 .nprocesses = 1,
                                 .jobs = offset_in(a, &a->job),
                                 .processes = offset_in(a, &a->process),
                                 .results = offset_in(a, &a->result),
                                 .histograms = offset_in(a, a->histograms),
                                 .clock = clock->kind,
                                 .tsc_base = clock->base,
                                 .tsc_mult = clock->mult,
                                 .tsc_hz = clock->hz};
    a->job = (struct ub_job){.backend = UB_BACKEND_NULL,
                             .op_mask = 1u << UB_OP_READ,
                             .bs = {4096},
                             .iodepth = 8,
                             .batch_submit = 8,
                             .batch_complete_min = 1,
                             .batch_complete_max = 8,
                             .max_ios = NULL_BATCH,
                             .seed = 1,
                             .dist = UB_DIST_RANDOM,
                             .service_batch = 1,
                             .nfiles = 1,
                             .files = offset_in(a, &a->file),
                             .sq_cpu = -1};
    a->process = (struct ub_process){.members = 1};
    a->result = (struct ub_result){0};
    a->file = (struct ub_file){.path = offset_in(a, a->path), .size = NULL_BYTES};
}

/* Picoseconds of an I/O of the backend null; 0 with *error when it could not run. */
static uint64_t null_ps(const struct ub_clock *clock, struct null_arena *a, int *error)
{
    uint64_t ps[BATCHES_MOST];
    for (int batch = -1; batch < NULL_BATCHES; batch++) { /* the first touches its memory */
        lay_out(a, clock);
        ub_job_run_unnamed(&a->arena, 0);
        if (a->result.error) {
            *error = -(int)a->result.error;
            return 0;
        }
        if (batch >= 0)
            ps[batch] = (a->result.end_ns - a->result.begin_ns) * 1000 / NULL_BATCH;
    }
    return median(ps, NULL_BATCHES);
}

static void *calibrate(void *arg)
{
    struct calibration *c = arg;
    const struct ub_clock *clock = ub_clock_get();
    if (CPU_COUNT(&c->cpus) > 0 && sched_setaffinity(0, sizeof c->cpus, &c->cpus) < 0) {
        c->error = -errno;
        return NULL;
    }
    warm_up(clock);
    c->ps[UB_CALIBRATED_SYSCALL] = syscall_ps(clock);
    c->ps[UB_CALIBRATED_NULL] = null_ps(clock, c->null, &c->error);
    return NULL;
}

/* As a job, a thread of its own: it leaves the caller's name, affinity and signals alone. */
static int in_thread(struct calibration *c)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int ret = pthread_create(&thread, NULL, calibrate, c);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ret)
        return -ret;
    pthread_join(thread, NULL);
    return c->error;
}

int ub_calibrate(const uint64_t cpus[UB_MAX_CPUS / 64], uint64_t ps[UB_CALIBRATED])
{
    struct calibration c = {.null = calloc(1, sizeof *c.null), .ps = ps};
    if (!c.null)
        return -ENOMEM;
    CPU_ZERO(&c.cpus);
    for (size_t i = 0; i < UB_MAX_CPUS; i++)
        if (cpus[i / 64] >> (i % 64) & 1)
            CPU_SET(i, &c.cpus);
    int ret = in_thread(&c);
    free(c.null);
    return ret;
}
