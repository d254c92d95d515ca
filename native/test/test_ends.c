/* When a job begins and ends: the stop flag, runtime, ramp_time, startdelay, thinktime, amounts. */
#include <errno.h>
#include "fixture.h"

#define READ (1u << UB_OP_READ)
#define MS   UINT64_C(1000000)
/* Beyond what was asked: the machine may be busy with other things. */
#define SLACK_NS (700 * MS)

static struct target file;

static struct spec spec_of(struct ub_job job, uint32_t njobs)
{
    return (struct spec){.job = job, .njobs = njobs, .nfiles = 1, .targets = &file};
}

static uint64_t window_ns(const struct run *run, uint32_t j)
{
    return run->results[j].end_ns - run->results[j].begin_ns;
}

static void test_stop(const struct variant *variant)
{
    struct ub_job job = fixture_job(variant, READ);
    test_context("%s, stop", variant->name);
    job.runtime_ns = 60000 * MS;
    const struct spec spec = spec_of(job, 2);
    struct run run;
    run_open(&run, &spec);
    run_start(&run);
    run_wait_running(&run);
    test_sleep_ms(20);
    uint64_t asked = test_now_ns();
    CHECK_EQ(ub_arena_stop(run.arena), 0);
    run_join(&run);
    CHECK_BETWEEN(0, test_now_ns() - asked, 1000 * MS);
    check_jobs(&run);
    CHECK(run_sum_ios(&run, UB_OP_READ) > 0);
    run_close(&run);
}

static void test_runtime(const struct variant *variant)
{
    struct ub_job job = fixture_job(variant, READ);
    test_context("%s, runtime 100 ms", variant->name);
    job.runtime_ns = 100 * MS;
    const struct spec spec = spec_of(job, 2);
    struct run run;
    run_threads(&run, &spec);
    check_jobs(&run);
    for (uint32_t j = 0; j < 2; j++)
        CHECK_BETWEEN(100 * MS, window_ns(&run, j), 100 * MS + SLACK_NS);
    run_close(&run);
}

/*
 * What is counted in the ramp is thrown away; the runtime begins after it. With a thinktime after each I/O
 * few fit into the window, and an asynchronous backend has carried iodepth of them over from the ramp.
 */
static void test_ramp(uint32_t backend)
{
    const struct variant variant = variant_of(backend);
    struct ub_job job = fixture_job(&variant, READ);
    test_context("%s, ramp_time", variant.name);
    job.ramp_ns = 150 * MS;
    job.runtime_ns = 100 * MS;
    job.thinktime_ns = 5 * MS;
    const struct spec spec = spec_of(job, 2);
    struct run run;
    run_threads(&run, &spec);
    for (uint32_t j = 0; j < 2; j++) {
        const struct ub_result *result = &run.results[j];
        const struct ub_op_result *reads = &result->ops[UB_OP_READ];
        CHECK_BETWEEN(150 * MS, result->begin_ns - run.arena->go_ns, 150 * MS + SLACK_NS);
        CHECK_BETWEEN(100 * MS, window_ns(&run, j), 100 * MS + SLACK_NS);
        CHECK_BETWEEN(1, reads->ios, window_ns(&run, j) / (5 * MS) + 2 + job.iodepth);
        CHECK_EQ(reads->lat[UB_LAT_TOTAL].count, reads->ios);
        CHECK(backend != UB_BACKEND_SYNC || result->syscalls[UB_SYS_PREAD] == reads->ios);
        check_depth(&run, j);
    }
    CHECK_EQ(run.processes[0].ramped, 1);
    run_close(&run);
}

/* Of what the ramp leaves in flight only I/Os count, not syncs: neither in bounds nor in the time carried
 * over. */
