/* What the kernel has not taken of a ring with SQ_REWIND moves to its beginning, whole. */
#include <string.h>
#include "fixture.h"
#include "uring.h"

#define ENTRIES 8u

static void fill(struct ub_ring *ring)
{
    for (uint32_t i = 0; i < ENTRIES; i++)
        memset(ub_ring_sqe(ring, i), (int)i + 1, (size_t)1 << ring->sqe_shift);
    ring->sq_tail = ENTRIES;
    ub_ring_publish(ring);
}

static void test_taken(uint32_t shift, uint32_t taken)
{
    static _Alignas(64) unsigned char memory[ENTRIES << 7];
    struct ub_ring ring = {.sqe_shift = shift, .sqes = memory, .sq_mask = ENTRIES - 1};
    size_t bytes = (size_t)1 << shift;
    ring.sq_khead = &ring.rewind[0];
    ring.sq_ktail = &ring.rewind[1];
    test_context("sqes of %zu bytes, %u taken", bytes, taken);
    fill(&ring);
    CHECK_EQ(ub_ring_unsent(&ring), ENTRIES);
    ub_ring_rewind(&ring, taken);
    CHECK_EQ(ub_ring_unsent(&ring), ENTRIES - taken);
    CHECK_EQ(ring.sq_tail, ENTRIES - taken);
    CHECK_EQ(ring.rewind[1], ENTRIES - taken);
    for (uint32_t i = 0; i < ENTRIES - taken; i++) {
        CHECK_EQ(memory[i * bytes], taken + i + 1);
        CHECK_EQ(memory[(i + 1) * bytes - 1], taken + i + 1);
    }
}

int main(void)
{
    for (uint32_t taken = 0; taken <= ENTRIES; taken++) {
        test_taken(6, taken);
        test_taken(7, taken);
    }
    return 0;
}
