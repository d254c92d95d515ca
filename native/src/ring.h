/* One io_uring instance: its mappings and raw system calls. The hot parts are inline, set-up is in ring.c. */
#ifndef UB_RING_H
#define UB_RING_H

#include <errno.h>
#include <time.h>
#include "kernel.h"
#include "sys.h"

/* So often is a registration made that signals interrupt. */
#define UB_REGISTER_TRIES 100

/* The memory that arguments of io_uring_enter lie in. */
#define UB_WAIT_MAP 4096u

struct ub_ring {
    int fd;
    int enter_fd;         /* fd, or the index of the registered one */
    uint32_t enter_flags; /* UB_ENTER_*, of each call */
    uint64_t enter_arg;   /* what they make of the call's last two arguments: 0 without */
    size_t enter_arg_bytes;
    uint32_t features; /* IORING_FEAT_* of this kernel */
    uint32_t flags;    /* IORING_SETUP_* */
    uint32_t sq_mask, cq_mask;
    uint32_t sqe_shift, cqe_shift;                        /* log2 of an entry's bytes: 6 and 4, or 7 and 5 */
    uint32_t sq_tail;                                     /* ours; published at submission */
    uint32_t *sq_khead, *sq_ktail, *sq_kflags, *sq_array; /* sq_array: NULL with NO_SQARRAY */
    uint32_t *cq_khead, *cq_ktail;
    uint32_t rewind[2]; /* sq_khead and sq_ktail with SQ_REWIND: the kernel's own must stay 0 */
    void *sqes, *cqes;
    void *sq_map, *cq_map;
    size_t sq_bytes, cq_bytes, sqe_bytes;
    size_t huge_bytes; /* of the one mapping at sq_map that holds all of it; 0: each has its own */
    void *wait_map;    /* UB_WAIT_MAP bytes that enter_arg means; NULL without */
};

/* io_uring_setup with these flags and its mappings -> 0 or -errno with *stage. */
int ub_ring_open(struct ub_ring *ring, uint32_t entries, struct io_uring_params *params, const char **stage);
/* The same in huge pages of our own: with IORING_SETUP_NO_MMAP (6.5). */
int ub_ring_open_huge(struct ub_ring *ring, uint32_t entries, struct io_uring_params *params,
                      const char **stage);
void ub_ring_close(struct ub_ring *ring);
/* Waits of more than min_wait_us are over when at least one completion is there, and with that (6.12) -> 0 or
 * -errno with *stage. */
int ub_ring_set_min_wait(struct ub_ring *ring, uint64_t min_wait_us, const char **stage);
/* What ub_ring_set_min_wait has set is registered, so that no call copies it (6.13). The ring was opened with
 * IORING_SETUP_R_DISABLED, and is enabled -> 0 or -errno with *stage. */
int ub_ring_register_wait(struct ub_ring *ring, const char **stage);
/* Registers the ring's own descriptor, so that io_uring_enter need not look it up (5.18) -> 0 or -errno. */
int ub_ring_register_self(struct ub_ring *ring);
/* Whether this kernel knows the operation: 0, -EOPNOTSUPP, or what IORING_REGISTER_PROBE said. */
int ub_ring_has_op(const struct ub_ring *ring, uint8_t op);

/* A signal may come while the kernel waits for its lock: that is no answer. */
static inline int ub_ring_register(const struct ub_ring *ring, uint32_t opcode, const void *arg, uint32_t nr)
{
    long ret = -EINTR;
    for (int tries = 0; ret == -EINTR && tries < UB_REGISTER_TRIES; tries++)
        ret = UB_SYSCALL(SYS_io_uring_register, ring->fd, opcode, arg, nr, 0, 0);
    return (int)ret;
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
 * Of a ring with entries of both sizes (IORING_SETUP_CQE_MIXED): the one at head + *taken, which moves on to
 * the next; NULL for one that only fills a place.
 */
UB_ALWAYS_INLINE const struct io_uring_cqe *ub_ring_mixed_cqe(const struct ub_ring *ring, uint32_t head,
                                                              uint32_t *taken)
{
    const struct io_uring_cqe *cqe = ub_ring_cqe(ring, head + *taken);
    *taken += cqe->flags & UB_CQE_F_32 ? 2 : 1;
    return cqe->flags & UB_CQE_F_SKIP ? NULL : cqe;
}

/*
 * Submits n and waits for min completions in the same call, for as long as that takes: a limit
 * (IORING_ENTER_EXT_ARG) costs two copies from user space in each call, 50 ns where it was measured; features
 * alone have one (ub_ring_set_min_wait). -EINTR, and -ETIME with a limit, are no errors: the caller waits
 * again.
 */
UB_ALWAYS_INLINE int ub_ring_enter(const struct ub_ring *ring, uint32_t n, uint32_t min, uint32_t flags)
{
    flags |= ring->enter_flags | (min ? IORING_ENTER_GETEVENTS : 0);
    return (int)UB_SYSCALL(SYS_io_uring_enter, ring->enter_fd, n, min, flags, ring->enter_arg,
                           ring->enter_arg_bytes);
}

/* The same for ns at the most, less than a second: -ETIME when that is over (5.11, IORING_FEAT_EXT_ARG). */
int ub_ring_enter_for(const struct ub_ring *ring, uint32_t n, uint32_t min, uint32_t flags, uint64_t ns);

/* SQ_REWIND: the kernel has taken so many from the beginning; what it has not moves there. */
void ub_ring_rewind(struct ub_ring *ring, uint32_t taken);

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
