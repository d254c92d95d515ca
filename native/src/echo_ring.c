/* The ring of `uring-bench echo`: set-up and waiting. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include "echo_uring.h"

#define SPARE_ENTRIES 16u /* for accepting, and for what wakes the loop */

static uint32_t highest_cpu(const uint64_t cpus[UB_MAX_CPUS / 64], uint32_t *cpu)
{
    for (uint32_t i = UB_MAX_CPUS; i-- > 0;) {
        if (cpus[i / 64] & 1ull << i % 64) {
            *cpu = i;
            return 1;
        }
    }
    return 0;
}

int ub_echo_ring_open(struct ub_echo_ring *r, struct ub_echo_server *server, const char **stage)
{
    const struct ub_echo_spec *spec = &server->spec;
    uint32_t entries = 2 * spec->connections + SPARE_ENTRIES;
    struct io_uring_params params = {.flags = UB_SETUP_CQSIZE, .cq_entries = 8 * entries};
    if (spec->features & UB_ECHO_DEFER_TASKRUN)
        params.flags |= UB_SETUP_SINGLE_ISSUER | UB_SETUP_DEFER_TASKRUN;
    if (spec->features & UB_ECHO_SQPOLL) {
        params.flags |= IORING_SETUP_SQPOLL;
        params.sq_thread_idle = UB_ECHO_SQ_IDLE_MS;
        /* Left alone, the kernel's thread may run on any CPU, the client's too: io_uring/sqpoll.c. */
        if (highest_cpu(spec->cpus, &params.sq_thread_cpu))
            params.flags |= IORING_SETUP_SQ_AFF;
    }
    r->server = server;
    r->count = &server->counts[spec->connections];
    r->sqpoll = (params.flags & IORING_SETUP_SQPOLL) != 0;
    return ub_ring_open(&r->ring, entries, &params, stage);
}

static int enter(struct ub_echo_ring *r, uint32_t n, uint32_t min, uint32_t flags)
{
    ub_echo_add(&r->count->syscalls, 1);
    int ret = ub_ring_enter(&r->ring, n, min, flags);
    /* A signal, or more completions than there is room for: they are about to be taken. */
    return ret == -EINTR || ret == -EBUSY || ret == -EAGAIN ? 0 : ret;
}

int ub_echo_ring_wait(struct ub_echo_ring *r)
{
    ub_ring_publish(&r->ring);
    uint32_t ready = ub_ring_ready(&r->ring);
    int ret = 0;
    if (r->sqpoll) {
        uint32_t flags = ub_ring_needs_wakeup(&r->ring) ? IORING_ENTER_SQ_WAKEUP : 0;
        if (flags || !ready)
            ret = enter(r, ub_ring_unsent(&r->ring), ready ? 0 : 1, flags);
        return ret < 0 ? ret : 0;
    }
    uint32_t unsent = ub_ring_unsent(&r->ring);
    if (unsent || !ready)
        ret = enter(r, unsent, ready ? 0 : 1, 0);
    return ret < 0 ? ret : 0;
}

void ub_echo_ring_watch(struct ub_echo_ring *r)
{
    struct io_uring_sqe *sqe =
        ub_echo_sqe(r, IORING_OP_POLL_ADD, r->server->wake, ub_echo_tag(UB_ECHO_WAKE, 0, 0));
    sqe->poll_events = POLLIN;
}

void ub_echo_ring_cancel_accept(struct ub_echo_ring *r)
{
    struct io_uring_sqe *sqe =
        ub_echo_sqe(r, IORING_OP_ASYNC_CANCEL, -1, ub_echo_tag(UB_ECHO_CANCELLED, 0, 0));
    sqe->addr = ub_echo_tag(UB_ECHO_ACCEPTED, 0, 0);
}
