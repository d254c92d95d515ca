/* Open loops of every backend: I/Os go when they are due, late ones are late in the response alone, and every
 * end is noticed. */
#include <string.h>
#include "fixture.h"

#define MS UINT64_C(1000000)

static struct target file = {.size = 1 * MIB};

static struct ub_job rated_job(const struct variant *variant, double iops)
{
    struct ub_job job = fixture_job(variant, 1u << UB_OP_READ);
    job.rate_iops = iops;
    return job;
}

static void run_rated(struct run *run, const struct ub_job *job, uint32_t njobs)
{
    const struct spec spec = {.job = *job, .njobs = njobs, .nfiles = 1, .targets = &file};
    run_threads(run, &spec);
}

/* Of all I/Os there is a response; it is not shorter than the service, and all of them are in its histogram.
 */
static void check_responses(const struct run *run)
{
    static uint64_t counts[UB_HIST_COUNTS];
    struct ub_latency all;
    uint64_t sum = 0, service = 0;
    CHECK_EQ(ub_arena_merge(run->arena, UB_OP_READ, UB_LAT_RESPONSE, 0, run->njobs, counts, &all), 0);
    for (uint32_t i = 0; i < UB_HIST_COUNTS; i++)
        sum += counts[i];
    for (uint32_t j = 0; j < run->njobs; j++)
        service += run->results[j].ops[UB_OP_READ].lat[UB_LAT_TOTAL].sum_ns;
    CHECK_EQ(all.count, run_sum_ios(run, UB_OP_READ));
    CHECK_EQ(sum, all.count);
    CHECK(all.sum_ns >= service);
}

static int can_be_rated(const struct variant *variant)
{
    return !(variant->features & (UB_FEATURE_MIN_WAIT | UB_FEATURE_EVENTFD));
}

/* 100 I/Os at 1000 a second: no sooner than they are due, and none left out. */
static void test_number(const struct variant *variant)
{
    struct run run;
    if (!can_be_rated(variant))
        return;
    test_context("%s, 100 I/Os", variant->name);
    struct ub_job job = rated_job(variant, 1000.0);
    job.max_ios = 100;
    run_rated(&run, &job, 1);
    CHECK_EQ(run.results[0].state, UB_STATE_FINISHED);
    CHECK_EQ(run_sum_ios(&run, UB_OP_READ), 100);
    CHECK_BETWEEN(99, (run.results[0].end_ns - run.results[0].begin_ns) / MS, 5000);
    CHECK_EQ(run.results[0].unsent, 0);
    check_jobs(&run);
    check_responses(&run);
    run_close(&run);
}

/* Poisson, a ramp and a runtime, jobs beside each other. */
static void test_time(const struct variant *variant)
{
    struct run run;
    if (!can_be_rated(variant))
        return;
    test_context("%s, 100 ms after a ramp", variant->name);
    struct ub_job job = rated_job(variant, 2000.0);
    job.rate_process = UB_RATE_POISSON;
    job.ramp_ns = 50 * MS;
    job.runtime_ns = 100 * MS;
    run_rated(&run, &job, 2);
    for (uint32_t j = 0; j < 2; j++) {
        CHECK_EQ(run.results[j].state, UB_STATE_FINISHED);
        uint64_t due = run.results[j].ops[UB_OP_READ].ios + run.results[j].unsent;
        CHECK_BETWEEN(120, due, 1000); /* 200 on average, and what the ramp may have left */
    }
    check_responses(&run);
    run_close(&run);
}

/* A device that takes 2 ms for each I/O where one is due every ms: what is late waits, and is left over. */
static void test_too_slow(void)
{
    struct run run;
    struct variant variant = variant_of(UB_BACKEND_NULL);
    test_context("twice the rate that can be held");
    struct ub_job job = rated_job(&variant, 1000.0);
    job.null_delay_ns = 2 * MS;
    job.runtime_ns = 200 * MS;
    run_rated(&run, &job, 1);
    const struct ub_result *result = &run.results[0];
    const struct ub_latency *service = &result->ops[UB_OP_READ].lat[UB_LAT_TOTAL];
    const struct ub_latency *response = &result->response[UB_OP_READ];
    CHECK_BETWEEN(199, result->ops[UB_OP_READ].ios + result->unsent, 201);
    CHECK_BETWEEN(50, result->unsent, 199);
    CHECK(response->max_ns > service->max_ns); /* the last one sent was due long before */
    CHECK(response->max_ns > 40 * MS);
    check_responses(&run);
    run_close(&run);
}

