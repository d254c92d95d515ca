/* The shared-memory arena: bounds, merging, and what ub_jobs_start refuses. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "fixture.h"
#include "gen.h"
#include "hist.h"

static struct target file;

static void test_bounds(void)
{
    const uint64_t size = 3 * 4096;
    unsigned char bytes[64], back[64];
    void *arena = NULL;
    int before = test_open_descriptors();
    int fd = ub_arena_create(size, &arena);
    CHECK(fd >= 0 && arena);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    const struct ub_arena *header = arena;
    CHECK(header->magic == UB_MAGIC && header->abi_version == UB_ABI_VERSION && header->size == size);
    CHECK_EQ(header->clock, ub_clock_get()->kind);
    for (uint64_t i = sizeof *header; i < size; i++)
        CHECK_EQ(((const unsigned char *)arena)[i], 0);

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i + 1);
    CHECK_EQ(ub_arena_write(arena, size - sizeof bytes, bytes, sizeof bytes), 0);
    CHECK_EQ(ub_arena_read(arena, size - sizeof back, back, sizeof back), 0);
    CHECK(memcmp(bytes, back, sizeof back) == 0);
    static const uint64_t outside[][2] = {{3 * 4096 - 63, 64}, {3 * 4096, 1},         {3 * 4096 + 1, 0},
                                          {UINT64_MAX, 1},     {UINT64_MAX, 64},      {UINT64_MAX - 10, 64},
                                          {0, UINT64_MAX},     {64, UINT64_MAX - 63}, {0, 3 * 4096 + 1}};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        test_context("offset %#llx, %#llx bytes", (unsigned long long)outside[i][0],
                     (unsigned long long)outside[i][1]);
        CHECK_EQ(ub_arena_read(arena, outside[i][0], back, outside[i][1]), -ERANGE);
        CHECK_EQ(ub_arena_write(arena, outside[i][0], bytes, outside[i][1]), -ERANGE);
    }
    test_context("bounds");
    CHECK_EQ(ub_arena_read(arena, size, back, 0), 0);
    CHECK_EQ(ub_arena_destroy(arena, fd), 0);
    CHECK_EQ(test_open_descriptors(), before);
}

static void test_impossible_sizes(void)
{
    static const uint64_t sizes[] = {0, UINT64_C(1) << 62, UINT64_MAX};
    int before = test_open_descriptors();
    for (size_t i = 0; i < 3; i++) {
        void *arena = NULL;
        test_context("arena of %#llx bytes", (unsigned long long)sizes[i]);
        CHECK(ub_arena_create(sizes[i], &arena) < 0);
        CHECK_EQ(test_open_descriptors(), before);
    }
}

static struct spec spec_of(struct ub_job job, uint32_t njobs)
{
    return (struct spec){.job = job, .njobs = njobs, .nfiles = 1, .targets = &file};
}

/* Adds up what the jobs counted; a job without samples has no say in the minimum. */
static void test_merge(void)
{
    const struct variant null = variant_of(UB_BACKEND_NULL);
    const struct spec spec = spec_of(fixture_job(&null, 1u << UB_OP_READ), 3);
    static uint64_t counts[UB_HIST_COUNTS], want[UB_HIST_COUNTS];
    struct ub_latency total;
    struct run run;
    uint64_t rng = 7, sum = 0, least = UINT64_MAX, most = 0;
    test_context("merge");
    run_open(&run, &spec);
    for (uint32_t j = 0; j < 2; j++) { /* the third has none, and fields as a job leaves them */
        struct ub_latency *lat = &run.results[j].ops[UB_OP_WRITE].lat[UB_LAT_DONE];
        uint64_t *own =
            run.histograms + ((j * UB_HIST_OPS + UB_OP_WRITE) * UB_LATS + UB_LAT_DONE) * UB_HIST_COUNTS;
        lat->min_ns = UINT64_MAX;
        for (int i = 0; i < 1000; i++) {
            uint64_t ns = ub_rng_below(&rng, UB_HIST_MAX + UB_HIST_MAX / 100);
            ub_latency_add(lat, own, ns);
            sum += ns;
            least = ns < least ? ns : least;
            most = ns > most ? ns : most;
        }
        for (uint32_t i = 0; i < UB_HIST_COUNTS; i++)
            want[i] += own[i];
    }
    memset(counts, 0xff, sizeof counts);
    CHECK_EQ(ub_arena_merge(run.arena, UB_OP_WRITE, UB_LAT_DONE, 0, run.njobs, counts, &total), 0);
    CHECK(memcmp(counts, want, sizeof counts) == 0);
    CHECK_EQ(total.count, 2000);
    CHECK_EQ(total.sum_ns, sum);
    CHECK_EQ(total.min_ns, least);
    CHECK_EQ(total.max_ns, most);
    CHECK(total.over > 0);
    CHECK_EQ(total.over, run.results[0].ops[UB_OP_WRITE].lat[UB_LAT_DONE].over +
                             run.results[1].ops[UB_OP_WRITE].lat[UB_LAT_DONE].over);

    CHECK_EQ(ub_arena_merge(run.arena, UB_OP_READ, UB_LAT_DONE, 0, run.njobs, counts, &total), 0);
    CHECK(total.count == 0 && total.min_ns == UINT64_MAX && total.max_ns == 0);
    for (uint32_t i = 0; i < UB_HIST_COUNTS; i++)
        CHECK_EQ(counts[i], 0);
    CHECK_EQ(ub_arena_merge(run.arena, UB_OP_WRITE, UB_LAT_DONE, 1, 1, counts, &total), 0);
    CHECK_EQ(total.count, 1000);
    CHECK_EQ(total.max_ns, run.results[1].ops[UB_OP_WRITE].lat[UB_LAT_DONE].max_ns);
    CHECK_EQ(ub_arena_merge(run.arena, UB_OP_WRITE, UB_LAT_DONE, 1, run.njobs, counts, &total), -EINVAL);
    CHECK_EQ(ub_arena_merge(run.arena, UB_OP_WRITE, UB_LAT_DONE, run.njobs + 1, 0, counts, &total), -EINVAL);
    CHECK_EQ(ub_arena_merge(run.arena, UB_OPS, 0, 0, run.njobs, counts, &total), -EINVAL);
    CHECK_EQ(ub_arena_merge(run.arena, 0, UB_LAT_RESPONSE + 1, 0, run.njobs, counts, &total), -EINVAL);
    run_close(&run);
}

