/* What a look at a trial as it goes on says (series.c): struct ub_series_look, with a generated layout as
 * ub_abi.h's. */
#ifndef UB_SERIES_H
#define UB_SERIES_H

#include "ub_abi.h"

/* What all jobs did of an operation between two looks (ub_series_take). */
struct ub_series_op {
    uint64_t ios;
    uint64_t bytes;
    uint64_t errors;
    uint64_t samples; /* in the histogram; of jobs with a rate of responses */
    uint64_t sum_ns;
    uint64_t max_ns; /* exact when it is the greatest so far, else the end of the highest bucket */
    uint64_t at;     /* where its histogram lies among the bytes, */
    uint64_t length; /* and how long it is; 0 without samples */
};

struct ub_series_look {
    uint64_t at_ns;     /* when it was, by the arena's clock; once all jobs have ended, when the last did */
    uint64_t begin_ns;  /* when the first job's window began, as that job had it then; 0: none has */
    uint32_t measuring; /* jobs whose windows have begun */
    uint32_t ended;     /* 1: all jobs have: nothing more comes */
    struct ub_series_op ops[UB_OPS];
};

/* Room for the histograms of a look, whatever is in them: 9 bytes a bucket. */
#define UB_SERIES_BYTES (UB_OPS * UB_HIST_COUNTS * 9u)

UB_ASSERT(sizeof(struct ub_series_op) % 8 == 0);
UB_ASSERT(sizeof(struct ub_series_look) % 8 == 0);

#endif