/* Seconds until the next one is due: neither the end nor a stop waits for it, and it is no stall. */
static void test_ends(int stop)
{
    struct run run;
    struct variant variant = variant_of(UB_BACKEND_SYNC);
    test_context(stop ? "stopped between I/Os" : "the runtime ends between I/Os");
    struct ub_job job = rated_job(&variant, 0.01);
    job.runtime_ns = stop ? 0 : 1200 * MS;
    const struct spec spec = {.job = job, .njobs = 1, .nfiles = 1, .targets = &file};
    run_open(&run, &spec);
    run_start(&run);
    if (stop) {
        run_wait_running(&run);
        test_sleep_ms(50);
        ub_arena_stop(run.arena);
    }
    run_join(&run);
    CHECK_EQ(run.results[0].state, UB_STATE_FINISHED);
    CHECK_EQ(run.results[0].ops[UB_OP_READ].ios, 1);
    CHECK_EQ(run.results[0].stalled_ns, 0);
    CHECK_EQ(run.results[0].unsent, 0);
    CHECK_BETWEEN(stop ? 20 : 1199, (run.results[0].end_ns - run.results[0].begin_ns) / MS, 6000);
    run_close(&run);
}

/* Passes over a file with nothing cached, each of which begins where the one before ended. */
static void test_passes(void)
{
    struct run run;
    struct variant variant = variant_of(UB_BACKEND_SYNC);
    test_context("three passes");
    struct ub_job job = rated_job(&variant, 5000.0);
    job.flags = UB_FLAG_INVALIDATE;
    job.pass_bytes = file.size;
    job.max_bytes = 3 * file.size;
    run_rated(&run, &job, 1);
    CHECK_EQ(run.results[0].state, UB_STATE_FINISHED);
    CHECK_EQ(run.results[0].ops[UB_OP_READ].ios, 3 * file.size / 4096);
    CHECK_EQ(run.results[0].unsent, 0);
    CHECK_BETWEEN(153, (run.results[0].end_ns - run.results[0].begin_ns) / MS, 5000);
    check_responses(&run);
    run_close(&run);
}

/* Syncs go between writes and take no place in the schedule. */
static void test_syncs(const struct variant *variant)
{
    struct run run;
    if (!can_be_rated(variant))
        return;
    test_context("%s, fsync after each second write", variant->name);
    struct ub_job job = fixture_job(variant, 1u << UB_OP_WRITE);
    job.rate_iops = 2000.0;
    job.max_ios = 20;
    job.fsync = 2;
    run_rated(&run, &job, 1);
    CHECK_EQ(run.results[0].state, UB_STATE_FINISHED);
    CHECK_EQ(run.results[0].ops[UB_OP_WRITE].ios, 20);
    CHECK_BETWEEN(9, run.results[0].ops[UB_OP_SYNC].ios, 10);
    CHECK_EQ(run.results[0].response[UB_OP_SYNC].count, run.results[0].ops[UB_OP_SYNC].ios);
    run_close(&run);
}

static void check_refused(const struct ub_job *job, const char *what)
{
    struct run run;
    const struct spec spec = {.job = *job, .njobs = 1, .nfiles = 1, .targets = &file};
    test_context("refused: %s", what);
    run_open(&run, &spec);
    CHECK(ub_jobs_start(run.arena, 0, 1) < 0);
    run_close(&run);
}

static void test_refused(void)
{
    struct variant variant = variant_of(UB_BACKEND_IO_URING);
    struct ub_job job = rated_job(&variant, 1000.0), other = job;
    other.thinktime_ns = 1;
    check_refused(&other, "thinktime");
    other = job;
    other.rate_process = UB_RATE_PROCESSES;
    check_refused(&other, "an unknown process");
    other = job;
    other.rate_iops = 1e12;
    check_refused(&other, "more than can be told apart");
    other = job;
    other.features = UB_FEATURE_MIN_WAIT;
    check_refused(&other, "min_wait");
    variant = variant_of(UB_BACKEND_LINUX_AIO);
    other = rated_job(&variant, 1000.0);
    other.features = UB_FEATURE_EVENTFD;
    check_refused(&other, "eventfd");
}

int main(void)
{
    file.path = test_path("data");
    test_stamp_file(file.path, file.size, 1);
    each_variant(test_number);
    each_variant(test_time);
    each_variant(test_syncs);
    test_too_slow();
    test_ends(0);
    test_ends(1);
    test_passes();
    test_refused();
    return 0;
}
