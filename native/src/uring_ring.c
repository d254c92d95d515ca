/* A ring as the features want it: flags of io_uring_setup, memory, how it waits. */
#include <string.h>
#include "uring.h"

/* Which feature asks for which flag of io_uring_setup. */
static const struct {
    uint64_t feature;
    uint32_t flags;
} setup_flags[] = {
    {UB_FEATURE_IOPOLL, IORING_SETUP_IOPOLL},
    {UB_FEATURE_HYBRID_IOPOLL, UB_SETUP_HYBRID_IOPOLL},
    {UB_FEATURE_SQPOLL, IORING_SETUP_SQPOLL},
    {UB_FEATURE_COOP_TASKRUN, UB_SETUP_COOP_TASKRUN},
    {UB_FEATURE_SINGLE_ISSUER, UB_SETUP_SINGLE_ISSUER},
    {UB_FEATURE_DEFER_TASKRUN, UB_SETUP_DEFER_TASKRUN},
    {UB_FEATURE_NO_SQARRAY, UB_SETUP_NO_SQARRAY},
    {UB_FEATURE_SQ_REWIND, UB_SETUP_SQ_REWIND},
    {UB_FEATURE_NO_MMAP, UB_SETUP_NO_MMAP},
    {UB_FEATURE_REG_WAIT, IORING_SETUP_R_DISABLED},
    {UB_FEATURE_HUGEPAGES, UB_SETUP_NO_MMAP},
    {UB_FEATURE_BIG_RINGS, UB_SETUP_SQE128 | UB_SETUP_CQE32},
    {UB_FEATURE_CQE_MIXED, UB_SETUP_CQE_MIXED},
    {UB_FEATURE_PASSTHROUGH, UB_SETUP_SQE128 | UB_SETUP_CQE32},
};

uint32_t ub_uring_setup_flags(uint64_t features)
{
    uint32_t flags = 0;
    for (size_t i = 0; i < sizeof setup_flags / sizeof *setup_flags; i++)
        if (features & setup_flags[i].feature)
            flags |= setup_flags[i].flags;
    /* The kernel takes one of them. */
    return flags & UB_SETUP_CQE_MIXED ? flags & ~UB_SETUP_CQE32 : flags;
}

static void set_sqpoll(struct io_uring_params *params, const struct ub_job *job)
{
    if (!job || !(params->flags & IORING_SETUP_SQPOLL))
        return;
    params->sq_thread_idle = job->sq_idle_ms;
    if (job->sq_cpu >= 0) {
        params->flags |= IORING_SETUP_SQ_AFF;
        params->sq_thread_cpu = (uint32_t)job->sq_cpu;
    }
}

/* How the ring waits: what each io_uring_enter says from here on. */
static int set_waits(struct ub_ring *ring, uint64_t features, uint64_t min_wait_us, const char **stage)
{
    int ret = features & UB_FEATURE_MIN_WAIT ? ub_ring_set_min_wait(ring, min_wait_us, stage) : 0;
    if (ret == 0 && features & UB_FEATURE_REG_WAIT)
        ret = ub_ring_register_wait(ring, stage);
    if (ret < 0 || !(features & UB_FEATURE_NO_IOWAIT))
        return ret;
    *stage = "IORING_FEAT_NO_IOWAIT";
    ring->enter_flags |= UB_ENTER_NO_IOWAIT;
    return ring->features & UB_FEAT_NO_IOWAIT ? 0 : -EINVAL;
}

int ub_uring_open_ring(struct ub_ring *ring, uint32_t entries, uint64_t features, const struct ub_job *job,
                       const char **stage)
{
    struct io_uring_params params;
    memset(&params, 0, sizeof params);
    params.flags = ub_uring_setup_flags(features);
    set_sqpoll(&params, job);
    int ret = features & UB_FEATURE_HUGEPAGES ? ub_ring_open_huge(ring, entries, &params, stage)
                                              : ub_ring_open(ring, entries, &params, stage);
    return ret < 0 ? ret : set_waits(ring, features, job ? job->min_wait_us : 1, stage);
}
