/*
 * The bounded queue and the list of returns from several threads at once: nothing is lost, nothing comes
 * twice, each producer's numbers come in order, what was written before a number was put is seen by whoever
 * takes it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "pool.h"
#include "test.h"

#define SIDES 3u /* threads that put, and that take */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define EACH 20000u
#else
#define EACH 200000u
#endif

static uint32_t sides[SIDES] = {0, 1, 2}; /* their numbers */

static struct ub_queue queue;
static uint64_t cells[64];
static uint32_t payload[SIDES * EACH]; /* written by the producer alone, before it puts the number */
static uint8_t taken[SIDES * EACH];
static uint32_t left; /* numbers that nobody has taken */

static uint32_t payload_of(uint32_t number)
{
    return number * 2654435761u + 1;
}

static void *produce(void *arg)
{
    uint32_t first = *(const uint32_t *)arg * EACH, batch[8], n = 1;
    for (uint32_t done = 0; done < EACH; done += n) {
        n = 1 + done * 7 % 8;
        n = n < EACH - done ? n : EACH - done;
        for (uint32_t i = 0; i < n; i++) {
            batch[i] = first + done + i;
            payload[batch[i]] = payload_of(batch[i]);
        }
        while (!ub_queue_put(&queue, batch, n))
            sched_yield();
    }
    return NULL;
}

static void *consume(void *arg)
{
    uint32_t number, before[SIDES] = {0};
    while (__atomic_load_n(&left, __ATOMIC_RELAXED) > 0) {
        if (!ub_queue_take(&queue, &number)) {
            sched_yield();
            continue;
        }
        CHECK(number < SIDES * EACH);
        CHECK_EQ(payload[number], payload_of(number));
        CHECK_EQ(__atomic_fetch_add(&taken[number], 1, __ATOMIC_RELAXED), 0);
        CHECK(number >= before[number / EACH]); /* in the order in which its producer put them */
        before[number / EACH] = number;
        __atomic_sub_fetch(&left, 1, __ATOMIC_RELAXED);
    }
    return arg;
}

/* A size, and how far before the point at which places no longer fit into half a word it begins. */
static void test_queue(uint64_t size, uint64_t begin)
{
    pthread_t threads[2 * SIDES];
    test_context("queue of %u", (unsigned)size);
    memset(cells, 0, sizeof cells);
    memset(taken, 0, sizeof taken);
    queue =
        (struct ub_queue){.cells = cells, .mask = size - 1, .head = begin, .head_seen = begin, .tail = begin};
    left = SIDES * EACH;
    for (uint32_t i = 0; i < SIDES; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, produce, &sides[i]), 0);
        CHECK_EQ(pthread_create(&threads[SIDES + i], NULL, consume, NULL), 0);
    }
    for (uint32_t i = 0; i < 2 * SIDES; i++)
        pthread_join(threads[i], NULL);
    for (uint32_t i = 0; i < SIDES * EACH; i++)
        CHECK_EQ(taken[i], 1);
    CHECK_EQ(ub_queue_length(&queue), 0);
}

static void test_bounds(void)
{
    const uint32_t numbers[5] = {0, UINT32_MAX, 2, 3, 4};
    uint32_t number = 0;
    test_context("bounds of the queue");
    CHECK(ub_queue_size(1) == 1 && ub_queue_size(2) == 2 && ub_queue_size(3) == 4 && ub_queue_size(64) == 64);
    memset(cells, 0, sizeof cells);
    queue = (struct ub_queue){.cells = cells, .mask = 3};
    CHECK_EQ(ub_queue_take(&queue, &number), 0);
    CHECK_EQ(ub_queue_put(&queue, numbers, 5), 0);
    CHECK_EQ(ub_queue_put(&queue, numbers, 3), 1);
    CHECK_EQ(ub_queue_put(&queue, numbers, 2), 0); /* all or nothing */
    CHECK_EQ(ub_queue_length(&queue), 3);
    CHECK_EQ(ub_queue_take(&queue, &number), 1);
    CHECK_EQ(number, 0);
    CHECK_EQ(ub_queue_put(&queue, numbers + 3, 2), 1);
    for (uint32_t i = 1; i < 5; i++) {
        CHECK_EQ(ub_queue_take(&queue, &number), 1);
        CHECK_EQ(number, numbers[i]);
    }
    CHECK_EQ(ub_queue_take(&queue, &number), 0);
}

