/* A completion ring with entries of both sizes: each is found once, whole, also where the ring begins anew.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include "fixture.h"
#include "uring.h"

#define NOP_CQE32 (1u << 5) /* IORING_NOP_CQE32: off and addr of the sqe come back in the second half */
#define ENTRIES   4u        /* 8 places for completions */
#define ROUNDS    64u

static struct ub_ring ring;
static uint32_t large_ones, fillers;

static void push(uint32_t index, uint64_t number, int large)
{
    struct io_uring_sqe *sqe = ub_ring_sqe(&ring, index);
    memset(sqe, 0, sizeof *sqe);
    sqe->opcode = IORING_OP_NOP;
    sqe->user_data = number;
    if (large) {
        sqe->rw_flags = (int)NOP_CQE32;
        sqe->off = ~number;
        sqe->addr = number * 3;
    }
    ub_ring_push(&ring, index);
}

static int is_large(uint64_t number)
{
    return number % 3 != 0; /* one small, two large ones: places before the end are odd and even */
}

static void check(const struct io_uring_cqe *cqe, uint64_t number)
{
    uint64_t more[2];
    CHECK_EQ(cqe->user_data, number);
    CHECK_EQ(cqe->res, 0);
    CHECK_EQ((cqe->flags & UB_CQE_F_32) != 0, is_large(number));
    if (!is_large(number))
        return;
    memcpy(more, (const char *)cqe + sizeof *cqe, sizeof more);
    CHECK_EQ(more[0], ~number);
    CHECK_EQ(more[1], number * 3);
    large_ones++;
}

static void turn(uint64_t first)
{
    uint32_t head = *ring.cq_khead, taken = 0;
    for (uint32_t i = 0; i < 3; i++)
        push(i, first + i, is_large(first + i));
    ub_ring_publish(&ring);
    CHECK_EQ(ub_ring_enter(&ring, ub_ring_unsent(&ring), 1, 0), 3);
    uint64_t number = first;
    while (taken < ub_ring_ready(&ring)) {
        const struct io_uring_cqe *cqe = ub_ring_mixed_cqe(&ring, head, &taken);
        if (cqe)
            check(cqe, number++);
        else
            fillers++;
    }
    CHECK_EQ(number, first + 3);
    CHECK_EQ(taken, ub_ring_ready(&ring));
    __atomic_store_n(ring.cq_khead, head + taken, __ATOMIC_RELEASE);
}

int main(void)
{
    const char *stage;
    struct io_uring_params params;
    memset(&params, 0, sizeof params);
    params.flags = UB_SETUP_CQE_MIXED;
    int ret = ub_ring_open(&ring, ENTRIES, &params, &stage);
    if (ret < 0)
        test_skip("no IORING_SETUP_CQE_MIXED here: %s: %s", stage, strerror(-ret));
    for (uint64_t round = 0; round < ROUNDS; round++)
        turn(round * 3);
    CHECK_EQ(large_ones, ROUNDS * 2);
    CHECK(fillers > 0); /* some did not fit before the end */
    ub_ring_close(&ring);
    return 0;
}
