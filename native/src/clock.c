#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "ub_api.h"

#define CALIBRATE_NS 10000000u

static struct ub_clock the_clock;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The kernel takes the TSC off this list when it finds it unstable. */
static int kernel_trusts_tsc(void)
{
#if defined(__x86_64__)
    char name[32] = "";
    FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
    if (!f)
        return 0;
    int ok = fgets(name, sizeof name, f) && strcmp(name, "tsc\n") == 0;
    fclose(f);
    return ok;
#else
    return 0;
#endif
}

/* A (cycles, ns) pair read as close together as the machine allows: the tightest of several brackets. */
static void sample(uint64_t *cycles, uint64_t *ns)
{
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 32; i++) {
        uint64_t a = ub_cycles(), t = ub_monotonic_ns(), b = ub_cycles();
        if (b - a < best) {
            best = b - a;
            *cycles = a + (b - a) / 2;
            *ns = t;
        }
    }
}

static void calibrate(void)
{
    the_clock.kind = UB_CLOCK_MONOTONIC;
    if (!kernel_trusts_tsc())
        return;
    uint64_t c0 = 0, t0 = 0, c1 = 0, t1 = 0;
    sample(&c0, &t0);
    while (ub_monotonic_ns() - t0 < CALIBRATE_NS)
        ;
    sample(&c1, &t1);
    if (c1 <= c0 || t1 <= t0)
        return;
    the_clock.kind = UB_CLOCK_TSC;
    the_clock.mult = (uint64_t)((((unsigned __int128)(t1 - t0)) << 32) / (c1 - c0));
    the_clock.hz = (uint64_t)((unsigned __int128)(c1 - c0) * 1000000000u / (t1 - t0));
    the_clock.base = c0;
}

const struct ub_clock *ub_clock_get(void)
{
    pthread_once(&once, calibrate);
    return &the_clock;
}

int ub_clock_init(uint64_t *hz)
{
    const struct ub_clock *clock = ub_clock_get();
    *hz = clock->hz;
    return (int)clock->kind;
}
