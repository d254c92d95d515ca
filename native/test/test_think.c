/* +timeout: each I/O in flight pauses by itself, the run's end does not wait for pauses, and no latency has
 * one in it. */
#include <string.h>
#include "fixture.h"

#define DEPTH 4u
#define MS    UINT64_C(1000000)

static struct target file = {.size = 1 * MIB};

/* -> milliseconds that the window took */
static uint64_t think(struct run *run, uint64_t thinktime_ns, uint64_t runtime_ns, uint64_t ios)
{
    struct variant variant = variant_of(UB_BACKEND_IO_URING);
    variant.features = UB_FEATURE_TIMEOUT;
    struct ub_job job = fixture_job(&variant, 1u << UB_OP_READ);
    job.iodepth = DEPTH;
    job.thinktime_ns = thinktime_ns;
    job.runtime_ns = runtime_ns;
    job.max_ios = ios;
    const struct spec spec = {.job = job, .njobs = 1, .nfiles = 1, .targets = &file};
    run_open(run, &spec);
    run_start(run);
    if (!runtime_ns && !ios) {
        run_wait_running(run);
        test_sleep_ms(50);
        ub_arena_stop(run->arena);
    }
    run_join(run);
    CHECK_EQ(run->results[0].state, UB_STATE_FINISHED);
    if (ios)
        check_jobs(run); /* else some that were chosen were not begun */
    return (run->results[0].end_ns - run->results[0].begin_ns) / MS;
}

int main(void)
{
    char stage[UB_STAGE_BYTES];
    struct run run;
    if (ub_probe(UB_BACKEND_IO_URING, UB_FEATURE_TIMEOUT, 1u << UB_OP_READ, DEPTH, DEPTH * 4096, 1, stage) <
        0)
        test_skip("no io_uring+timeout here: %s", stage);
    file.path = test_path("data");
    test_stamp_file(file.path, file.size, 1);

    test_context("pauses of 20 ms");
    uint64_t ms = think(&run, 20 * MS, 0, (uint64_t)DEPTH * 6);
    CHECK_EQ(run.results[0].ops[UB_OP_READ].ios, DEPTH * 6);
    CHECK_BETWEEN(100, ms, 400); /* one after another would take 460 */
    CHECK(run.results[0].ops[UB_OP_READ].lat[UB_LAT_TOTAL].sum_ns < DEPTH * 6 * 20 * MS);
    run_close(&run);

    test_context("the runtime ends within pauses of a minute");
    ms = think(&run, 60000 * MS, 50 * MS, 0);
    CHECK_EQ(run.results[0].ops[UB_OP_READ].ios, DEPTH);
    CHECK_BETWEEN(50, ms, 1000);
    CHECK_EQ(run.results[0].errors_total, 0);
    run_close(&run);

    test_context("stopped within pauses of a minute");
    CHECK_BETWEEN(40, think(&run, 60000 * MS, 0, 0), 2000);
    CHECK_EQ(run.results[0].ops[UB_OP_READ].ios, DEPTH);
    CHECK_EQ(run.results[0].stalled_ns, 0);
    run_close(&run);

    test_context("no stall while all pause");
    think(&run, 60000 * MS, 1500 * MS, 0);
    CHECK_EQ(run.results[0].stalled_ns, 0);
    run_close(&run);
    return 0;
}
