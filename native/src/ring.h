/* One io_uring instance: its mappings and raw system calls. The hot parts are inline, set-up is in ring.c. */
#ifndef UB_RING_H
#define UB_RING_H

#include <time.h>
#include "kernel.h"
#include "sys.h"

struct ub_ring {
    int fd;
    int enter_fd;         /* fd, or the index of the registered one */
    uint32_t enter_flags; /* UB_ENTER_REGISTERED_RING with the latter */
    uint32_t features;    /* IORING_FEAT_* of this kernel */
    uint32_t flags;       /* IORING_SETUP_* */
    uint32_t sq_mask, cq_mask;
    uint32_t sqe_shift, cqe_shift;                        /* log2 of an entry's bytes: 6 and 4, or 7 and 5 */
    uint32_t sq_tail;                                     /* ours; published at submission */
    uint32_t *sq_khead, *sq_ktail, *sq_kflags, *sq_array; /* sq_array: NULL with NO_SQARRAY */
    uint32_t *cq_khead, *cq_ktail;
    void *sqes, *cqes;
    void *sq_map, *cq_map;
    size_t sq_bytes, cq_bytes, sqe_bytes;
};

/* io_uring_setup with these flags and its mappings -> 0 or -errno with *stage. */
int ub_ring_open(struct ub_ring *ring, uint32_t entries, struct io_uring_params *params, const char **stage);
void ub_ring_close(struct ub_ring *ring);
/* Registers the ring's own descriptor, so that io_uring_enter need not look it up (5.18) -> 0 or -errno. */
int ub_ring_register_self(struct ub_ring *ring);
/* Whether this kernel knows the operation: 0, -EOPNOTSUPP, or what IORING_REGISTER_PROBE said. */
int ub_ring_has_op(const struct ub_ring *ring, uint8_t op);

static inline int ub_ring_register(const struct ub_ring *ring, uint32_t opcode, const void *arg, uint32_t nr)
{
    return (int)UB_SYSCALL(SYS_io_uring_register, ring->fd, opcode, arg, nr, 0, 0);
}

UB_ALWAYS_INLINE struct io_uring_sqe *ub_ring_sqe(const struct ub_ring *ring, uint32_t index)
{
    return (struct io_uring_sqe *)(void *)((char *)ring->sqes + ((size_t)index << ring->sqe_shift));
}

UB_ALWAYS_INLINE const struct io_uring_cqe *ub_ring_cqe(const struct ub_ring *ring, uint32_t position)
{
    return (
        const struct io_uring_cqe *)(const void *)((const char *)ring->cqes +
                                                   ((size_t)(position & ring->cq_mask) << ring->cqe_shift));
}

/*
 * Submits n and waits for min completions in the same call, for as long as that takes: a limit
 * (IORING_ENTER_EXT_ARG) costs two copies from user space in each call, 50 ns where it was measured. -EINTR
 * is no error: the caller waits again.
 */
UB_ALWAYS_INLINE int ub_ring_enter(const struct ub_ring *ring, uint32_t n, uint32_t min, uint32_t flags)
{
    flags |= ring->enter_flags | (min ? IORING_ENTER_GETEVENTS : 0);
    return (int)UB_SYSCALL(SYS_io_uring_enter, ring->enter_fd, n, min, flags, 0, 0);
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

UB_ALWAYS_INLINE uint32_t ub_ring_ready(const struct ub_ring *ring)
{
    return __atomic_load_n(ring->cq_ktail, __ATOMIC_ACQUIRE) - *ring->cq_khead;
}

/*
 * sqpoll: whether the kernel's thread has gone to sleep. The full barrier keeps our store of the tail before
 * the load of the flag; without it both sides could miss each other (io_uring(7)).
 */
UB_ALWAYS_INLINE int ub_ring_needs_wakeup(const struct ub_ring *ring)
{
    __sync_synchronize(); /* a full barrier; ThreadSanitizer knows no atomic_thread_fence */
    return (__atomic_load_n(ring->sq_kflags, __ATOMIC_RELAXED) & IORING_SQ_NEED_WAKEUP) != 0;
}

#endif
