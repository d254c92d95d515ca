/*
 * The one clock of a run. x86's invariant TSC when the kernel itself trusts it as clocksource, else
 * CLOCK_MONOTONIC. Both count nanoseconds from an arbitrary start that all jobs of an arena share.
 */
#ifndef UB_CLOCK_H
#define UB_CLOCK_H

#include <time.h>
#include "ub_abi.h"
#include "sys.h"

struct ub_clock {
    uint32_t kind;
    uint64_t base;
    uint64_t mult; /* nanoseconds per cycle, 32.32 fixed point */
    uint64_t hz;
};

static inline uint64_t ub_monotonic_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline uint64_t ub_cycles(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
}

UB_ALWAYS_INLINE uint64_t ub_now(const struct ub_clock *clock)
{
    if (UB_LIKELY(clock->kind == UB_CLOCK_TSC))
        return (uint64_t)(((unsigned __int128)(ub_cycles() - clock->base) * clock->mult) >> 32);
    return ub_monotonic_ns();
}

/* Calibrates at the first call of a process, then returns the same clock. */
const struct ub_clock *ub_clock_get(void);

#endif
