/*
 * When the I/Os of an open loop are due: a schedule of arrivals that depends on the rate and the seed alone,
 * so that every backend is given the same one.
 */
#ifndef UB_RATE_H
#define UB_RATE_H

#include <math.h>
#include "gen.h"

struct ub_rate {
    double interval_ns; /* mean time from one arrival to the next; 0: a closed loop */
    double due;         /* of the next arrival, in ns since origin_ns */
    uint64_t origin_ns; /* of the schedule, by the arena's clock, like all that follows */
    uint64_t next_ns;   /* the next arrival */
    uint64_t ended_ns;  /* when the loop stopped sending; 0: not yet */
    uint64_t lead_ns;   /* a sleep is so much shorter than it is to be: as late as the last ones ended */
    uint64_t rng;
    uint32_t poisson;
    uint64_t *due_ns; /* by slot: when its I/O was due */
};

static inline int ub_is_rated(const struct ub_job *job)
{
    return job->rate_iops > 0.0;
}

/* Of the next arrival to the one after it: as long as all others, or exponentially distributed. */
UB_ALWAYS_INLINE void ub_rate_next(struct ub_rate *rate)
{
    double gap = rate->interval_ns;
    if (rate->poisson) {
        double unit = (double)(ub_rng_next(&rate->rng) >> 11) * 0x1.0p-53; /* [0, 1) */
        gap *= -log(1.0 - unit);
    }
    rate->due += gap;
    rate->next_ns = rate->origin_ns + (uint64_t)rate->due;
}

/* The schedule of a job, which begins at now. A linear one has its first arrival then. */
void ub_rate_begin(struct ub_rate *rate, const struct ub_job *job, uint64_t now);
/* The job stood still for ns, outside of its window: all that is to come comes later. */
void ub_rate_shift(struct ub_rate *rate, uint64_t ns);
/* How many arrivals there are before until, of at most so many; they are taken out of the schedule. */
uint64_t ub_rate_due(struct ub_rate *rate, uint64_t until, uint64_t most);

#endif
