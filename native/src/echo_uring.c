/* io_uring, a request at a time: one to accept, and for each connection one that receives or sends. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "echo_uring.h"

struct peer {
    int fd; /* -1: none */
    uint32_t length, sent;
    char *buffer;
};

struct loop {
    struct ub_echo_ring r;
    struct peer *peers;
    uint32_t *free, nfree;
};

static void receive(struct loop *loop, uint32_t index)
{
    const struct peer *peer = &loop->peers[index];
    struct io_uring_sqe *sqe =
        ub_echo_sqe(&loop->r, IORING_OP_RECV, peer->fd, ub_echo_tag(UB_ECHO_RECEIVED, index, 0));
    sqe->addr = (uintptr_t)peer->buffer;
    sqe->len = loop->r.server->chunk;
}

static void send_rest(struct loop *loop, uint32_t index)
{
    const struct peer *peer = &loop->peers[index];
    struct io_uring_sqe *sqe =
        ub_echo_sqe(&loop->r, IORING_OP_SEND, peer->fd, ub_echo_tag(UB_ECHO_SENT, index, 0));
    sqe->addr = (uintptr_t)(peer->buffer + peer->sent);
    sqe->len = peer->length - peer->sent;
    sqe->msg_flags = MSG_NOSIGNAL;
}

static void accept_next(struct loop *loop)
{
    struct io_uring_sqe *sqe = ub_echo_sqe(&loop->r, IORING_OP_ACCEPT, loop->r.server->listener,
                                           ub_echo_tag(UB_ECHO_ACCEPTED, 0, 0));
    sqe->accept_flags = SOCK_CLOEXEC;
}

static void drop(struct loop *loop, uint32_t index, int reset)
{
    struct peer *peer = &loop->peers[index];
    ub_echo_add(&loop->r.count->resets, reset != 0);
    ub_echo_add(&loop->r.count->syscalls, 1);
    close(peer->fd);
    peer->fd = -1;
    loop->free[loop->nfree++] = index;
}

static int accepted(struct loop *loop, int32_t fd)
{
    if (__atomic_load_n(&loop->r.server->stop, __ATOMIC_ACQUIRE)) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    if (fd < 0 && fd != -EINTR && fd != -ECONNABORTED && fd != -EAGAIN)
        return fd;
    if (fd >= 0 && loop->nfree == 0) {
        close(fd);
    } else if (fd >= 0) {
        uint32_t index = loop->free[--loop->nfree];
        loop->peers[index].fd = fd;
        ub_echo_no_delay(fd);
        receive(loop, index);
    }
    accept_next(loop);
    return 0;
}

static void received(struct loop *loop, uint32_t index, int32_t res)
{
    struct peer *peer = &loop->peers[index];
    if (res == -EINTR || res == -EAGAIN) {
        receive(loop, index);
    } else if (res <= 0) {
        drop(loop, index, res < 0);
    } else {
        peer->length = (uint32_t)res;
        peer->sent = 0;
        send_rest(loop, index);
    }
}

static void sent(struct loop *loop, uint32_t index, int32_t res)
{
    struct peer *peer = &loop->peers[index];
    if (res < 0 && res != -EINTR && res != -EAGAIN) {
        drop(loop, index, 1);
        return;
    }
    if (res > 0) {
        peer->sent += (uint32_t)res;
        ub_echo_add(&loop->r.count->bytes, (uint64_t)res);
    }
    if (peer->sent < peer->length)
        send_rest(loop, index);
    else
        receive(loop, index);
}

/* The server is to stop: what waits for a peer ends. */
static void shut_all(struct loop *loop)
{
    ub_echo_ring_cancel_accept(&loop->r);
    for (uint32_t i = 0; i < loop->r.server->spec.connections; i++)
        if (loop->peers[i].fd >= 0)
            shutdown(loop->peers[i].fd, SHUT_RDWR);
}

static int take(struct ub_echo_ring *r, const struct io_uring_cqe *cqe)
{
    struct loop *loop = (struct loop *)r;
    uint32_t index = (uint32_t)(cqe->user_data >> 32) & 0xffffffu;
    loop->r.inflight--;
    switch (cqe->user_data >> 56) {
    case UB_ECHO_ACCEPTED:
        return accepted(loop, cqe->res);
    case UB_ECHO_RECEIVED:
        received(loop, index, cqe->res);
        return 0;
    case UB_ECHO_SENT:
        sent(loop, index, cqe->res);
        return 0;
    case UB_ECHO_WAKE:
        shut_all(loop);
        return 0;
    default:
        return 0;
    }
}

static int uring_open(struct ub_echo_server *server, const char **stage)
{
    uint32_t n = server->spec.connections;
    *stage = "allocate";
    struct loop *loop = calloc(1, sizeof *loop);
    server->own = loop;
    if (!loop)
        return -ENOMEM;
    loop->r.ring.fd = -1;
    loop->peers = calloc(n, sizeof *loop->peers);
    loop->free = calloc(n, sizeof *loop->free);
    if (!loop->peers || !loop->free)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        loop->peers[i] = (struct peer){.fd = -1, .buffer = malloc(server->chunk)};
        loop->free[loop->nfree++] = i;
        if (!loop->peers[i].buffer)
            return -ENOMEM;
    }
    return ub_echo_ring_open(&loop->r, server, stage);
}

/* It ends when nothing is in flight any more: the kernel must not write into memory that is gone. */
static int uring_run(struct ub_echo_server *server, const char **stage)
{
    struct loop *loop = server->own;
    int failed = 0;
    ub_echo_ring_watch(&loop->r);
    accept_next(loop);
    while (loop->r.inflight > 0) {
        int ret = ub_echo_ring_turn(&loop->r, take, &failed);
        if (ret < 0) {
            *stage = "io_uring_enter";
            return ret;
        }
    }
    *stage = "accept";
    return failed;
}

static void uring_close(struct ub_echo_server *server)
{
    struct loop *loop = server->own;
    if (!loop)
        return;
    ub_ring_close(&loop->r.ring);
    for (uint32_t i = 0; loop->peers && i < server->spec.connections; i++) {
        if (loop->peers[i].buffer && loop->peers[i].fd >= 0)
            close(loop->peers[i].fd);
        free(loop->peers[i].buffer);
    }
    free(loop->free);
    free(loop->peers);
    free(loop);
}

const struct ub_echo_ops ub_echo_uring = {
    .name = "io_uring",
    .features = UB_ECHO_DEFER_TASKRUN | UB_ECHO_SQPOLL,
    .open = uring_open,
    .run = uring_run,
    .close = uring_close,
};
