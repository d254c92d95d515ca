/*
 * Context switches and CPU time of what is neither a job nor a backend's helper must not be counted as
 * helpers', and those of glibc's aio threads must.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include "fixture.h"

#define READ (1u << UB_OP_READ)
#define MS   UINT64_C(1000000)

static struct target file;

/* A thread of the runtime, as it were: wakes up often and uses CPU time. */
static struct {
    pthread_t thread;
    uint32_t stop;
    uint64_t switches;
    uint64_t cpu_ns;
} noise;

static uint64_t timeval_ns(struct timeval tv)
{
    return (uint64_t)tv.tv_sec * 1000000000u + (uint64_t)tv.tv_usec * 1000u;
}

static void *make_noise(void *arg)
{
    while (!__atomic_load_n(&noise.stop, __ATOMIC_RELAXED)) {
        uint64_t until = test_now_ns() + MS / 2;
        while (test_now_ns() < until)
            ;
        test_sleep_ms(1);
    }
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    noise.switches = (uint64_t)usage.ru_nvcsw;
    noise.cpu_ns = timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
    return arg;
}

/*
 * The first job sleeps often and is done early: it has to wait until its process was looked at, or its
 * switches would be left over in the end.
 */
static void test_no_helpers(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, READ);
    struct run run;
    test_context("sync among other threads");
    job.thinktime_ns = MS;
    job.runtime_ns = 300 * MS;
    const struct spec spec = {.job = job, .njobs = 2, .nfiles = 1, .targets = &file};
    run_open(&run, &spec);
    run.jobs[0].max_ios = 100;
    CHECK_EQ(pthread_create(&noise.thread, NULL, make_noise, NULL), 0);
    run_start(&run);
    run_join(&run);
    __atomic_store_n(&noise.stop, 1, __ATOMIC_RELAXED);
    pthread_join(noise.thread, NULL);
    check_jobs(&run);
    const struct ub_usage *helpers = &run.processes[0].helpers;
    CHECK(noise.switches > 40);
    CHECK(run.results[0].usage.voluntary >= run.results[0].ops[UB_OP_READ].ios - 1);
    CHECK_BETWEEN(0, helpers->voluntary, 20);
    CHECK_BETWEEN(0, helpers->usr_ns + helpers->sys_ns, noise.cpu_ns / 4);
    run_close(&run);
}

/* Each request wakes a thread of the pool up, or is found by one that is awake; the jobs sleep meanwhile. */
static void test_pool(void)
{
    const struct variant aio = variant_of(UB_BACKEND_POSIX_AIO);
    struct ub_job job = fixture_job(&aio, READ);
    struct run run;
    struct rusage before, after;
    test_context("posix-aio");
    job.max_ios = 2000;
    job.iodepth = 4;
    const struct spec spec = {.job = job, .njobs = 2, .nfiles = 1, .targets = &file};
    getrusage(RUSAGE_SELF, &before);
    run_threads(&run, &spec);
    getrusage(RUSAGE_SELF, &after);
    check_jobs(&run);
    const struct ub_usage *helpers = &run.processes[0].helpers;
    CHECK(helpers->voluntary > 0);
    CHECK(helpers->usr_ns + helpers->sys_ns > 0);
    /* With the jobs' no more than the whole process. */
    uint64_t counted = helpers->voluntary + helpers->involuntary;
    for (uint32_t j = 0; j < 2; j++)
        counted += run.results[j].usage.voluntary + run.results[j].usage.involuntary;
    uint64_t all = (uint64_t)(after.ru_nvcsw - before.ru_nvcsw + after.ru_nivcsw - before.ru_nivcsw);
    CHECK_BETWEEN(0.7 * (double)all - 50, counted, (double)all);
    run_close(&run);
}

/* Through the software's clock, which is there on each machine: what it says is what getrusage says. */
static void test_counter(const struct variant *variant, uint64_t ramp_ns, double helpers_share)
{
    struct ub_job job = fixture_job(variant, READ);
    struct run run;
    test_context("a counter");
    job.count = UB_COUNT_TASK_CLOCK;
    job.runtime_ns = 200 * MS;
    job.ramp_ns = ramp_ns;
    const struct spec spec = {.job = job, .njobs = 2, .nfiles = 1, .targets = &file};
    run_threads(&run, &spec);
    check_jobs(&run);
    uint64_t own = 0, counted = 0;
    for (uint32_t i = 0; i < run.njobs; i++) {
        CHECK_EQ(run.results[i].uncounted, 0);
        own += run.results[i].usage.usr_ns + run.results[i].usage.sys_ns;
        counted += run.results[i].counted;
    }
    const struct ub_usage *helpers = &run.processes[0].helpers;
    uint64_t all = own + helpers->usr_ns + helpers->sys_ns;
    CHECK(counted > 0);
    double used = (double)(all - own), least = (double)own + helpers_share * used;
    CHECK_BETWEEN(0.9 * least - MS, counted, 1.1 * (double)all + 5 * MS);
    run_close(&run);
}

static void test_counted(void)
{
    const struct variant null = variant_of(UB_BACKEND_NULL), sync = variant_of(UB_BACKEND_SYNC);
    if (ub_count_possible(UB_COUNT_TASK_CLOCK) < 0) {
        test_note("perf_event_open is refused here");
        return;
    }
    test_counter(&null, 0, 0);
    test_counter(&sync, 100 * MS, 0);
    /* A kernel thread that the job started by setting the ring up; it turns on until the last job has left.
     */
    struct variant sqpoll = variant_of(UB_BACKEND_IO_URING);
    char stage[UB_STAGE_BYTES];
    sqpoll.features = UB_FEATURE_SQPOLL;
    if (ub_probe(sqpoll.backend, sqpoll.features, 1u << UB_OP_READ, 8, 4096, 2, stage) == 0)
        test_counter(&sqpoll, 0, 0.3);
    else
        test_note("no io_uring with sqpoll here");
}

/* What can't be counted says why, and the job runs all the same. */
static void test_uncounted(void)
{
    const struct variant aio = variant_of(UB_BACKEND_POSIX_AIO), sync = variant_of(UB_BACKEND_SYNC);
    struct run run;
    struct ub_job job = fixture_job(&aio, READ);
    test_context("no counter");
    job.count = UB_COUNT_TASK_CLOCK;
    job.max_ios = 100;
    const struct spec spec = {.job = job, .njobs = 1, .nfiles = 1, .targets = &file};
    run_threads(&run, &spec);
    check_jobs(&run);
    CHECK_EQ(run.results[0].uncounted, EOPNOTSUPP);
    CHECK_EQ(run.results[0].counted, 0);
    run_close(&run);

    job = fixture_job(&sync, READ);
    job.count = UB_COUNT_INSTRUCTIONS;
    job.max_ios = 100;
    const struct spec instructions = {.job = job, .njobs = 1, .nfiles = 1, .targets = &file};
    run_threads(&run, &instructions);
    check_jobs(&run);
    int possible = ub_count_possible(UB_COUNT_INSTRUCTIONS);
    if (possible < 0)
        CHECK_EQ(run.results[0].uncounted, -possible);
    CHECK((run.results[0].counted == 0) == (run.results[0].uncounted != 0));
    run_close(&run);
    CHECK_EQ(ub_count_possible(UB_COUNTS), -EINVAL);
}

int main(void)
{
    file = (struct target){.path = test_path("file"), .size = MIB};
    test_stamp_file(file.path, file.size, 1);
    test_no_helpers();
    test_pool();
    test_counted();
    test_uncounted();
    return 0;
}
