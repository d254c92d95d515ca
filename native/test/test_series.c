/* Looks at a trial as it goes on: whatever jobs do meanwhile, the looks add up to what they have counted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fixture.h"
#include "gen.h"
#include "hist.h"

#define MS UINT64_C(1000000)

static struct target file = {.size = 1 * MIB};
static unsigned char room[UB_SERIES_BYTES];

/* What looks have told of an operation so far. */
struct sum {
    uint64_t ios, bytes, errors, samples, sum_ns, max_ns;
    uint64_t counts[UB_HIST_COUNTS];
};
static struct sum sums[UB_OPS];

static uint64_t number_at(const unsigned char **at, const unsigned char *end)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        CHECK(*at < end && shift < 63);
        value |= (uint64_t)(**at & 0x7f) << shift;
        if (*(*at)++ < 0x80)
            return value;
    }
}

static void add_op(struct sum *sum, const struct ub_series_op *op)
{
    const unsigned char *at = room + op->at, *end = at + op->length;
    uint64_t index = 0, samples = 0;
    while (at < end) {
        uint64_t number = number_at(&at, end);
        if (number & 1) {
            index += (number + 1) / 2;
            continue;
        }
        CHECK(index < UB_HIST_COUNTS && number > 0);
        sum->counts[index++] += number / 2;
        samples += number / 2;
    }
    CHECK_EQ(samples, op->samples);
    if (samples) /* the last bucket that has any is that of the greatest */
        CHECK_EQ(ub_hist_index(op->max_ns < UB_HIST_MAX ? op->max_ns : UB_HIST_MAX), index - 1);
    sum->ios += op->ios;
    sum->bytes += op->bytes;
    sum->errors += op->errors;
    sum->samples += samples;
    sum->sum_ns += op->sum_ns;
    sum->max_ns = op->max_ns > sum->max_ns ? op->max_ns : sum->max_ns;
}

static struct ub_series_look take(void *series)
{
    struct ub_series_look look;
    CHECK_EQ(ub_series_take(series, &look, room, sizeof room), 0);
    for (uint32_t op = 0; op < UB_OPS; op++)
        add_op(&sums[op], &look.ops[op]);
    return look;
}

/* What the looks have told is what the jobs have counted. */
static void check_sums(const struct run *run, uint32_t lat)
{
    static uint64_t counts[UB_HIST_COUNTS];
    for (uint32_t op = 0; op < UB_OPS; op++) {
        struct ub_latency all;
        uint64_t bytes = 0;
        CHECK_EQ(ub_arena_merge(run->arena, op, lat, 0, run->njobs, counts, &all), 0);
        for (uint32_t j = 0; j < run->njobs; j++)
            bytes += run->results[j].ops[op].bytes;
        CHECK_EQ(sums[op].ios, run_sum_ios(run, op));
        CHECK_EQ(sums[op].bytes, bytes);
        CHECK_EQ(sums[op].samples, all.count);
        CHECK_EQ(sums[op].sum_ns, all.sum_ns);
        CHECK_EQ(sums[op].max_ns, all.max_ns);
        CHECK(memcmp(sums[op].counts, counts, sizeof counts) == 0);
    }
}

/* A job that counts some I/Os as loop.h does. */
static void count_some(struct run *run, uint32_t job, uint32_t op, uint64_t *rng)
{
    struct ub_result *result = &run->results[job];
    uint64_t *own =
        run->histograms + (uint64_t)(job * UB_HIST_OPS + op % UB_HIST_OPS) * UB_LATS * UB_HIST_COUNTS;
    for (uint64_t n = ub_rng_below(rng, 40); n > 0; n--) {
        result->ops[op].ios++;
        result->ops[op].bytes += 4096;
        ub_latency_add(&result->ops[op].lat[UB_LAT_TOTAL], own,
                       ub_rng_below(rng, UINT64_C(1) << (1 + ub_rng_below(rng, 43))));
    }
}

/* Any I/Os between any looks. A window that has not begun counts for nothing; one of another kind of
 * operation shares its histogram's place with another job's. */
