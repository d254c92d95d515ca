/* Latency histograms in HdrHistogram's layout (see ub_abi.h): every sample is counted, none is dropped. */
#ifndef UB_HIST_H
#define UB_HIST_H

#include "ub_abi.h"
#include "sys.h"

UB_ALWAYS_INLINE uint32_t ub_hist_index(uint64_t ns)
{
    uint32_t bucket = 53u - (uint32_t)__builtin_clzll(ns | 2047u);
    return (bucket << 10) + (uint32_t)(ns >> bucket);
}

/* bench/floor.c is also built with UB_NO_LATENCY, to see what recording costs; nothing else defines it. */
UB_ALWAYS_INLINE void ub_latency_add(struct ub_latency *lat, uint64_t *counts, uint64_t ns)
{
#ifdef UB_NO_LATENCY
    (void)lat, (void)counts, (void)ns;
#else
    lat->count++;
    lat->sum_ns += ns;
    if (ns < lat->min_ns)
        lat->min_ns = ns;
    if (ns > lat->max_ns)
        lat->max_ns = ns;
    if (UB_UNLIKELY(ns > UB_HIST_MAX)) {
        lat->over++;
        ns = UB_HIST_MAX;
    }
    counts[ub_hist_index(ns)]++;
#endif
}

#endif
