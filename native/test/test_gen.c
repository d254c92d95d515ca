/* Where I/Os go: every block once a pass, and the distributions against their theory. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gen.h"
#include "test.h"

static uint64_t *draw(struct ub_gen *gen, const struct ub_job *job, uint64_t n)
{
    uint64_t *values = malloc(n * sizeof *values);
    CHECK(values);
    for (uint64_t i = 0; i < n; i++) {
        values[i] = ub_gen_next(gen, job);
        CHECK(values[i] < gen->blocks);
    }
    return values;
}

/* How often each block came. */
static uint64_t *histogram(const uint64_t *values, uint64_t n, uint64_t blocks)
{
    uint64_t *counts = calloc(blocks, sizeof *counts);
    CHECK(counts);
    for (uint64_t i = 0; i < n; i++)
        counts[values[i]]++;
    return counts;
}

/* Pearson's chi-square in standard deviations from its mean, expected[i] being shares of the whole. */
static double chi_square_z(const uint64_t *counts, const double *expected, uint64_t bins)
{
    double n = 0, chi = 0, freedom = (double)bins - 1;
    for (uint64_t i = 0; i < bins; i++)
        n += (double)counts[i];
    for (uint64_t i = 0; i < bins; i++) {
        double want = n * (expected ? expected[i] : 1.0 / (double)bins);
        chi += ((double)counts[i] - want) * ((double)counts[i] - want) / want;
    }
    return (chi - freedom) / sqrt(2 * freedom);
}

static void test_each_block_once(uint64_t blocks, uint64_t seed)
{
    const struct ub_job job = {.dist = UB_DIST_RANDOM};
    struct ub_gen gen, twin;
    test_context("permuted, %llu blocks, seed %llu", (unsigned long long)blocks, (unsigned long long)seed);
    ub_gen_init(&gen, &job, blocks, seed);
    ub_gen_init(&twin, &job, blocks, seed);
    uint64_t *last = NULL, equal = 0, passes = blocks < 1000 ? 8 : 3;
    for (uint64_t pass = 0; pass < passes; pass++) {
        uint64_t *values = draw(&gen, &job, blocks);
        uint64_t *again = draw(&twin, &job, blocks);
        CHECK(memcmp(values, again, blocks * sizeof *values) == 0);
        uint64_t *counts = histogram(values, blocks, blocks);
        for (uint64_t i = 0; i < blocks; i++)
            CHECK_EQ(counts[i], 1);
        for (uint64_t i = 0; last && i < blocks; i++)
            equal += last[i] == values[i];
        free(counts), free(again), free(last);
        last = values;
    }
    free(last);
    if (blocks >= 1000) /* two random orders have one block in common at the same place on average */
        CHECK_BETWEEN(0, equal, 0.05 * (double)(blocks * passes));
}

static void test_seeds_differ(uint64_t blocks)
{
    const struct ub_job job = {.dist = UB_DIST_RANDOM};
    struct ub_gen a, b;
    test_context("two seeds, %llu blocks", (unsigned long long)blocks);
    ub_gen_init(&a, &job, blocks, 1);
    ub_gen_init(&b, &job, blocks, 2);
    uint64_t equal = 0;
    for (uint64_t i = 0; i < blocks; i++)
        equal += ub_gen_next(&a, &job) == ub_gen_next(&b, &job);
    CHECK_BETWEEN(0, equal, 0.05 * (double)blocks);
}

/* Where the next I/O goes must not depend on where this one went. */
static void test_differences(const uint64_t *values, uint64_t n)
{
    enum { BINS = 64 };
    uint64_t bins[BINS] = {0};
    double product = 0;
    for (uint64_t i = 1; i < n; i++) {
        bins[(values[i] + n - values[i - 1]) % n * BINS / n]++;
        product += ((double)values[i] / (double)n - 0.5) * ((double)values[i - 1] / (double)n - 0.5);
    }
    CHECK_BETWEEN(-8, chi_square_z(bins, NULL, BINS), 8);
    CHECK_BETWEEN(-6, product * 12 / sqrt((double)n), 6); /* serial correlation, in standard deviations */
}