static void test_ramp_with_syncs(uint32_t backend)
{
    const struct variant variant = variant_of(backend);
    struct ub_job job = fixture_job(&variant, 1u << UB_OP_WRITE);
    test_context("%s, ramp_time and fdatasync", variant.name);
    job.ramp_ns = 50 * MS;
    job.fdatasync = 1;
    job.iodepth = 16;
    job.max_ios = 40;
    const struct spec spec = spec_of(job, 1);
    struct run run;
    run_threads(&run, &spec);
    const struct ub_op_result *writes = &run.results[0].ops[UB_OP_WRITE];
    CHECK_EQ(writes->ios, 40);
    CHECK(run.results[0].carried_ns <= writes->lat[UB_LAT_TOTAL].sum_ns);
    run_close(&run);
}

/* The last I/O has outlasted the ramp: the turn that begins the window also ends it, never before it began.
 */
static void test_ends_with_ramp(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, READ);
    test_context("ends in the turn that ends the ramp");
    job.ramp_ns = 15 * MS;
    job.thinktime_ns = 10 * MS;
    job.max_ios = 2;
    const struct spec spec = spec_of(job, 1);
    struct run run;
    run_threads(&run, &spec);
    CHECK_BETWEEN(0, window_ns(&run, 0), SLACK_NS);
    run_close(&run);
}

/* What is queued first in the window starts in it, not before what it takes to begin one. */
static void test_first_after_ramp(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, READ);
    test_context("the first I/O after the ramp");
    job.ramp_ns = 15 * MS;
    job.max_ios = 1;
    const struct spec spec = spec_of(job, 1);
    struct run run;
    run_threads(&run, &spec);
    const struct ub_latency *lat = &run.results[0].ops[UB_OP_READ].lat[UB_LAT_TOTAL];
    CHECK_EQ(lat->count, 1);
    CHECK(lat->max_ns <= window_ns(&run, 0));
    run_close(&run);
}

static void test_startdelay(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, READ);
    test_context("startdelay");
    job.startdelay_ns = 150 * MS;
    job.max_ios = 10;
    const struct spec spec = spec_of(job, 2);
    struct run run;
    run_threads(&run, &spec);
    check_jobs(&run);
    for (uint32_t j = 0; j < 2; j++)
        CHECK_BETWEEN(150 * MS, run.results[j].begin_ns - run.arena->go_ns, 150 * MS + SLACK_NS);
    run_close(&run);

    test_context("stop in a startdelay of 60 s");
    job.startdelay_ns = 60000 * MS;
    const struct spec longer = spec_of(job, 2);
    run_open(&run, &longer);
    run_start(&run);
    test_sleep_ms(20);
    uint64_t asked = test_now_ns();
    ub_arena_stop(run.arena);
    run_join(&run);
    CHECK_BETWEEN(0, test_now_ns() - asked, 1000 * MS);
    CHECK_EQ(run_sum_ios(&run, UB_OP_READ), 0);
    run_close(&run);
}

static void test_thinktime(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, READ);
    test_context("thinktime");
    job.thinktime_ns = 10 * MS;
    job.max_ios = 15;
    const struct spec spec = spec_of(job, 1);
    struct run run;
    run_threads(&run, &spec);
    check_jobs(&run);
    CHECK_BETWEEN(14 * 10 * MS, window_ns(&run, 0), 15 * 10 * MS + SLACK_NS);
    CHECK_BETWEEN(0, run.results[0].ops[UB_OP_READ].lat[UB_LAT_TOTAL].sum_ns, 70 * MS); /* not part of it */
    run_close(&run);

    test_context("stop in a thinktime of 60 s");
    job.thinktime_ns = 60000 * MS;
    const struct spec longer = spec_of(job, 1);
    run_open(&run, &longer);
    run_start(&run);
    run_wait_running(&run);
    test_sleep_ms(20);
    uint64_t asked = test_now_ns();
    ub_arena_stop(run.arena);
    run_join(&run);
    CHECK_BETWEEN(0, test_now_ns() - asked, 1000 * MS);
    run_close(&run);
}

