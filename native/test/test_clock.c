/* The clock of a run against the kernel's. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include "clock.h"
#include "test.h"
#include "ub_api.h"

#define SPAN_NS    50000000u
#define HANDOVERS  5000
#define REORDER_NS 1000 /* rdtsc may be executed a little before the load that precedes it */

/* Both clocks at one moment: the tightest of several brackets, so that a preemption in one does no harm. */
static void sample(const struct ub_clock *clock, uint64_t *own, uint64_t *kernel)
{
    uint64_t tightest = UINT64_MAX;
    for (int i = 0; i < 200; i++) {
        uint64_t a = test_now_ns(), t = ub_now(clock), b = test_now_ns();
        if (b - a < tightest) {
            tightest = b - a;
            *own = t;
            *kernel = a + (b - a) / 2;
        }
    }
}

static void test_rate(const struct ub_clock *clock)
{
    for (int i = 0; i < 3; i++) {
        uint64_t own[2], kernel[2];
        sample(clock, &own[0], &kernel[0]);
        while (test_now_ns() - kernel[0] < SPAN_NS)
            ;
        sample(clock, &own[1], &kernel[1]);
        CHECK_BETWEEN(0.999, (double)(own[1] - own[0]) / (double)(kernel[1] - kernel[0]), 1.001);
    }
}

static void test_monotone(const struct ub_clock *clock)
{
    uint64_t before = ub_now(clock);
    for (int i = 0; i < 1000000; i++) {
        uint64_t now = ub_now(clock);
        CHECK(now >= before);
        before = now;
    }
}

/* Two threads pass the time to each other: neither may be ahead of the other's clock. */
struct handover {
    const struct ub_clock *clock;
    uint64_t told_ns;
    uint32_t turn;
};

static void take_turns(struct handover *h, uint32_t self)
{
    for (int i = 0; i < HANDOVERS; i++) {
        while (__atomic_load_n(&h->turn, __ATOMIC_ACQUIRE) != self)
            sched_yield(); /* there may be one CPU only */
        uint64_t now = ub_now(h->clock);
        CHECK(now + REORDER_NS >= h->told_ns);
        h->told_ns = now;
        __atomic_store_n(&h->turn, 1 - self, __ATOMIC_RELEASE);
    }
}

static void *other_thread(void *arg)
{
    take_turns(arg, 1);
    return NULL;
}

static void test_threads_agree(const struct ub_clock *clock)
{
    struct handover h = {.clock = clock};
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, other_thread, &h), 0);
    take_turns(&h, 0);
    pthread_join(thread, NULL);
}

int main(void)
{
    uint64_t hz = 1, again = 1;
    int kind = ub_clock_init(&hz);
    const struct ub_clock *clock = ub_clock_get();
    CHECK(kind == UB_CLOCK_TSC || kind == UB_CLOCK_MONOTONIC);
    CHECK_EQ(kind, clock->kind);
    if (kind == UB_CLOCK_TSC)
        CHECK_BETWEEN(1e8, hz, 1e10);
    else
        CHECK_EQ(hz, 0);
    CHECK_EQ(ub_clock_init(&again), kind);
    CHECK_EQ(again, hz); /* calibrated once */
    test_rate(clock);
    test_monotone(clock);
    test_threads_agree(clock);

    struct ub_clock monotonic = {.kind = UB_CLOCK_MONOTONIC}; /* what machines without a TSC use */
    test_rate(&monotonic);
    test_monotone(&monotonic);
    return 0;
}