/* Returns: threads give back requests of their own, one takes them and lets them be given back anew. */
#define SLOTS 16u /* of each thread */
#define TURNS (EACH / SLOTS)

static struct ub_request requests[SIDES * SLOTS];
static struct ub_returns returns;
static uint32_t may_go[SIDES * SLOTS]; /* turns for which a request may be given back */
static uint32_t wakes;

static void *give(void *arg)
{
    uint32_t first = *(const uint32_t *)arg * SLOTS;
    for (uint32_t turn = 1; turn <= TURNS; turn++)
        for (uint32_t slot = first; slot < first + SLOTS; slot++) {
            while (__atomic_load_n(&may_go[slot], __ATOMIC_ACQUIRE) < turn)
                sched_yield();
            requests[slot].res = (int32_t)turn;
            if (ub_returns_put(&returns, requests, slot))
                __atomic_add_fetch(&wakes, 1, __ATOMIC_RELAXED);
        }
    return NULL;
}

/* Asks to be woken now and then, as ub_pool_wait_for does, without sleeping. */
static void test_returns(void)
{
    pthread_t threads[SIDES];
    static uint32_t turns[SIDES * SLOTS];
    uint32_t all = 0, asked = 0, cancelled = 0;
    test_context("returns");
    for (uint32_t i = 0; i < SIDES * SLOTS; i++)
        may_go[i] = 1;
    for (uint32_t i = 0; i < SIDES; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, give, &sides[i]), 0);
    while (all < SIDES * SLOTS * TURNS) {
        uint64_t nothing = 0, want = (uint64_t)(1 + all % 3) << 32;
        int waits =
            __atomic_compare_exchange_n(&returns.word, &nothing, want, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
        asked += (uint32_t)waits;
        uint32_t woken = __atomic_load_n(&wakes, __ATOMIC_RELAXED);
        for (uint32_t tries = 0; waits && tries < 3 && __atomic_load_n(&wakes, __ATOMIC_RELAXED) == woken;
             tries++)
            sched_yield();
        cancelled += (uint32_t)(waits && __atomic_load_n(&returns.word, __ATOMIC_RELAXED) >> 32 != 0);
        for (uint32_t first = ub_returns_take(&returns, requests), next; first; first = next) {
            uint32_t slot = first - 1;
            next = requests[slot].next;
            CHECK_EQ(requests[slot].res, ++turns[slot]); /* each turn once, with what was written for it */
            __atomic_store_n(&may_go[slot], turns[slot] + 1, __ATOMIC_RELEASE);
            all++;
        }
    }
    for (uint32_t i = 0; i < SIDES; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(returns.word, 0);
    /* Never more wakes than sleeps; those that were not cut short have had one each. */
    CHECK(wakes <= asked && wakes + cancelled >= asked);
}

static void test_returns_alone(void)
{
    test_context("returns, one after another");
    returns = (struct ub_returns){.word = UINT64_C(3) << 32};
    CHECK_EQ(ub_returns_put(&returns, requests, 5), 0);
    CHECK_EQ(ub_returns_put(&returns, requests, 0), 0);
    CHECK_EQ(ub_returns_put(&returns, requests, 7), 1); /* the third: only it wakes */
    CHECK_EQ(ub_returns_put(&returns, requests, 2), 0);
    uint32_t at = ub_returns_take(&returns, requests);
    static const uint32_t order[] = {5, 0, 7, 2};
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQ(at, order[i] + 1);
        at = requests[at - 1].next;
    }
    CHECK_EQ(at, 0);
    CHECK_EQ(ub_returns_take(&returns, requests), 0);
}

int main(void)
{
    test_bounds();
    test_queue(8, 0);
    test_queue(64, 0);
    test_queue(16, UINT64_C(0x100000000) - EACH);
    test_returns_alone();
    test_returns();
    return 0;
}