/* A bound that is no multiple of bs is rounded up to whole I/Os. */
static void test_amounts(void)
{
    const struct variant null = variant_of(UB_BACKEND_NULL);
    struct ub_job job = fixture_job(&null, READ);
    struct run run;
    test_context("max_bytes");
    job.max_bytes = 10 * 4096 + 1;
    const struct spec bytes = spec_of(job, 1);
    run_threads(&run, &bytes);
    check_jobs(&run);
    CHECK_EQ(run_sum_ios(&run, UB_OP_READ), 11);
    run_close(&run);

    test_context("max_ios before max_bytes");
    job.max_ios = 5;
    const struct spec ios = spec_of(job, 1);
    run_threads(&run, &ios);
    CHECK_EQ(run_sum_ios(&run, UB_OP_READ), 5);
    run_close(&run);

    test_context("max_ios below iodepth");
    job.iodepth = 64;
    job.max_ios = 3;
    job.max_bytes = 0;
    const struct spec few = spec_of(job, 1);
    run_threads(&run, &few);
    check_jobs(&run);
    run_close(&run);
}

/* Passes end drained and go on: as many I/Os, each block once in each, whatever was in flight at their ends.
 */
static void test_passes(const struct variant *variant)
{
    struct ub_job job = fixture_job(variant, READ);
    struct run run;
    test_context("%s: passes with the cache dropped", variant->name);
    job.flags &= ~UB_FLAG_DIRECT;
    job.pass_bytes = 25 * 4096;
    job.max_bytes = 3 * job.pass_bytes - 4096;
    job.batch_submit = 3;
    const struct spec spec = spec_of(job, 2);
    run_threads(&run, &spec);
    check_jobs(&run);
    CHECK_EQ(run_sum_ios(&run, UB_OP_READ), 2 * (3 * 25 - 1));
    run_close(&run);

    test_context("%s: passes within a runtime", variant->name);
    job.max_bytes = 0;
    job.max_ios = 60;
    job.runtime_ns = 30000 * MS;
    const struct spec timed = spec_of(job, 1);
    run_threads(&run, &timed);
    check_jobs(&run);
    CHECK_EQ(run_sum_ios(&run, UB_OP_READ), 60);
    run_close(&run);
}

/* What the job of a backend says it stood still, when it did two I/Os. */
static uint64_t stalled_ns(struct ub_job job)
{
    struct run run;
    job.max_ios = 2;
    job.iodepth = job.batch_submit = 1;
    const struct spec spec = spec_of(job, 1);
    run_threads(&run, &spec);
    CHECK_EQ(run.results[0].error, 0);
    uint64_t stalled = run.results[0].stalled_ns;
    run_close(&run);
    return stalled;
}

static void test_stalls(void)
{
    const struct variant null = variant_of(UB_BACKEND_NULL), sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&null, READ);
    test_context("stalls: two I/Os of 1.3 s");
    job.null_delay_ns = 1300 * MS;
    CHECK_BETWEEN(2 * 1150 * MS, stalled_ns(job), 2 * 1300 * MS + SLACK_NS);
    test_context("stalls: two I/Os of 1.3 s, the second after the deadline");
    job.runtime_ns = 1000 * MS;
    CHECK_BETWEEN(1150 * MS, stalled_ns(job), 1300 * MS + SLACK_NS);
    test_context("stalls: none in the ramp");
    job.runtime_ns = 0;
    job.ramp_ns = 2500 * MS;
    CHECK_BETWEEN(1150 * MS, stalled_ns(job), 2 * 1300 * MS + SLACK_NS);
    test_context("stalls: not I/Os of 0.6 s");
    job.ramp_ns = 0;
    job.null_delay_ns = 600 * MS;
    CHECK_EQ(stalled_ns(job), 0);
    test_context("stalls: not pauses");
    job = fixture_job(&sync, READ);
    job.thinktime_ns = 1200 * MS;
    CHECK_EQ(stalled_ns(job), 0);
}

