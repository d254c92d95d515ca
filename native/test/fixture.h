/* Runs of jobs for the C tests: an arena laid out as src/native/arena.ts does it. */
#ifndef UB_FIXTURE_H
#define UB_FIXTURE_H

#include "job.h"
#include "test.h"
#include "ub_api.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)

/* TSan shadows the whole arena, 3 MiB a job, whenever one is mapped: that takes most of the time there. */
#if defined(__SANITIZE_THREAD__)
#define MANY_JOBS 2
#else
#define MANY_JOBS 4
#endif

struct target {
    const char *path;
    uint64_t size;
    uint64_t offset;
    uint32_t kind;
};

/* What to run: njobs copies of job, which differ in their seeds and, if so said, in their files. */
struct spec {
    struct ub_job job;
    uint32_t njobs;
    uint32_t nfiles;              /* of each job */
    const struct target *targets; /* [nfiles], or [njobs][nfiles] with own_targets */
    uint32_t own_targets;
    uint32_t processes; /* each job is a process of its own */
};

struct run {
    int fd;
    uint32_t njobs;
    struct ub_arena *arena;
    struct ub_job *jobs;
    struct ub_process *processes;
    struct ub_result *results;
    uint64_t *histograms;
};

/* A backend with features, as the registry and the kernel allow them. */
struct variant {
    char name[128];
    uint32_t backend;
    uint64_t features;
    const struct ub_ops *ops;
};

/* random 4 KiB reads or what op_mask says, depth 8, defaults of the command line for the rest; no bound. */
struct ub_job fixture_job(const struct variant *variant, uint32_t op_mask);

/* The arena of a run, filled in. */
void run_open(struct run *run, const struct spec *spec);
void run_close(struct run *run);
/* Runs all jobs on threads of this process. */
void run_start(struct run *run);
void run_join(struct run *run);
/* run_open, run_start and run_join. */
void run_threads(struct run *run, const struct spec *spec);
/* Waits until all jobs are in their loops; TSan sees no race. */
void run_wait_running(const struct run *run);

uint64_t run_sum_ios(const struct run *run, uint32_t op);

/*
 * Every backend with none of its features and with combinations of them that work on any file. What the
 * kernel refuses is said in a note.
 */
void each_variant(void (*test)(const struct variant *variant));
/* One variant, without features. */
struct variant variant_of(uint32_t backend);

/*
 * checks.c: what holds for every job that ran to its end without an error or a short I/O. All I/Os are in the
 * histograms, bytes are those of the I/Os, never more than iodepth were in flight (Little's law), the system
 * calls fit.
 */
void check_jobs(const struct run *run);
/* Of one job: the time that all I/Os together were in flight is at most depth times the window. */
void check_depth(const struct run *run, uint32_t job);

#endif
