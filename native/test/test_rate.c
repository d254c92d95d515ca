/* When I/Os of an open loop are due: the schedules against their theory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "rate.h"
#include "test.h"

#define N      200000u
#define ORIGIN UINT64_C(123456789)

static struct ub_rate schedule(double iops, uint32_t process, uint64_t seed)
{
    const struct ub_job job = {.rate_iops = iops, .rate_process = process, .seed = seed};
    struct ub_rate rate = {0};
    ub_rate_begin(&rate, &job, ORIGIN);
    return rate;
}

/* Times from one arrival to the next, in mean intervals. */
static double *gaps(struct ub_rate *rate, uint32_t n)
{
    double *all = malloc(n * sizeof *all);
    CHECK(all);
    for (uint32_t i = 0; i < n; i++) {
        double before = rate->due;
        ub_rate_next(rate);
        all[i] = (rate->due - before) / rate->interval_ns;
        CHECK(all[i] >= 0.0);
    }
    return all;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void test_linear(double iops)
{
    test_context("linear, %f a second", iops);
    struct ub_rate rate = schedule(iops, UB_RATE_LINEAR, 1);
    CHECK_EQ(rate.next_ns, ORIGIN);
    for (uint32_t i = 1; i <= N; i++) {
        ub_rate_next(&rate);
        double want = (double)i * 1e9 / iops;
        CHECK_BETWEEN(want - 2.0, (double)(rate.next_ns - ORIGIN), want + 2.0);
    }
}

/* Kolmogorov and Smirnov: the greatest distance from the exponential distribution, at the 0.1 % level. */
static void test_exponential(uint64_t seed)
{
    test_context("poisson, seed %llu", (unsigned long long)seed);
    struct ub_rate rate = schedule(50000.0, UB_RATE_POISSON, seed);
    CHECK(rate.next_ns > ORIGIN);
    double *all = gaps(&rate, N), sum = 0.0, squares = 0.0, together = 0.0, distance = 0.0;
    for (uint32_t i = 0; i < N; i++) {
        sum += all[i];
        squares += (all[i] - 1.0) * (all[i] - 1.0);
        if (i > 0)
            together += (all[i] - 1.0) * (all[i - 1] - 1.0);
    }
    const double root = sqrt((double)N);
    CHECK_BETWEEN(1.0 - 4.0 / root, sum / N, 1.0 + 4.0 / root);
    CHECK_BETWEEN(1.0 - 12.0 / root, squares / N,
                  1.0 + 12.0 / root);                     /* its variance has a deviation of sqrt(8) */
    CHECK_BETWEEN(-4.0 / root, together / N, 4.0 / root); /* no gap says anything of the next */
    qsort(all, N, sizeof *all, ascending);
    for (uint32_t i = 0; i < N; i++) {
        double theory = 1.0 - exp(-all[i]);
        distance = fmax(distance, fmax(theory - (double)i / N, (double)(i + 1) / N - theory));
    }
    CHECK_BETWEEN(0.0, distance, 1.95 / root);
    free(all);
}

/* Arrivals in equal times are as scattered as they are many. */
static void test_counts(void)
{
    test_context("poisson, arrivals in 1 ms");
    enum { WINDOWS = 20000 };
    struct ub_rate rate = schedule(10000.0, UB_RATE_POISSON, 5);
    double sum = 0.0, squares = 0.0;
    for (uint64_t w = 1; w <= WINDOWS; w++) {
        double n = (double)ub_rate_due(&rate, ORIGIN + w * 1000000, UINT64_MAX);
        sum += n;
        squares += n * n;
    }
    double mean = sum / WINDOWS, variance = squares / WINDOWS - mean * mean;
    CHECK_BETWEEN(9.9, mean, 10.1);
    CHECK_BETWEEN(9.5, variance, 10.5);
}

static void test_seeds(void)
{
    test_context("seeds");
    struct ub_rate a = schedule(1000.0, UB_RATE_POISSON, 7), b = schedule(1000.0, UB_RATE_POISSON, 7),
                   c = schedule(1000.0, UB_RATE_POISSON, 8);
    uint32_t equal = 0;
    for (int i = 0; i < 1000; i++) {
        CHECK_EQ(a.next_ns, b.next_ns);
        equal += a.next_ns == c.next_ns;
        ub_rate_next(&a), ub_rate_next(&b), ub_rate_next(&c);
    }
    CHECK(equal < 3);
}

/* Counted as if by single steps, in no time: a step a nanosecond for an hour. */
static void test_many_due(void)
{
    test_context("more due than could be counted one by one");
    struct ub_rate fast = schedule(1e9, UB_RATE_LINEAR, 1);
    CHECK_EQ(ub_rate_due(&fast, ORIGIN + UINT64_C(3600000000000), UINT64_MAX), UINT64_C(3600000000000));
    CHECK_EQ(fast.next_ns, ORIGIN + UINT64_C(3600000000000));
    struct ub_rate some = schedule(333.0, UB_RATE_LINEAR, 1), single = some;
    for (uint64_t until = ORIGIN; until < ORIGIN + UINT64_C(2000000000); until += 37000001) {
        uint64_t n = 0;
        for (; single.next_ns < until; n++)
            ub_rate_next(&single);
        CHECK_EQ(ub_rate_due(&some, until, UINT64_MAX), n);
    }
}

static void test_due_and_shift(void)
{
    test_context("what is due, and a pause");
    struct ub_rate rate = schedule(1000.0, UB_RATE_LINEAR, 1);
    CHECK_EQ(ub_rate_due(&rate, ORIGIN, UINT64_MAX), 0);
    CHECK_EQ(ub_rate_due(&rate, ORIGIN + 10000000, UINT64_MAX), 10);
    CHECK_EQ(ub_rate_due(&rate, ORIGIN + 20000000, 3), 3);
    CHECK_EQ(rate.next_ns, ORIGIN + 13000000);
    ub_rate_shift(&rate, 500);
    CHECK_EQ(rate.next_ns, ORIGIN + 13000500);
    ub_rate_next(&rate);
    CHECK_EQ(rate.next_ns, ORIGIN + 14000500);
}

int main(void)
{
    test_linear(1000.0);
    test_linear(333333.0);
    test_linear(0.5);
    for (uint64_t seed = 1; seed <= 3; seed++)
        test_exponential(seed);
    test_counts();
    test_seeds();
    test_many_due();
    test_due_and_shift();
    return 0;
}
