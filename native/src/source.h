/*
 * +clone_buffers: the buffers of all jobs of a process in one memory, registered once with a ring that does
 * nothing else, from which the jobs' rings clone them (IORING_REGISTER_CLONE_BUFFERS).
 */
#ifndef UB_SOURCE_H
#define UB_SOURCE_H

#include <sys/uio.h>
#include "job.h"
#include "ring.h"

/* What one job has of it. */
struct ub_share {
    uint64_t stride; /* from one slot's buffer to the next */
    uint32_t slots;  /* 0: the job has nothing of it */
    /* These are ub_source_open's to set. */
    uint32_t first; /* number of its first registered buffer */
    unsigned char *memory;
    uint64_t bytes;
};

struct ub_source {
    struct ub_ring ring;
    void *memory;
    uint64_t bytes;
};

/* So many slots lie in one registered buffer, of which the kernel takes no more than UB_URING_BUFFER_MAX; 0:
 * not even one. */
uint32_t ub_slots_each(uint64_t stride, uint32_t slots);
/* Registered buffers of slots in a row: one iovec each -> how many, which iov must have room for; NULL only
 * counts. */
uint32_t ub_slot_iovecs(unsigned char *memory, uint64_t stride, uint32_t slots, struct iovec *iov);

/* Memory for all shares, and its registration -> 0 or -errno with *stage. ub_source_close is for both ends.
 */
int ub_source_open(struct ub_source *source, struct ub_share *shares, uint32_t n, int huge,
                   const char **stage);
/* Every buffer of the source becomes one of this ring, by the same number (6.12; parts of a set are 6.13's)
 * -> 0 or -errno. */
int ub_source_clone(const struct ub_source *source, const struct ub_ring *ring);
void ub_source_close(struct ub_source *source);

/*
 * The source of jobs that are threads of this process: opened before they are started, since each may have a
 * descriptor table of its own from then on; what went wrong is told to those that ask for their share.
 */
void ub_source_begin(const struct ub_arena *arena, uint32_t first, uint32_t count);
void ub_source_end(const struct ub_arena *arena);
/* A job's share -> 0 or -errno with *stage; -EOPNOTSUPP: the job is no such thread. */
int ub_source_share(const struct ub_ctx *ctx, const struct ub_share **share, const char **stage);
/* Its ring gets the buffers. */
int ub_source_give(const struct ub_ring *ring);

#endif
