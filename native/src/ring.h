/* One io_uring instance: its mappings and raw system calls. The hot parts are inline, set-up is in ring.c. */
#ifndef UB_RING_H
#define UB_RING_H

#include <signal.h>
#include <time.h>
#include "kernel.h"
#include "sys.h"

struct ub_ring {
    int fd;
    uint32_t features; /* IORING_FEAT_* of this kernel */
    uint32_t sq_mask, cq_mask;
    uint32_t sq_tail; /* ours; published at submission */
    uint32_t *sq_khead, *sq_ktail, *sq_array;
    uint32_t *cq_khead, *cq_ktail;
    struct io_uring_sqe *sqes;
    struct io_uring_cqe *cqes;
    void *sq_map, *cq_map;
    size_t sq_bytes, cq_bytes, sqe_bytes;
};

/* io_uring_setup with these flags and its mappings -> 0 or -errno with *stage. */
int ub_ring_open(struct ub_ring *ring, uint32_t entries, struct io_uring_params *params, const char **stage);
void ub_ring_close(struct ub_ring *ring);
/* Whether this kernel knows the operation: 0, -EOPNOTSUPP, or what IORING_REGISTER_PROBE said. */
int ub_ring_has_op(const struct ub_ring *ring, uint8_t op);

static inline int ub_ring_register(const struct ub_ring *ring, uint32_t opcode, const void *arg, uint32_t nr)
{
    return (int)UB_SYSCALL(SYS_io_uring_register, ring->fd, opcode, arg, nr, 0, 0);
}

/*
 * Submits n and waits for min completions in the same call, at most for the given time (IORING_ENTER_EXT_ARG,
 * 5.11; before it without a limit). -ETIME and -EINTR are no errors: the caller looks at its clock and waits
 * again.
 */
UB_ALWAYS_INLINE int ub_ring_enter(const struct ub_ring *ring, uint32_t n, uint32_t min, long limit_ns)
{
    if (min == 0)
        return (int)UB_SYSCALL(SYS_io_uring_enter, ring->fd, n, 0, 0, 0, 0);
    if (UB_UNLIKELY(!(ring->features & IORING_FEAT_EXT_ARG)))
        return (int)UB_SYSCALL(SYS_io_uring_enter, ring->fd, n, min, IORING_ENTER_GETEVENTS, 0, 0);
    struct {
        int64_t tv_sec;
        int64_t tv_nsec;
    } limit = {.tv_sec = 0, .tv_nsec = limit_ns};
    struct io_uring_getevents_arg arg = {.ts = (uint64_t)(uintptr_t)&limit};
    return (int)UB_SYSCALL(SYS_io_uring_enter, ring->fd, n, min,
                           IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof arg);
}

/* The sqe index goes into the submission ring; visible to the kernel once ub_ring_publish has run. */
UB_ALWAYS_INLINE void ub_ring_push(struct ub_ring *ring, uint32_t sqe)
{
    ring->sq_array[ring->sq_tail++ & ring->sq_mask] = sqe;
}

/* Release: the kernel must see the entries before it sees the tail. */
UB_ALWAYS_INLINE void ub_ring_publish(struct ub_ring *ring)
{
    __atomic_store_n(ring->sq_ktail, ring->sq_tail, __ATOMIC_RELEASE);
}

/* What the kernel has not consumed yet of what was published. */
UB_ALWAYS_INLINE uint32_t ub_ring_unsent(const struct ub_ring *ring)
{
    return ring->sq_tail - __atomic_load_n(ring->sq_khead, __ATOMIC_ACQUIRE);
}

#endif