static void test_stop_first(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, READ);
    struct run run;
    test_context("stop before the start");
    const struct spec spec = spec_of(job, 4);
    run_open(&run, &spec);
    ub_arena_stop(run.arena);
    run_start(&run);
    run_join(&run);
    CHECK_EQ(run_sum_ios(&run, UB_OP_READ), 0);
    for (uint32_t j = 0; j < 4; j++)
        CHECK(run.results[j].state == UB_STATE_FINISHED && run.results[j].error == 0);
    run_close(&run);
}

/* As when the process of another job dies before it arrives: who waits must be told to end, and does. */
static void test_stop_at_barrier(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct spec spec = spec_of(fixture_job(&sync, READ), 2);
    struct run run;
    test_context("stop at the barrier");
    spec.processes = 1;
    run_open(&run, &spec);
    CHECK_EQ(ub_jobs_start(run.arena, 0, 1), 0);
    test_sleep_ms(100); /* time enough to begin, were there no barrier */
    CHECK_EQ(__atomic_load_n(&run.results[0].state, __ATOMIC_ACQUIRE), UB_STATE_READY);
    ub_arena_stop(run.arena);
    CHECK_EQ(ub_jobs_join(run.arena), 0);
    CHECK_EQ(run.results[0].state, UB_STATE_FINISHED);
    CHECK_EQ(run.results[0].begin_ns, 0);
    CHECK_EQ(run_sum_ios(&run, UB_OP_READ), 0);
    run_close(&run);
}

/* Job 1 begins when job 0 has ended; job 2 with the trial. */
static void test_after(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct spec spec = spec_of(fixture_job(&sync, READ), 3);
    struct run run;
    test_context("after another job");
    spec.job.runtime_ns = 50000000;
    run_open(&run, &spec);
    run.jobs[1].after_count = 1;
    run_start(&run);
    run_join(&run);
    CHECK(run.results[1].begin_ns >= run.results[0].end_ns);
    CHECK(run.results[2].begin_ns < run.results[0].end_ns);
    for (uint32_t j = 0; j < 3; j++)
        CHECK(run.results[j].ops[UB_OP_READ].ios > 0);
    run_close(&run);

    test_context("stop before another job has ended");
    spec.job.runtime_ns = 60000000000;
    run_open(&run, &spec);
    run.jobs[1].after_count = 1;
    run_start(&run);
    test_sleep_ms(20);
    ub_arena_stop(run.arena);
    run_join(&run);
    CHECK_EQ(run.results[1].ops[UB_OP_READ].ios, 0);
    CHECK_EQ(run.results[1].state, UB_STATE_FINISHED);
    run_close(&run);

    test_context("after itself");
    run_open(&run, &spec);
    run.jobs[1].after_first = 1;
    run.jobs[1].after_count = 1;
    CHECK_EQ(ub_jobs_start(run.arena, 0, 3), -EINVAL);
    run_close(&run);
}

static void test_variant(const struct variant *variant)
{
    test_stop(variant);
    test_runtime(variant);
    if (!(variant->features & UB_FEATURE_IOPOLL))
        test_passes(variant);
}

int main(void)
{
    file = (struct target){.path = test_path("file"), .size = MIB};
    test_stamp_file(file.path, file.size, 1);
    each_variant(test_variant);
    test_ramp(UB_BACKEND_SYNC);
    test_ramp(UB_BACKEND_NULL);
    test_ramp(UB_BACKEND_POSIX_AIO);
    test_ramp_with_syncs(UB_BACKEND_LINUX_AIO);
    test_ramp_with_syncs(UB_BACKEND_POSIX_AIO);
    test_ends_with_ramp();
    test_first_after_ramp();
    test_startdelay();
    test_thinktime();
    test_amounts();
    test_stalls();
    test_stop_first();
    test_stop_at_barrier();
    test_after();
    return 0;
}