static void test_any_steps(void)
{
    static const uint32_t ops[] = {UB_OP_READ, UB_OP_WRITE, UB_OP_CREATE};
    const struct variant null = variant_of(UB_BACKEND_NULL);
    const struct spec spec = {.job = fixture_job(&null, 1), .njobs = 3, .nfiles = 1, .targets = &file};
    struct run run;
    uint64_t rng = 5;
    test_context("I/Os between looks");
    run_open(&run, &spec);
    for (uint32_t j = 0; j < 3; j++)
        for (uint32_t op = 0; op < UB_OPS; op++)
            run.results[j].ops[op].lat[UB_LAT_TOTAL].min_ns = UINT64_MAX;
    void *series;
    CHECK_EQ(ub_series_open(run.arena, &series), 0);
    struct ub_series_look look = take(series);
    CHECK(look.measuring == 0 && look.begin_ns == 0 && look.at_ns > 0 && !look.ended);
    for (uint32_t step = 0; step < 200; step++) {
        test_context("look %u", step);
        uint32_t job = (uint32_t)ub_rng_below(&rng, 3);
        if (!run.results[job].measuring) {
            run.results[job].begin_ns = 1000 + step;
            run.results[job].measuring = 1;
        }
        count_some(&run, job, ops[job == 2 ? 2 : ub_rng_below(&rng, 2)], &rng);
        if (step == 100) {
            run.results[job].errors[0] = (struct ub_error){.op = UB_OP_WRITE, .error = EIO, .count = 3};
            run.results[job].nerrors = 1;
        }
        look = take(series);
        CHECK_EQ(look.begin_ns, 1000);
    }
    CHECK_EQ(look.measuring, 3);
    check_sums(&run, UB_LAT_TOTAL);
    CHECK(sums[UB_OP_READ].samples > 0 && sums[UB_OP_CREATE].samples > 0);
    CHECK_EQ(sums[UB_OP_WRITE].errors, 3);
    CHECK_EQ(sums[UB_OP_READ].errors, 0);
    look = take(series);
    CHECK_EQ(look.ops[UB_OP_READ].ios + look.ops[UB_OP_READ].samples + look.ops[UB_OP_READ].length, 0);
    count_some(&run, 0, UB_OP_READ, &rng);
    count_some(&run, 0, UB_OP_READ, &rng);
    CHECK_EQ(ub_series_take(series, &look, room, 1), -ENOSPC);
    CHECK_EQ(ub_series_close(series), 0);
    run_close(&run);
}

/* Looks at jobs that are at work, until they have ended -> how many saw something. */
static uint32_t watch(struct run *run, uint64_t *begin_ns)
{
    void *series;
    struct ub_series_look look;
    uint32_t saw = 0;
    memset(sums, 0, sizeof sums);
    CHECK_EQ(ub_series_open(run->arena, &series), 0);
    run_start(run);
    do {
        test_sleep_ms(5);
        look = take(series);
        saw += look.ops[UB_OP_READ].ios > 0;
        if (look.begin_ns && !*begin_ns)
            *begin_ns = look.begin_ns;
    } while (!look.ended);
    uint64_t end = 0;
    for (uint32_t j = 0; j < run->njobs; j++)
        end = run->results[j].end_ns > end ? run->results[j].end_ns : end;
    CHECK_EQ(look.at_ns, end);
    run_join(run);
    take(series);
    CHECK_EQ(ub_series_close(series), 0);
    return saw;
}

static void watched(struct ub_job job, uint32_t lat)
{
    const struct spec spec = {.job = job, .njobs = 2, .nfiles = 1, .targets = &file};
    struct run run;
    uint64_t begin_ns = 0;
    run_open(&run, &spec);
    uint32_t saw = watch(&run, &begin_ns);
    CHECK(saw >= 5);
    check_sums(&run, lat);
    uint64_t first = run.results[0].begin_ns, second = run.results[1].begin_ns;
    CHECK(begin_ns == first || begin_ns == second);
    run_close(&run);
}

static void test_jobs_at_work(void)
{
    const struct variant null = variant_of(UB_BACKEND_NULL);
    struct ub_job job = fixture_job(&null, 1u << UB_OP_READ | 1u << UB_OP_WRITE);
    job.runtime_ns = 150 * MS;
    test_context("jobs at work");
    watched(job, UB_LAT_TOTAL);
    test_context("jobs after a ramp, whose I/Os are in no look");
    job.ramp_ns = 60 * MS;
    watched(job, UB_LAT_TOTAL);
    test_context("jobs with a rate");
    job.rate_iops = 20000;
    watched(job, UB_LAT_RESPONSE);
}

int main(void)
{
    file.path = test_path("series");
    test_fill_file(file.path, file.size, 1);
    test_any_steps();
    test_jobs_at_work();
    return 0;
}
