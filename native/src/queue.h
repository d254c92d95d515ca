/*
 * A bounded queue of numbers for many producers and many consumers that takes no lock. A cell holds a number
 * and the turn in which it was put there, in one word: a consumer reads it first and then claims its place by
 * moving head, so that nobody waits for a consumer that was interrupted in between (in D. Vyukov's queue,
 * whose turns these are, the next lap's producer does). Producers claim places for all that they have at
 * once, and remember how far consumers were.
 */
#ifndef UB_QUEUE_H
#define UB_QUEUE_H

#include <stdint.h>
#include "sys.h"

#define UB_CACHE_LINE 64

struct ub_queue {
    uint64_t *cells;                       /* by place & mask: the place + 1 (its low half), the number */
    uint64_t mask;                         /* size - 1, a power of two */
    _Alignas(UB_CACHE_LINE) uint64_t tail; /* places that are claimed; producers' line */
    uint64_t head_seen;
    _Alignas(UB_CACHE_LINE) uint64_t head; /* places that are taken; consumers' line */
};

/* The least power of two that has room for so many. */
static inline uint64_t ub_queue_size(uint32_t most)
{
    uint64_t size = 1;
    while (size < most)
        size *= 2;
    return size;
}

/* How many wait, at least those that were put before the call: head is read first. */
static inline uint64_t ub_queue_length(const struct ub_queue *queue)
{
    uint64_t head = __atomic_load_n(&queue->head, __ATOMIC_ACQUIRE);
    return __atomic_load_n(&queue->tail, __ATOMIC_SEQ_CST) - head;
}

/* Signed: a tail that was read before others moved both lies behind head. */
UB_ALWAYS_INLINE int ub_queue_has_room(struct ub_queue *queue, uint64_t end)
{
    uint64_t seen = __atomic_load_n(&queue->head_seen, __ATOMIC_ACQUIRE);
    if (UB_LIKELY((int64_t)(end - seen) <= (int64_t)(queue->mask + 1)))
        return 1;
    seen = __atomic_load_n(&queue->head, __ATOMIC_ACQUIRE);
    __atomic_store_n(&queue->head_seen, seen, __ATOMIC_RELEASE);
    return (int64_t)(end - seen) <= (int64_t)(queue->mask + 1);
}

/* All n numbers, in order -> 1; 0 when there is no room for all of them. */
UB_ALWAYS_INLINE int ub_queue_put(struct ub_queue *queue, const uint32_t *numbers, uint32_t n)
{
    uint64_t at = __atomic_load_n(&queue->tail, __ATOMIC_RELAXED);
    do {
        if (UB_UNLIKELY(!ub_queue_has_room(queue, at + n)))
            return 0;
    } while (!__atomic_compare_exchange_n(&queue->tail, &at, at + n, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    for (uint32_t i = 0; i < n; i++) {
        uint64_t place = at + i;
        __atomic_store_n(&queue->cells[place & queue->mask], (place + 1) << 32 | numbers[i],
                         __ATOMIC_RELEASE);
    }
    return 1;
}

/* The oldest number -> 1; 0 when there is none. What its producer wrote before it put it is seen. */
UB_ALWAYS_INLINE int ub_queue_take(struct ub_queue *queue, uint32_t *number)
{
    uint64_t at = __atomic_load_n(&queue->head, __ATOMIC_ACQUIRE);
    for (;;) {
        uint64_t cell = __atomic_load_n(&queue->cells[at & queue->mask], __ATOMIC_ACQUIRE);
        if ((uint32_t)(cell >> 32) != (uint32_t)(at + 1)) { /* of an earlier lap, or others were faster */
            uint64_t now = __atomic_load_n(&queue->head, __ATOMIC_ACQUIRE);
            if (now == at)
                return 0;
            at = now;
        } else if (__atomic_compare_exchange_n(&queue->head, &at, at + 1, 1, __ATOMIC_ACQ_REL,
                                               __ATOMIC_ACQUIRE)) {
            *number = (uint32_t)cell;
            return 1;
        }
    }
}

#endif
