/*
 * A fuzz target over what TypeScript writes into an arena: the header's offsets, the jobs, their files.
 * Whatever the bytes are, the check says yes or no without reading outside, and what it lets pass runs. The
 * input is a list of changes to an arena that is in order: two bytes of place, one byte of value each.
 *
 * `make fuzz` lets libFuzzer make the inputs; test/test_fuzz.c draws them at random, in every `make check`.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "job.h"
#include "ub_api.h"

#define JOBS  2u
#define FILES 2u

struct content {
    struct ub_job jobs[JOBS];
    struct ub_file files[JOBS][FILES];
    struct ub_process processes[JOBS];
    char path[16];
};

static const uint64_t histograms = (uint64_t)UB_HIST_OPS * UB_LATS * UB_HIST_COUNTS * sizeof(uint64_t);

static struct ub_arena *arena;
static struct ub_arena header;  /* in order, */
static struct content template; /* and what follows it */

static struct content *content(void)
{
    return (struct content *)(void *)(arena + 1);
}

static struct ub_job good_job(uint32_t index)
{
    const uint64_t files = sizeof *arena + offsetof(struct content, files);
    return (struct ub_job){.backend = UB_BACKEND_NULL,
                           .op_mask = 1u << UB_OP_READ,
                           .bs = {4096, 4096, 4096},
                           .iodepth = 4,
                           .batch_submit = 1,
                           .batch_complete_min = 1,
                           .batch_complete_max = 1,
                           .max_ios = 16,
                           .dist = UB_DIST_RANDOM,
                           .service_batch = 1,
                           .nfiles = FILES,
                           .files = files + index * sizeof(struct ub_file[FILES]),
                           .sq_cpu = -1};
}

static void set_up(void)
{
    const uint64_t results = (sizeof header + sizeof template + 63) / 64 * 64;
    const uint64_t responses = results + JOBS * (sizeof(struct ub_result) + histograms);
    const uint64_t size = responses + JOBS * (histograms / UB_LATS);
    void *p;
    if (ub_arena_create(size, &p) < 0)
        abort();
    arena = p;
    arena->njobs = JOBS;
    arena->nprocesses = 1;
    arena->jobs = sizeof header + offsetof(struct content, jobs);
    arena->processes = sizeof header + offsetof(struct content, processes);
    arena->results = results;
    arena->histograms = results + JOBS * sizeof(struct ub_result);
    arena->responses = responses;
    header = *arena;
    template.processes[0].members = JOBS;
    memcpy(template.path, "/dev/null", 10);
    for (uint32_t j = 0; j < JOBS; j++) {
        template.jobs[j] = good_job(j);
        for (uint32_t f = 0; f < FILES; f++)
            template.files[j][f] =
                (struct ub_file){.path = sizeof header + offsetof(struct content, path), .size = 1u << 20};
    }
}

static void change(const uint8_t *data, size_t size)
{
    const size_t places = offsetof(struct ub_arena, clock) + sizeof template;
    for (size_t i = 0; i + 3 <= size; i += 3) {
        size_t at = (size_t)(data[i] | data[i + 1] << 8) % places;
        /* Of the header what TypeScript writes: magic, version and offsets. */
        unsigned char *to = at < offsetof(struct ub_arena, clock)
                                ? (unsigned char *)arena + at
                                : (unsigned char *)content() + (at - offsetof(struct ub_arena, clock));
        *to = data[i + 2];
    }
    arena->size = header.size; /* ub_arena_create's, by which all is checked */
}

/* What would take long, or much memory, is no fault of the check; the real backends have tests of their own.
 */
static int is_small(const struct ub_job *job)
{
    uint64_t bytes = 0;
    for (uint32_t op = UB_OP_READ; op <= UB_OP_WRITE; op++)
        bytes += job->op_mask & (1u << op) ? job->bs[op] * job->iodepth : 0;
    return bytes <= 1u << 22 && job->nfiles <= 16 && job->process == 0 && job->after_count == 0;
}

static void tame(struct ub_job *job)
{
    job->backend = UB_BACKEND_NULL;
    job->features = 0;
    job->max_ios = job->max_ios % 64 + 1;
    job->runtime_ns = UINT64_C(20000000);
    job->ramp_ns = job->startdelay_ns = job->thinktime_ns = job->null_delay_ns = 0;
    job->ncpus = 0;
    job->nice = 0;
    job->flags &= ~UB_FLAG_PRIVATE_FDS;
}

/* The arrays of the header must be where they were: only then are jobs what was checked. */
static void run_all(void)
{
    if (arena->jobs != header.jobs || arena->results != header.results ||
        arena->processes != header.processes || arena->histograms != header.histograms ||
        arena->responses != header.responses || arena->njobs != JOBS ||
        arena->nprocesses != header.nprocesses)
        return;
    for (uint32_t j = 0; j < JOBS; j++)
        if (!is_small(&content()->jobs[j]))
            return;
    for (uint32_t j = 0; j < JOBS; j++)
        tame(&content()->jobs[j]);
    content()->processes[0] = template.processes[0];
    memset((char *)arena + header.results, 0, JOBS * sizeof(struct ub_result));
    if (ub_jobs_start(arena, 0, JOBS) == 0 && ub_jobs_join(arena) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!arena)
        set_up();
    *arena = header;
    *content() = template;
    change(data, size);
    int ret = ub_jobs_check(arena, 0, JOBS);
    if (ret > 0)
        abort();
    if (ret == 0)
        run_all();
    return 0;
}