static void refuse(const char *why, const struct run *run, uint32_t first, uint32_t count, int want)
{
    test_context("start of jobs with %s", why);
    CHECK_EQ(ub_jobs_start(run->arena, first, count), want);
    CHECK_EQ(ub_jobs_join(run->arena), -EINVAL);
}

static void test_refused_jobs(void)
{
    const struct variant null = variant_of(UB_BACKEND_NULL), laio = variant_of(UB_BACKEND_LINUX_AIO);
    struct spec spec = spec_of(fixture_job(&null, 1u << UB_OP_READ), 2);
    struct run run;
    spec.job.max_ios = 1;
    run_open(&run, &spec);
    const struct ub_job good = run.jobs[1];
    struct ub_job *job = &run.jobs[1];
    refuse("a first one beyond the last", &run, 3, 0, -EINVAL);
    refuse("more than there are", &run, 1, 2, -EINVAL);
    refuse("a count that overflows", &run, 1, UINT32_MAX, -EINVAL);
    job->backend = UB_BACKENDS;
    refuse("an unknown backend", &run, 0, 2, -EINVAL);
    *job = good, job->features = UB_FEATURE_FIXEDBUFS;
    refuse("a feature of another backend", &run, 0, 2, -EINVAL);
    *job = good, job->backend = laio.backend, job->op_mask = 1u << UB_OP_TRIM;
    refuse("an operation that it can't do", &run, 0, 2, -EINVAL);
    *job = good, job->op_mask = 0;
    refuse("no operation", &run, 0, 2, -EINVAL);
    *job = good, job->iodepth = 0;
    refuse("iodepth 0", &run, 0, 2, -EINVAL);
    *job = good, job->nfiles = 0;
    refuse("no file", &run, 0, 2, -EINVAL);
    *job = good, run.arena->magic++;
    refuse("a wrong magic number", &run, 0, 2, -EPROTO);
    run.arena->magic--, run.arena->abi_version++;
    refuse("another version of the ABI", &run, 0, 2, -EPROTO);
    run.arena->abi_version--;
    CHECK_EQ(run.arena->arrived, 0);
    run_start(&run);
    run_join(&run);
    check_jobs(&run);
    run_close(&run);
}

