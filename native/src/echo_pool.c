/* Rings of provided buffers, io_uring_register_buf_ring(3): 5.19. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "echo_uring.h"

#define MOST (1u << 15) /* the kernel's limit */

/* The tail lies where the first has resv. */
struct ub_echo_entry {
    uint64_t addr;
    uint32_t len;
    uint16_t bid;
    uint16_t resv;
};

static size_t ring_bytes(const struct ub_echo_pool *pool)
{
    return sizeof(struct ub_echo_entry) * pool->n;
}

int ub_echo_pool_make(struct ub_echo_pool *pool, uint32_t wanted, uint32_t bytes)
{
    for (pool->n = 16; pool->n < wanted && pool->n < MOST;)
        pool->n *= 2;
    pool->bytes = bytes;
    pool->held = pool->n;
    pool->order = calloc(pool->n, sizeof *pool->order);
    pool->positions = calloc(pool->n, sizeof *pool->positions);
    pool->memory = malloc((size_t)pool->n * bytes);
    void *ring = mmap(NULL, ring_bytes(pool), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pool->entries = ring == MAP_FAILED ? NULL : ring;
    return pool->order && pool->positions && pool->memory && pool->entries ? 0 : -ENOMEM;
}

void ub_echo_pool_give(struct ub_echo_pool *pool, uint32_t number)
{
    uint32_t at = pool->tail & (pool->n - 1);
    struct ub_echo_entry *entry = &pool->entries[at];
    entry->addr = (uintptr_t)ub_echo_pool_at(pool, number);
    entry->len = pool->bytes;
    entry->bid = (uint16_t)number;
    pool->order[at] = number;
    pool->positions[number] = pool->tail++;
    pool->held--;
    __atomic_store_n(&pool->entries[0].resv, (uint16_t)pool->tail, __ATOMIC_RELEASE);
}

int ub_echo_pool_register(struct ub_echo_pool *pool, const struct ub_ring *ring)
{
    struct {
        uint64_t ring_addr;
        uint32_t ring_entries;
        uint16_t bgid, flags;
        uint64_t resv[3];
    } group = {.ring_addr = (uintptr_t)pool->entries, .ring_entries = pool->n, .bgid = UB_ECHO_GROUP};
    int ret = ub_ring_register(ring, UB_REGISTER_PBUF_RING, &group, 1);
    for (uint32_t i = 0; ret == 0 && i < pool->n; i++)
        ub_echo_pool_give(pool, i);
    return ret;
}

void ub_echo_pool_free(struct ub_echo_pool *pool)
{
    if (pool->entries)
        munmap(pool->entries, ring_bytes(pool));
    free(pool->memory);
    free(pool->positions);
    free(pool->order);
}
