/* The latency histogram against HdrHistogram's definition, written down the slow way. */
#include <stdlib.h>
#include <string.h>
#include "gen.h"
#include "hist.h"
#include "test.h"

/*
 * 3 significant digits: 2048 sub-buckets of 1 ns, then for each power of two 1024 that are twice as wide as
 * those before. least[i] is the least value of bucket i.
 */
static uint64_t least[UB_HIST_COUNTS + 1];

static void make_reference(void)
{
    uint64_t value = 0, width = 1;
    for (uint32_t i = 0; i <= UB_HIST_COUNTS; i++) {
        if (i >= 2048 && i % 1024 == 0)
            width *= 2;
        least[i] = value;
        value += width;
    }
}

static uint32_t reference_index(uint64_t value)
{
    uint32_t low = 0, high = UB_HIST_COUNTS;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (least[middle] <= value)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void test_every_bucket(void)
{
    CHECK_EQ(least[UB_HIST_COUNTS], UB_HIST_MAX + 1);
    CHECK_EQ(ub_hist_index(UB_HIST_MAX), UB_HIST_COUNTS - 1);
    for (uint32_t i = 0; i < UB_HIST_COUNTS; i++) {
        CHECK_EQ(ub_hist_index(least[i]), i);
        CHECK_EQ(ub_hist_index(least[i + 1] - 1), i);
        /* 3 significant digits: a bucket is no wider than a thousandth of its values. */
        CHECK((least[i + 1] - least[i] - 1) * 1000 <= least[i]);
    }
}

static void test_random_values(void)
{
    uint64_t rng = 1, before = 0;
    for (int i = 0; i < 1000000; i++) {
        uint64_t value = ub_rng_next(&rng) >> (22 + ub_rng_below(&rng, 42)); /* all magnitudes alike */
        CHECK_EQ(ub_hist_index(value), reference_index(value));
        uint64_t low = value < before ? value : before, high = value < before ? before : value;
        CHECK(ub_hist_index(low) <= ub_hist_index(high));
        before = value;
    }
}

static void test_latency_add(void)
{
    static uint64_t counts[UB_HIST_COUNTS];
    static const uint64_t samples[] = {
        7, 2047, 2048, 2049, 7, 0, 123456789, UB_HIST_MAX - 1, UB_HIST_MAX, UB_HIST_MAX + 1, UB_HIST_MAX * 3};
    struct ub_latency lat = {.min_ns = UINT64_MAX};
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        ub_latency_add(&lat, counts, samples[i]);
        sum += samples[i];
        if (i == 0)
            CHECK(lat.min_ns == 7 && lat.max_ns == 7);
    }
    CHECK_EQ(lat.count, sizeof samples / sizeof samples[0]);
    CHECK_EQ(lat.sum_ns, sum);
    CHECK_EQ(lat.min_ns, 0);
    CHECK_EQ(lat.max_ns, UB_HIST_MAX * 3);
    CHECK_EQ(lat.over, 2);
    CHECK_EQ(counts[7], 2);
    CHECK_EQ(counts[0], 1);
    CHECK_EQ(counts[2048], 2); /* 2048 and 2049 share the first bucket of width 2 */
    CHECK_EQ(counts[UB_HIST_COUNTS - 1], 4);
    uint64_t all = 0;
    for (uint32_t i = 0; i < UB_HIST_COUNTS; i++)
        all += counts[i];
    CHECK_EQ(all, lat.count);
}

int main(void)
{
    make_reference();
    test_every_bucket();
    test_random_values();
    test_latency_add();
    return 0;
}