static void test_one_run_at_a_time(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    const struct spec spec = spec_of(fixture_job(&sync, 1u << UB_OP_READ), 2);
    struct run run, other;
    test_context("two runs at a time");
    run_open(&run, &spec);
    run_open(&other, &spec);
    run_start(&run);
    CHECK_EQ(ub_jobs_start(other.arena, 0, 2), -EBUSY);
    CHECK_EQ(ub_jobs_join(other.arena), -EINVAL);
    ub_arena_stop(run.arena);
    run_join(&run);
    CHECK_EQ(ub_jobs_join(run.arena), -EINVAL);
    ub_arena_stop(other.arena);
    run_start(&other);
    run_join(&other);
    run_close(&run);
    run_close(&other);
}

/* Linked in place of the C library's (ld --wrap): fails when threads_left is used up. */
static int threads_left = -1;
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    if (threads_left == 0)
        return EAGAIN;
    threads_left -= threads_left > 0;
    return __real_pthread_create(thread, attr, run, arg);
}

/* No more threads: those that have started must not wait for the others for ever. */
static void test_no_thread(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    const struct spec spec = spec_of(fixture_job(&sync, 1u << UB_OP_READ), 4);
    struct run run;
    for (int started = 0; started < 4; started++) {
        test_context("only %d threads of 4", started);
        run_open(&run, &spec);
        threads_left = started;
        uint64_t begin = test_now_ns();
        CHECK_EQ(ub_jobs_start(run.arena, 0, 4), -EAGAIN);
        CHECK_BETWEEN(0, test_now_ns() - begin, 2e9);
        CHECK_EQ(run.arena->finished, started); /* they have ended: the arena can go */
        CHECK_EQ(ub_jobs_join(run.arena), -EINVAL);
        run_close(&run);
    }
    threads_left = -1;
}

struct caller {
    struct ub_arena *arena;
    uint32_t index;
    int ret;
    pthread_t thread;
};

static void *call_job(void *arg)
{
    struct caller *self = arg;
    sigset_t mask;
    self->ret = ub_job_call(self->arena, self->index);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    CHECK_EQ(sigismember(&mask, SIGTERM), 0);
    return NULL;
}

/* Threads of a runtime run jobs; one that ends before it could is not waited for. */
static void test_called(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct spec spec = spec_of(fixture_job(&sync, 1u << UB_OP_READ), 3);
    spec.job.runtime_ns = 50000000;
    for (uint32_t called = 2; called <= 3; called++) {
        struct caller callers[3];
        struct run run;
        test_context("%u of 3 jobs called", called);
        run_open(&run, &spec);
        for (uint32_t i = 0; i < called; i++) {
            callers[i] = (struct caller){.arena = run.arena, .index = i};
            CHECK_EQ(pthread_create(&callers[i].thread, NULL, call_job, &callers[i]), 0);
        }
        if (called < 3)
            CHECK_EQ(ub_job_absent(run.arena, 2), 0);
        for (uint32_t i = 0; i < called; i++) {
            CHECK_EQ(pthread_join(callers[i].thread, NULL), 0);
            CHECK_EQ(callers[i].ret, 0);
            CHECK_EQ(run.results[i].state, UB_STATE_FINISHED);
            CHECK_EQ(run.results[i].ops[UB_OP_READ].ios > 0, called == 3);
        }
        CHECK_EQ(run.arena->finished, called);
        /* A job that has run is none that is missing. */
        CHECK_EQ(ub_job_absent(run.arena, 0), 0);
        CHECK_EQ(run.processes[0].finished, 3);
        CHECK_EQ(ub_job_absent(run.arena, 3), -EINVAL);
        CHECK_EQ(ub_job_call(run.arena, 3), -EINVAL);
        run_close(&run);
    }
}

int main(void)
{
    file = (struct target){.path = test_path("file"), .size = MIB};
    test_stamp_file(file.path, file.size, 1);
    test_bounds();
    test_impossible_sizes();
    test_merge();
    test_refused_jobs();
    test_one_run_at_a_time();
    test_no_thread();
    test_called();
    return 0;
}