/* Neighbours in time must be no neighbours in place, and no low bit may follow a pattern. */
static void test_no_pattern(uint64_t blocks, uint64_t seed)
{
    const struct ub_job job = {.dist = UB_DIST_RANDOM};
    struct ub_gen gen;
    test_context("pattern, %llu blocks, seed %llu", (unsigned long long)blocks, (unsigned long long)seed);
    ub_gen_init(&gen, &job, blocks, seed);
    uint64_t *values = draw(&gen, &job, blocks), neighbours = 0;
    for (uint64_t i = 1; i < blocks; i++)
        neighbours += values[i] == values[i - 1] + 1;
    CHECK_BETWEEN(0, neighbours, 20 + (double)blocks / 20);
    for (int bit = 0; bit < 4; bit++) {
        uint64_t changes = 0;
        for (uint64_t i = 1; i < blocks; i++)
            changes += (values[i] ^ values[i - 1]) >> bit & 1;
        CHECK_BETWEEN(0.35, (double)changes / (double)(blocks - 1), 0.65);
    }
    test_differences(values, blocks);
    free(values);
}

static void test_permuted(void)
{
    static const uint64_t sizes[] = {1, 2, 3, 5, 7, 8, 9, 1000, 4095, 4096, 4097};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (uint64_t seed = 0; seed < 50; seed++)
            test_each_block_once(sizes[i], seed * 7919);
    for (uint64_t seed = 0; seed < 2; seed++)
        test_each_block_once(1000000, ~seed);
    test_seeds_differ(1000);
    test_seeds_differ(4097);
    for (uint64_t seed = 0; seed < 50; seed++) {
        test_no_pattern(1000, seed);
        test_no_pattern(4096, seed);
        test_no_pattern(100000, seed);
    }
}

static void test_sequential(void)
{
    const struct ub_job job = {.dist = UB_DIST_SEQUENTIAL};
    struct ub_gen gen;
    test_context("sequential");
    ub_gen_init(&gen, &job, 5, 1);
    for (uint64_t i = 0; i < 17; i++)
        CHECK_EQ(ub_gen_next(&gen, &job), i % 5);
    CHECK_EQ(gen.passes, 3);
    ub_gen_init(&gen, &job, 1, 1);
    for (uint64_t i = 0; i < 3; i++)
        CHECK_EQ(ub_gen_next(&gen, &job), 0);
}

static void test_uniform(void)
{
    const struct ub_job job = {.dist = UB_DIST_RANDOM, .flags = UB_FLAG_NORANDOMMAP};
    const uint64_t n = 200000, sizes[] = {1, 2, 3, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct ub_gen gen;
        test_context("uniform, %llu blocks", (unsigned long long)sizes[i]);
        ub_gen_init(&gen, &job, sizes[i], 42);
        uint64_t *values = draw(&gen, &job, n), *counts = histogram(values, n, sizes[i]);
        if (sizes[i] > 1)
            CHECK_BETWEEN(-5, chi_square_z(counts, NULL, sizes[i]), 5);
        free(values), free(counts);
    }
}

static int descending(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x), memcpy(&y, b, sizeof y);
    return x < y ? 1 : x > y ? -1 : 0;
}

/* counts[rank], given that ranks are scattered: the frequencies in descending order. */
static uint64_t *by_rank(uint32_t dist, double param, uint64_t blocks, uint64_t n)
{
    const struct ub_job job = {.dist = dist, .dist_param = param};
    struct ub_gen gen;
    ub_gen_init(&gen, &job, blocks, 99);
    uint64_t *values = draw(&gen, &job, n), *counts = histogram(values, n, blocks);
    qsort(counts, blocks, sizeof *counts, descending);
    free(values);
    return counts;
}

static void test_zipf(double theta)
{
    enum { BLOCKS = 1000, N = 1000000, HEAD = 8 };
    test_context("zipf:%g", theta);
    uint64_t *counts = by_rank(UB_DIST_ZIPF, theta, BLOCKS, N);
    double total = 0;
    for (int k = 1; k <= BLOCKS; k++)
        total += pow(k, -theta);
    /* The first ranks are so far apart that sorting does not mix them up. */
    uint64_t bins[HEAD + 1] = {0};
    double expected[HEAD + 1] = {0};
    for (int k = 0; k < BLOCKS; k++) {
        bins[k < HEAD ? k : HEAD] += counts[k];
        expected[k < HEAD ? k : HEAD] += pow(k + 1, -theta) / total;
    }
    CHECK_BETWEEN(-5, chi_square_z(bins, expected, HEAD + 1), 5);
    CHECK_BETWEEN(0.95 * pow(2, theta), (double)counts[0] / (double)counts[1], 1.05 * pow(2, theta));
    free(counts);
}

