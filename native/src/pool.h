/*
 * A job's pool of worker threads: a bounded queue of requests to them, a list of what they have done back.
 * Each side sleeps on a futex when it has nothing to do, and is woken by one call for as much as can be; a
 * side that is awake is not woken.
 */
#ifndef UB_POOL_H
#define UB_POOL_H

#include <pthread.h>
#include "clock.h"
#include "job.h"
#include "queue.h"

/* How long either side of a pool that spins looks again before it sleeps. */
#define UB_POOL_SPIN_NS 50000
/* --pool-threads goes no further; half a word counts them. */
#define UB_POOL_THREADS_MAX 1024u

/*
 * A request: all that a worker needs, so that it looks at nothing of the job's. One cache line goes to the
 * worker and comes back with the result.
 */
struct ub_request {
    union {
        _Alignas(UB_CACHE_LINE) struct ub_data_io io;
        struct ub_meta_io meta;
    };
    unsigned char *buffer;
    uint32_t len;
    uint32_t op; /* UB_OP_* */
    int fd;
    int32_t res;
    uint32_t next;    /* done before it, +1; 0: none */
    uint32_t resumed; /* of whole files: ub_meta_call.resumed */
    uint64_t aside;   /* chains: where they write aside */
};

/*
 * What is done, newest first, all taken at once: nothing is hidden behind a worker that was interrupted while
 * it gave something back, as in a ring. The word holds the newest request (+1; 0: none) and in its upper half
 * how many are missing until the job is to be woken (0: it is awake).
 */
struct ub_returns {
    _Alignas(UB_CACHE_LINE) uint64_t word;
    uint32_t woken; /* a futex: 0 while the job sleeps */
};

struct ub_worker {
    _Alignas((size_t)2 * UB_CACHE_LINE) struct ub_pool *pool; /* the prefetcher takes lines in pairs */
    pthread_t thread;
    uint32_t number;
    uint32_t looks; /* it is counted in the pool's idle */
    /* By UB_SYS_*; the job reads them. */
    uint64_t syscalls[UB_SYSCALLS];
};

struct ub_pool {
    /* Made before the workers, then only read. */
    struct ub_request *requests; /* by slot */
    struct ub_worker *workers;
    uint32_t nworkers;          /* that were started */
    uint32_t job;               /* its number */
    const struct ub_tree *tree; /* whose operations they are; NULL: they move data */
    uint32_t vectored;          /* preadv2 and pwritev2 */
    uint32_t rw_flags;          /* RWF_* */
    uint32_t spins;
    const struct ub_chain *chain; /* what each I/O is; NULL: its operation alone */
    int32_t error;                /* -errno of a futex call of a worker; ends the job */
    struct ub_clock clock;

    struct ub_queue queue;
    struct ub_returns returns;
    /*
     * Workers that sleep (low half), and those that look at the queue or will without being woken (high
     * half). In the middle of a busy pool nobody writes it.
     */
    _Alignas(UB_CACHE_LINE) uint32_t idle;
    uint32_t stop;
    _Alignas(UB_CACHE_LINE) uint32_t tokens; /* a futex: as many sleepers may get up */

    /* The job's alone. */
    _Alignas(UB_CACHE_LINE) uint32_t *prepared; /* slots, not yet in the queue */
    uint32_t nprepared;
    uint32_t first;                /* of what was taken back and not yet reaped, oldest first: a slot + 1 */
    uint64_t counted[UB_SYSCALLS]; /* of the workers' system calls, those that are counted or don't count */
};

/* A pool of a job for so many requests in flight, without workers -> 0 or -ENOMEM. */
int ub_pool_create(struct ub_pool **out, uint32_t depth, uint32_t nworkers);
/* Starts the workers, and waits until all of them sleep -> 0 or -errno; some may have been started then. */
int ub_pool_start(struct ub_pool *pool, uint32_t nworkers);
/* Waits until all workers sleep, when there is nothing that they do. */
void ub_pool_settle(const struct ub_pool *pool);
/* Adds the workers' system calls since it was last asked; sums may be NULL: then these don't count. */
void ub_pool_count(struct ub_pool *pool, uint64_t sums[UB_SYSCALLS]);
/*
 * Ends the workers and frees it. When one may be in a call that never ends (stuck), nobody waits for it, and
 * all that it could touch stays; so it does when they can't be woken.
 */
void ub_pool_destroy(struct ub_pool *pool, int stuck);

/* Workers for what waits in the queue, besides those that look at it: one call of futex at the most, counted
 * -> 0 or -errno. */
int ub_pool_wake(struct ub_pool *pool, uint64_t *calls);
/* The job takes what no worker has taken back out of the queue -> how many. */
uint32_t ub_pool_withdraw(struct ub_pool *pool);
/* Sleeps until so many more are given back, for ns (UB_WAIT_NS, or less than a second) at the most -> 1 when
 * it's worth looking, 0 when that took too long, or -errno. */
int ub_pool_wait_for(struct ub_pool *pool, uint32_t missing, uint64_t ns, uint64_t *calls);

UB_ALWAYS_INLINE void ub_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("yield" ::: "memory");
#endif
}

/* A worker gives a request back -> whether the job is to be woken. */
UB_ALWAYS_INLINE int ub_returns_put(struct ub_returns *returns, struct ub_request *requests, uint32_t slot)
{
    uint64_t old = __atomic_load_n(&returns->word, __ATOMIC_RELAXED), word;
    uint32_t missing;
    do {
        missing = (uint32_t)(old >> 32);
        requests[slot].next = (uint32_t)old;
        word = (uint64_t)(missing ? missing - 1 : 0) << 32 | (slot + 1);
    } while (!__atomic_compare_exchange_n(&returns->word, &old, word, 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    return missing == 1;
}

/* All that was given back, oldest first: a slot + 1, linked by next; 0: nothing. The job is awake then. */
UB_ALWAYS_INLINE uint32_t ub_returns_take(struct ub_returns *returns, struct ub_request *requests)
{
    if (__atomic_load_n(&returns->word, __ATOMIC_RELAXED) == 0)
        return 0;
    uint32_t newest = (uint32_t)__atomic_exchange_n(&returns->word, 0, __ATOMIC_ACQ_REL), first = 0;
    while (newest) {
        struct ub_request *request = &requests[newest - 1];
        uint32_t older = request->next;
        request->next = first;
        first = newest;
        newest = older;
    }
    return first;
}

#endif
