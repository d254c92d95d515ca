/* What both io_uring models of `uring-bench echo` have in common: the ring, its sqes, waiting. */
#ifndef UB_ECHO_URING_H
#define UB_ECHO_URING_H

#include <string.h>
#include "echo.h"
#include "ring.h"

/* linux/io_uring.h; the installed one may be older. */
#define UB_OP_SEND_ZC            47         /* IORING_OP_SEND_ZC, 6.0 */
#define UB_ACCEPT_MULTISHOT      (1u << 0)  /* 5.19 */
#define UB_RECV_MULTISHOT        (1u << 1)  /* 6.0 */
#define UB_SEND_ZC_REPORT_USAGE  (1u << 3)  /* 6.2 */
#define UB_RECVSEND_BUNDLE       (1u << 4)  /* 6.10 */
#define UB_FEAT_REG_REG_RING     (1u << 13) /* 6.3: REPORT_USAGE is there, too */
#define UB_FEAT_RECVSEND_BUNDLE  (1u << 14) /* 6.10 */
#define UB_NOTIF_USAGE_ZC_COPIED (1u << 31)
#define UB_CQE_F_NOTIF           (1u << 3)
#define UB_REGISTER_PBUF_RING    22u /* 5.19 */
#define UB_ECHO_SQ_IDLE_MS       10u

/* What an sqe was for: bits 56 and up of its user_data. Below are the connection (32 bits up) and the buffer.
 */
enum { UB_ECHO_ACCEPTED, UB_ECHO_WAKE, UB_ECHO_RECEIVED, UB_ECHO_SENT, UB_ECHO_CANCELLED };

struct ub_echo_ring {
    struct ub_ring ring;
    struct ub_echo_server *server;
    struct ub_echo_count *count;
    uint32_t sqpoll;
    uint32_t inflight; /* requests that have another completion to come */
};

static inline uint64_t ub_echo_tag(uint32_t kind, uint32_t connection, uint32_t buffer)
{
    return (uint64_t)kind << 56 | (uint64_t)connection << 32 | buffer;
}

/*
 * The next sqe, with its opcode, descriptor and tag. There is always room: a connection has at most a receive
 * and a send in flight, and the ring as many entries.
 */
static inline struct io_uring_sqe *ub_echo_sqe(struct ub_echo_ring *r, uint8_t opcode, int fd, uint64_t tag)
{
    uint32_t index = r->ring.sq_tail & r->ring.sq_mask;
    struct io_uring_sqe *sqe = ub_ring_sqe(&r->ring, index);
    memset(sqe, 0, sizeof *sqe);
    sqe->opcode = opcode;
    sqe->fd = fd;
    sqe->user_data = tag;
    ub_ring_push(&r->ring, index);
    r->inflight++;
    return sqe;
}

/*
 * echo_pool.c. Buffers of equal size that a ring provides to all receives. The kernel takes them in the order
 * in which they were given: a bundle has those that lie behind its first one.
 */
#define UB_ECHO_GROUP 7u

struct ub_echo_pool {
    struct ub_echo_entry *entries; /* shared with the kernel */
    uint32_t *order;               /* numbers of buffers, by position in the ring */
    uint32_t *positions;           /* the other way round */
    char *memory;
    uint32_t n, bytes; /* a power of two; of each */
    uint32_t tail;     /* positions so far */
    uint32_t held;     /* buffers that the kernel does not have */
};

int ub_echo_pool_make(struct ub_echo_pool *pool, uint32_t wanted, uint32_t bytes);
int ub_echo_pool_register(struct ub_echo_pool *pool, const struct ub_ring *ring);
void ub_echo_pool_give(struct ub_echo_pool *pool, uint32_t number);
void ub_echo_pool_free(struct ub_echo_pool *pool);

static inline char *ub_echo_pool_at(const struct ub_echo_pool *pool, uint32_t number)
{
    return pool->memory + (size_t)number * pool->bytes;
}

/* The buffer that was given at this position, which the kernel has filled. */
static inline uint32_t ub_echo_pool_take(struct ub_echo_pool *pool, uint32_t position)
{
    pool->held++;
    return pool->order[position & (pool->n - 1)];
}

/* echo_ring.c. The ring, with what the features ask for -> 0 or -errno. */
int ub_echo_ring_open(struct ub_echo_ring *r, struct ub_echo_server *server, const char **stage);
/* Hands over what is prepared, and waits for a completion if there is none -> 0 or -errno. */
int ub_echo_ring_wait(struct ub_echo_ring *r);
/* Takes one completion; r is the first member of a server's own state -> 0 or -errno. */
typedef int ub_echo_take_fn(struct ub_echo_ring *r, const struct io_uring_cqe *cqe);
/*
 * Waits, and takes all completions that are there -> 0 or -errno of entering the kernel; *failed keeps the
 * last error of take.
 */
UB_ALWAYS_INLINE int ub_echo_ring_turn(struct ub_echo_ring *r, ub_echo_take_fn take, int *failed)
{
    struct ub_ring *ring = &r->ring;
    int ret = ub_echo_ring_wait(r);
    if (ret < 0)
        return ret;
    uint32_t head = *ring->cq_khead, ready = ub_ring_ready(ring);
    for (uint32_t i = 0; i < ready; i++) {
        const struct io_uring_cqe cqe = *ub_ring_cqe(ring, head + i);
        if ((ret = take(r, &cqe)) < 0)
            *failed = ret;
    }
    __atomic_store_n(ring->cq_khead, head + ready, __ATOMIC_RELEASE);
    return 0;
}

/* The request that completes once the server is to stop. */
void ub_echo_ring_watch(struct ub_echo_ring *r);
/*
 * No more connections are accepted. That the listener is shut down is not enough: accept of a unix socket
 * that must not block says EAGAIN then (net/unix/af_unix.c), and is waited for on.
 */
void ub_echo_ring_cancel_accept(struct ub_echo_ring *r);

#endif