static void test_pareto(double h)
{
    enum { BLOCKS = 10000, N = 1000000 };
    test_context("pareto:%g", h);
    uint64_t *counts = by_rank(UB_DIST_PARETO, h, BLOCKS, N);
    double blocks = h, ios = 1 - h;
    for (int scale = 0; scale < 3;
         scale++) { /* of the hottest share h, a share h again is as hot, and so on */
        uint64_t hot = 0;
        for (uint64_t i = 0; i < (uint64_t)(BLOCKS * blocks); i++)
            hot += counts[i];
        CHECK_BETWEEN(ios - 0.01, (double)hot / N, ios + 0.01);
        blocks *= h;
        ios *= 1 - h;
    }
    free(counts);
}

/* Hot blocks must not lie next to each other: their mean place is the middle, their spread that of all. */
static void test_scattered(uint32_t dist, double param)
{
    enum { BLOCKS = 10000, N = 200000 };
    const struct ub_job job = {.dist = dist, .dist_param = param};
    struct ub_gen gen;
    test_context("scatter of distribution %u", dist);
    ub_gen_init(&gen, &job, BLOCKS, 5);
    uint64_t *values = draw(&gen, &job, N), *counts = histogram(values, N, BLOCKS);
    uint64_t quarters[4] = {0}, hot = 0;
    for (uint64_t i = 0; i < BLOCKS; i++)
        if (counts[i] > N / BLOCKS)
            quarters[i * 4 / BLOCKS]++, hot++;
    for (int q = 0; q < 4; q++)
        CHECK_BETWEEN(0.15, (double)quarters[q] / (double)hot, 0.35);
    free(values), free(counts);
}

static void test_normal(double deviation)
{
    enum { BLOCKS = 100000, N = 400000 };
    const struct ub_job job = {.dist = UB_DIST_NORMAL, .dist_param = deviation};
    struct ub_gen gen;
    test_context("normal:%g", deviation);
    ub_gen_init(&gen, &job, BLOCKS, 3);
    uint64_t *values = draw(&gen, &job, N), within = 0;
    double want = BLOCKS * deviation / 100, sum = 0, squares = 0;
    for (uint64_t i = 0; i < N; i++) {
        double x = (double)values[i] + 0.5 - BLOCKS / 2.0;
        sum += x;
        squares += x * x;
        within += fabs(x) < want;
    }
    CHECK_BETWEEN(-0.02 * want, sum / N, 0.02 * want);
    CHECK_BETWEEN(0.99 * want, sqrt(squares / N), 1.01 * want);
    CHECK_BETWEEN(0.677, (double)within / N, 0.689); /* 68.27 % within one deviation */
    free(values);
}

/* So wide that much falls outside: that is drawn again, not clipped to the ends. */
static void test_normal_wide(void)
{
    enum { BLOCKS = 100, N = 100000 };
    const struct ub_job job = {.dist = UB_DIST_NORMAL, .dist_param = 100};
    struct ub_gen gen;
    test_context("normal:100");
    ub_gen_init(&gen, &job, BLOCKS, 3);
    uint64_t *values = draw(&gen, &job, N), *counts = histogram(values, N, BLOCKS);
    CHECK_BETWEEN(0, (double)counts[0], (double)counts[BLOCKS / 2]);
    CHECK_BETWEEN(0, (double)counts[BLOCKS - 1], (double)counts[BLOCKS / 2]);
    free(values), free(counts);
}

static void test_one_block(void)
{
    static const struct ub_job jobs[] = {{.dist = UB_DIST_ZIPF, .dist_param = 1.2},
                                         {.dist = UB_DIST_PARETO, .dist_param = 0.2},
                                         {.dist = UB_DIST_NORMAL, .dist_param = 10}};
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        struct ub_gen gen;
        test_context("one block, distribution %u", jobs[i].dist);
        ub_gen_init(&gen, &jobs[i], 1, 1);
        for (int k = 0; k < 100; k++)
            CHECK_EQ(ub_gen_next(&gen, &jobs[i]), 0);
    }
}

int main(void)
{
    static const double thetas[] = {0.5, 0.9, 1.0, 1.2, 2.0};
    test_permuted();
    test_sequential();
    test_uniform();
    for (size_t i = 0; i < sizeof thetas / sizeof thetas[0]; i++)
        test_zipf(thetas[i]);
    test_pareto(0.2);
    test_pareto(0.1);
    test_scattered(UB_DIST_ZIPF, 0.9);
    test_scattered(UB_DIST_PARETO, 0.2);
    test_normal(10);
    test_normal(1);
    test_normal_wide();
    test_one_block();
    return 0;
}
