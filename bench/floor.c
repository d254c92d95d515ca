/*
 * floor DEPTH BATCH SECONDS CPU: one job of the null backend, random reads of 1 KiB blocks of a 512 MiB file
 * that is never opened: what the loop, the offset, the clock and the histogram cost. Prints nanoseconds per
 * I/O.
 *
 * It calls ub_job_run, the code of a real run, on an arena of its own. Built twice: from the objects of the
 * library as it is, and from objects that were compiled with UB_NO_LATENCY, which keep no latencies.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "job.h"
#include "ub_api.h"

#define BLOCK_BYTES  1024u
#define FILE_BYTES   (UINT64_C(512) << 20)
#define HIST_BYTES   ((uint64_t)UB_HIST_OPS * UB_LATS * UB_HIST_COUNTS * sizeof(uint64_t))
#define UP(n, align) (((n) + (align)-1) / (align) * (align))

/* Where everything lies: header, job, process, result, histograms, file and its path. */
struct plan {
    uint64_t job, process, result, histograms, file, path, size;
};

static struct plan place(void)
{
    struct plan at;
    at.job = UP(sizeof(struct ub_arena), 64);
    at.process = UP(at.job + sizeof(struct ub_job), 64);
    at.result = UP(at.process + sizeof(struct ub_process), 64);
    at.histograms = UP(at.result + sizeof(struct ub_result), 4096);
    at.file = at.histograms + HIST_BYTES;
    at.path = at.file + sizeof(struct ub_file);
    at.size = UP(at.path + 8, 4096);
    return at;
}

static void describe(char *base, const struct plan *at, uint32_t depth, uint32_t batch, uint64_t runtime_ns,
                     uint32_t cpu)
{
    struct ub_arena *arena = (struct ub_arena *)(void *)base;
    arena->njobs = arena->nprocesses = 1;
    arena->jobs = at->job;
    arena->processes = at->process;
    arena->results = at->result;
    arena->histograms = at->histograms;
    ((struct ub_process *)(void *)(base + at->process))->members = 1;
    *(struct ub_file *)(void *)(base + at->file) = (struct ub_file){.path = at->path, .size = FILE_BYTES};
    struct ub_job *job = (struct ub_job *)(void *)(base + at->job);
    *job = (struct ub_job){
        .backend = UB_BACKEND_NULL,
        .flags = UB_FLAG_NORANDOMMAP,
        .op_mask = 1u << UB_OP_READ,
        .bs = {BLOCK_BYTES, BLOCK_BYTES, BLOCK_BYTES},
        .iodepth = depth,
        .batch_submit = batch,
        .batch_complete_min = batch,
        .batch_complete_max = batch,
        .runtime_ns = runtime_ns,
        .seed = 42,
        .dist = UB_DIST_RANDOM,
        .service_batch = 1,
        .nfiles = 1,
        .files = at->file,
        .ncpus = 1,
        .sq_cpu = -1,
    };
    job->cpus[cpu / 64] = UINT64_C(1) << (cpu % 64);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: floor DEPTH BATCH SECONDS CPU\n");
        return 2;
    }
    uint32_t depth = (uint32_t)atoi(argv[1]), batch = (uint32_t)atoi(argv[2]), cpu = (uint32_t)atoi(argv[4]);
    if (depth == 0 || batch == 0 || batch > depth || cpu >= UB_MAX_CPUS || atof(argv[3]) <= 0) {
        fprintf(stderr, "floor: wrong arguments\n");
        return 2;
    }
    struct plan at = place();
    void *arena = NULL;
    int fd = ub_arena_create(at.size, &arena);
    if (fd < 0) {
        fprintf(stderr, "floor: arena: %s\n", strerror(-fd));
        return 1;
    }
    describe(arena, &at, depth, batch, (uint64_t)(atof(argv[3]) * 1e9), cpu);
    ub_job_run(arena, 0);
    const struct ub_result *result = (const struct ub_result *)(const void *)((char *)arena + at.result);
    const struct ub_op_result *read = &result->ops[UB_OP_READ];
    if (result->error || read->ios == 0) {
        fprintf(stderr, "floor: %s: %s\n", result->stage, strerror((int)result->error));
        return 1;
    }
#ifdef UB_NO_LATENCY
    const uint64_t expected = 0;
#else
    const uint64_t expected = read->ios;
#endif
    if (read->lat[UB_LAT_TOTAL].count != expected) {
        fprintf(stderr, "floor: %lu latencies of %lu I/Os\n", (unsigned long)read->lat[UB_LAT_TOTAL].count,
                (unsigned long)read->ios);
        return 1;
    }
    printf("%.3f\n", (double)(result->end_ns - result->begin_ns) / (double)read->ios);
    return 0;
}
