/* How long a ring waits: for so many completions, or until that has taken too long. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "fixture.h"
#include "uring.h"

#define MIN_WAIT_US 30000u

static struct ub_ring ring;
static int ends[2]; /* of a pipe that nothing is written to: a read of it stays in flight */

static void open_ring(uint32_t flags)
{
    const char *stage;
    struct io_uring_params params;
    memset(&params, 0, sizeof params);
    params.flags = flags;
    int ret = ub_ring_open(&ring, 4, &params, &stage);
    if (ret < 0)
        test_skip("no io_uring here: %s", strerror(-ret));
}

static void push(uint32_t index, uint8_t opcode)
{
    static char byte;
    struct io_uring_sqe *sqe = ub_ring_sqe(&ring, index);
    memset(sqe, 0, sizeof *sqe);
    sqe->opcode = opcode;
    sqe->fd = opcode == IORING_OP_READ ? ends[0] : -1;
    sqe->addr = (uint64_t)(uintptr_t)&byte;
    sqe->len = 1;
    ub_ring_push(&ring, index);
}

/* Submits what was pushed and waits for two -> milliseconds that it took; *ret as the call said. */
static uint64_t wait_for_two(int *ret)
{
    ub_ring_publish(&ring);
    uint64_t from = test_now_ns();
    *ret = ub_ring_enter(&ring, ub_ring_unsent(&ring), 2, 0);
    return (test_now_ns() - from) / 1000000;
}

static void take_all(void)
{
    __atomic_store_n(ring.cq_khead, *ring.cq_ktail, __ATOMIC_RELEASE);
}

static void check_waits(void)
{
    int ret;
    push(0, IORING_OP_NOP);
    push(1, IORING_OP_NOP);
    CHECK(wait_for_two(&ret) < MIN_WAIT_US / 1000); /* both are there: nothing is waited for */
    CHECK_EQ(ret, 2);
    take_all();
    push(0, IORING_OP_NOP);
    push(1, IORING_OP_READ);
    uint64_t ms = wait_for_two(&ret); /* one is: it comes when the time is over */
    CHECK_EQ(ret, 2);
    CHECK_EQ(ub_ring_ready(&ring), 1);
    CHECK(ms >= MIN_WAIT_US / 1000);
    take_all();
    ms = wait_for_two(&ret); /* none is: the wait goes on, with an end */
    CHECK_EQ(ret, -ETIME);
    CHECK(ms > MIN_WAIT_US / 1000);
}

static void test_min_wait(void)
{
    const char *stage;
    test_context("min_wait");
    open_ring(0);
    int ret = ub_ring_set_min_wait(&ring, MIN_WAIT_US, &stage);
    if (ret == -EINVAL)
        test_note("min_wait is not tested: %s", stage);
    else
        check_waits();
    ub_ring_close(&ring);
}

static void test_registered_wait(void)
{
    const char *stage;
    test_context("registered_wait");
    open_ring(IORING_SETUP_R_DISABLED);
    int ret = ub_ring_set_min_wait(&ring, MIN_WAIT_US, &stage);
    if (ret == 0)
        ret = ub_ring_register_wait(&ring, &stage);
    if (ret == -EINVAL)
        test_note("registered_wait is not tested: %s", stage);
    else
        CHECK_EQ(ret, 0), check_waits();
    ub_ring_close(&ring);
}

int main(void)
{
    CHECK_EQ(pipe(ends), 0);
    test_min_wait();
    test_registered_wait();
    close(ends[0]);
    close(ends[1]);
    CHECK_EQ(test_mappings("io_uring"), 0);
    return 0;
}
