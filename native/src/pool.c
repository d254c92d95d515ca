/* The workers of a pool: what they do, how they sleep and are woken. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include "call.h"
#include "chain.h"
#include "meta.h"
#include "pool.h"

#define STACK_BYTES (256u << 10)
/* Of pool->idle. */
#define SLEEPER  1u
#define LOOKER   (1u << 16)
#define SLEEPERS (LOOKER - 1)
/* Looks at a word between two looks at the clock. */
#define SPINS 32u

/* Others read it meanwhile: the job, at the end of the ramp. */
static void count(uint64_t *calls, int64_t change)
{
    __atomic_store_n(calls, *calls + (uint64_t)change, __ATOMIC_RELAXED);
}

/* The words are this process's own, which spares the kernel a look at whose memory it is. */
static int futex(uint32_t *word, int op, uint32_t value, const struct timespec *limit)
{
    return (int)UB_SYSCALL(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, limit, 0, 0);
}

/* Marks sleepers as lookers -> how many: no more than wait in the queue for somebody who would look. */
static uint32_t claim_sleepers(struct ub_pool *pool)
{
    uint32_t idle = __atomic_load_n(&pool->idle, __ATOMIC_SEQ_CST), claimed;
    do {
        uint64_t waiting = ub_queue_length(&pool->queue);
        uint32_t sleeping = idle & SLEEPERS, looking = idle / LOOKER;
        if (sleeping == 0 || waiting <= looking)
            return 0;
        claimed = waiting - looking < sleeping ? (uint32_t)waiting - looking : sleeping;
    } while (!__atomic_compare_exchange_n(&pool->idle, &idle, idle + claimed * (LOOKER - SLEEPER), 0,
                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    return claimed;
}

int ub_pool_wake(struct ub_pool *pool, uint64_t *calls)
{
    uint32_t claimed = claim_sleepers(pool);
    if (claimed == 0)
        return 0;
    __atomic_add_fetch(&pool->tokens, claimed, __ATOMIC_RELEASE);
    count(calls, 1);
    int ret = futex(&pool->tokens, FUTEX_WAKE, claimed, NULL);
    return ret < 0 ? ret : 0;
}

static void fail(struct ub_pool *pool, int error)
{
    __atomic_store_n(&pool->error, error, __ATOMIC_RELAXED);
}

static void look(struct ub_worker *worker)
{
    worker->looks = 1;
    __atomic_add_fetch(&worker->pool->idle, LOOKER, __ATOMIC_SEQ_CST);
}

/* It has found something, and whoever put more into the queue meanwhile may have relied on it. */
static void look_no_more(struct ub_worker *worker)
{
    worker->looks = 0;
    __atomic_sub_fetch(&worker->pool->idle, LOOKER, __ATOMIC_SEQ_CST);
    int ret = ub_pool_wake(worker->pool, &worker->syscalls[UB_SYS_FUTEX]);
    if (UB_UNLIKELY(ret < 0))
        fail(worker->pool, ret);
}

static int stops(const struct ub_pool *pool)
{
    return (int)__atomic_load_n(&pool->stop, __ATOMIC_SEQ_CST);
}

/* +spin: whether something is to be done before a bounded time is over. */
static int spin(const struct ub_pool *pool)
{
    uint64_t until = ub_now(&pool->clock) + UB_POOL_SPIN_NS;
    do {
        for (uint32_t i = 0; i < SPINS; i++) {
            if (ub_queue_length(&pool->queue) > 0)
                return 1;
            ub_relax();
        }
    } while (ub_now(&pool->clock) < until && !stops(pool));
    return 0;
}

static int take_token(struct ub_pool *pool)
{
    uint32_t tokens = __atomic_load_n(&pool->tokens, __ATOMIC_RELAXED);
    while (tokens > 0)
        if (__atomic_compare_exchange_n(&pool->tokens, &tokens, tokens - 1, 1, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return 1;
    return 0;
}

/*
 * Whoever claimed a sleeper leaves a token for it. The first sleep is counted already: it is taken back when
 * there is none. Another may have been faster than the one that was woken, which sleeps again.
 */
static void wait_for_token(struct ub_pool *pool, uint64_t *calls)
{
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = 10000000};
    for (int first = 1;; first = 0) {
        if (take_token(pool)) {
            count(calls, first ? -1 : 0);
            return;
        }
        count(calls, first ? 0 : 1);
        int ret = futex(&pool->tokens, FUTEX_WAIT, 0, NULL);
        if (UB_UNLIKELY(ret < 0 && ret != -EAGAIN && ret != -EINTR && ret != -ETIMEDOUT)) {
            fail(pool, ret);
            nanosleep(&pause, NULL);
        }
    }
}

/*
 * From looking to sleeping and back. Either the worker sees what was put into the queue before it was counted
 * as a sleeper, or whoever put it there sees the sleeper: both write first and then look, in one order for
 * all (SEQ_CST).
 */
static void sleep_until_woken(struct ub_worker *worker)
{
    struct ub_pool *pool = worker->pool;
    uint64_t *calls = &worker->syscalls[UB_SYS_FUTEX];
    count(calls, 1); /* that of a sleep, before ub_pool_settle takes this worker for asleep */
    uint32_t idle = __atomic_add_fetch(&pool->idle, SLEEPER - LOOKER, __ATOMIC_SEQ_CST);
    if (ub_queue_length(&pool->queue) > 0 || stops(pool))
        while (idle & SLEEPERS) /* else this one, too, was claimed */
            if (__atomic_compare_exchange_n(&pool->idle, &idle, idle + LOOKER - SLEEPER, 0, __ATOMIC_SEQ_CST,
                                            __ATOMIC_RELAXED)) {
                count(calls, -1);
                ub_relax(); /* a place may be claimed and not yet written */
                return;
            }
    wait_for_token(pool, calls);
}

/* The next request -> 1; 0 at the end. */
static int next_request(struct ub_worker *worker, uint32_t *slot)
{
    struct ub_pool *pool = worker->pool;
    for (;;) {
        if (ub_queue_take(&pool->queue, slot)) {
            if (worker->looks)
                look_no_more(worker);
            return 1;
        }
        if (!worker->looks)
            look(worker);
        if (pool->spins && spin(pool))
            continue;
        if (stops(pool))
            return 0;
        sleep_until_woken(worker);
    }
}

/* Whether an interrupted call was made again long enough. */
static int is_hopeless(const struct ub_pool *pool, uint32_t tries, uint64_t *since)
{
    if (tries == 1)
        *since = ub_now(&pool->clock);
    return tries > UB_PATIENCE_TRIES && ub_now(&pool->clock) - *since > UB_PATIENCE_NS;
}

static int32_t perform_chain(struct ub_worker *worker, const struct ub_request *request)
{
    const struct ub_pool *pool = worker->pool;
    const struct ub_chain_call call = {.chain = pool->chain,
                                       .fd = request->fd,
                                       .io = request->io,
                                       .aside = request->aside,
                                       .buffer = request->buffer,
                                       .len = request->len,
                                       .rw_flags = pool->rw_flags,
                                       .vectored = (int)pool->vectored};
    uint32_t step = 0;
    uint64_t since = 0;
    for (uint32_t tries = 1;; tries++) {
        int32_t res = ub_chain_perform(&call, &step, worker->syscalls);
        if (UB_LIKELY(res != -EINTR) || is_hopeless(pool, tries, &since))
            return res;
    }
}

static int32_t make_meta_call(struct ub_worker *worker, struct ub_request *request)
{
    uint32_t slot = (uint32_t)(request - worker->pool->requests);
    struct ub_meta_call call = {.item = request->meta.item, .buffer = request->buffer, .slot = slot};
    int32_t res = ub_meta_call(worker->pool->tree, &call, worker->syscalls);
    request->resumed = call.resumed;
    return res;
}

UB_ALWAYS_INLINE int32_t make_call(struct ub_worker *worker, struct ub_request *request)
{
    const int vectored = (int)worker->pool->vectored;
    count(&worker->syscalls[ub_call_name(request->op, request->io.datasync, vectored)], 1);
    return ub_call(request->fd, request->op, &request->io, request->buffer, request->len, vectored,
                   worker->pool->rw_flags);
}

/* An interrupted call is made again, as sync does it. */
static int32_t perform(struct ub_worker *worker, struct ub_request *request)
{
    const struct ub_pool *pool = worker->pool;
    uint64_t since = 0;
    if (UB_UNLIKELY(pool->chain) && request->op == UB_OP_WRITE)
        return perform_chain(worker, request);
    for (uint32_t tries = 1;; tries++) {
        int32_t res = UB_UNLIKELY(pool->tree) ? make_meta_call(worker, request) : make_call(worker, request);
        if (UB_LIKELY(res != -EINTR) || is_hopeless(pool, tries, &since))
            return res;
    }
}

static void give_back(struct ub_worker *worker, uint32_t slot)
{
    struct ub_returns *returns = &worker->pool->returns;
    if (!ub_returns_put(returns, worker->pool->requests, slot))
        return;
    __atomic_store_n(&returns->woken, 1, __ATOMIC_RELEASE);
    count(&worker->syscalls[UB_SYS_FUTEX], 1);
    int ret = futex(&returns->woken, FUTEX_WAKE, 1, NULL);
    if (UB_UNLIKELY(ret < 0))
        fail(worker->pool, ret); /* the job looks again before long */
}

static void *worker_main(void *arg)
{
    struct ub_worker *worker = arg;
    struct ub_pool *pool = worker->pool;
    char name[32]; /* the kernel keeps 15 */
    snprintf(name, sizeof name, "ub-pool-%u.%u", pool->job, worker->number);
    prctl(PR_SET_NAME, name);
    uint32_t slot;
    while (next_request(worker, &slot)) {
        struct ub_request *request = &pool->requests[slot];
        request->res = perform(worker, request);
        /* While others sleep, the job is to know that this one will look before it wakes them. */
        if (__atomic_load_n(&pool->idle, __ATOMIC_RELAXED) & SLEEPERS)
            look(worker);
        give_back(worker, slot);
    }
    return NULL;
}

int ub_pool_wait_for(struct ub_pool *pool, uint32_t missing, uint64_t ns, uint64_t *calls)
{
    struct ub_returns *returns = &pool->returns;
    const struct timespec limit = {.tv_sec = 0, .tv_nsec = (long)ns};
    if (pool->spins) {
        uint64_t until = ub_now(&pool->clock) + (ns < UB_POOL_SPIN_NS ? ns : UB_POOL_SPIN_NS);
        do {
            for (uint32_t i = 0; i < SPINS; i++) {
                if (__atomic_load_n(&returns->word, __ATOMIC_RELAXED))
                    return 1;
                ub_relax();
            }
        } while (ub_now(&pool->clock) < until);
    }
    uint64_t nothing = 0;
    __atomic_store_n(&returns->woken, 0, __ATOMIC_RELAXED);
    if (!__atomic_compare_exchange_n(&returns->word, &nothing, (uint64_t)missing << 32, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED))
        return 1;
    count(calls, 1);
    int ret = futex(&returns->woken, FUTEX_WAIT, 0, &limit);
    return ret == 0 || ret == -EAGAIN ? 1 : ret == -ETIMEDOUT ? 0 : ret;
}

uint32_t ub_pool_withdraw(struct ub_pool *pool)
{
    uint32_t slot, n = 0;
    while (ub_queue_take(&pool->queue, &slot))
        n++;
    return n;
}

int ub_pool_create(struct ub_pool **out, uint32_t depth, uint32_t nworkers)
{
    struct ub_pool *pool = aligned_alloc(_Alignof(struct ub_pool), sizeof *pool);
    *out = pool;
    if (!pool)
        return -ENOMEM;
    *pool = (struct ub_pool){.queue.mask = ub_queue_size(depth) - 1};
    size_t requests = depth * sizeof *pool->requests, workers = nworkers * sizeof *pool->workers;
    pool->requests = aligned_alloc(_Alignof(struct ub_request), requests);
    pool->workers = aligned_alloc(_Alignof(struct ub_worker), workers);
    pool->queue.cells = calloc(pool->queue.mask + 1, sizeof *pool->queue.cells);
    pool->prepared = calloc(depth, sizeof *pool->prepared);
    if (!pool->requests || !pool->workers || !pool->queue.cells || !pool->prepared)
        return -ENOMEM;
    memset(pool->requests, 0, requests);
    memset(pool->workers, 0, workers);
    return 0;
}

void ub_pool_settle(const struct ub_pool *pool)
{
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = 20000};
    while ((__atomic_load_n(&pool->idle, __ATOMIC_ACQUIRE) & SLEEPERS) < pool->nworkers &&
           __atomic_load_n(&pool->error, __ATOMIC_RELAXED) == 0)
        nanosleep(&pause, NULL);
}

/* Signals are the main thread's. */
int ub_pool_start(struct ub_pool *pool, uint32_t nworkers)
{
    pthread_attr_t attr;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int ret = 0;
    while (ret == 0 && pool->nworkers < nworkers) {
        struct ub_worker *worker = &pool->workers[pool->nworkers];
        *worker = (struct ub_worker){.pool = pool, .number = pool->nworkers};
        ret = pthread_create(&worker->thread, &attr, worker_main, worker);
        pool->nworkers += ret == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (ret == 0) {
        ub_pool_settle(pool);
        ub_pool_count(pool, NULL);
    }
    return -ret;
}

void ub_pool_count(struct ub_pool *pool, uint64_t sums[UB_SYSCALLS])
{
    for (uint32_t i = 0; i < UB_SYSCALLS; i++) {
        uint64_t now = 0;
        for (uint32_t w = 0; w < pool->nworkers; w++)
            now += __atomic_load_n(&pool->workers[w].syscalls[i], __ATOMIC_RELAXED);
        if (sums && now > pool->counted[i])
            sums[i] += now - pool->counted[i];
        pool->counted[i] = now;
    }
}

/* All of them get up -> 0, or -errno when that can't be told them. */
static int stop_workers(struct ub_pool *pool)
{
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = 1000000};
    __atomic_store_n(&pool->stop, 1, __ATOMIC_SEQ_CST);
    uint32_t idle = __atomic_load_n(&pool->idle, __ATOMIC_SEQ_CST);
    while (!__atomic_compare_exchange_n(&pool->idle, &idle, idle + (idle & SLEEPERS) * (LOOKER - SLEEPER), 0,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        ;
    __atomic_add_fetch(&pool->tokens, idle & SLEEPERS, __ATOMIC_RELEASE);
    int ret = 0;
    for (uint32_t tries = 0; tries < UB_PATIENCE_TRIES; tries++) {
        ret = futex(&pool->tokens, FUTEX_WAKE, INT_MAX, NULL);
        if (ret >= 0)
            return 0;
        nanosleep(&pause, NULL);
    }
    return ret;
}

void ub_pool_destroy(struct ub_pool *pool, int stuck)
{
    if (!pool)
        return;
    stuck |= pool->nworkers && stop_workers(pool) < 0;
    for (uint32_t i = 0; i < pool->nworkers; i++) {
        if (stuck)
            pthread_detach(pool->workers[i].thread);
        else
            pthread_join(pool->workers[i].thread, NULL);
    }
    if (stuck)
        return;
    free(pool->prepared);
    free(pool->queue.cells);
    free(pool->workers);
    free(pool->requests);
    free(pool);
}
