/*
 * io_uring with multishot requests: one accepts all connections, one a connection receives all that it gets,
 * into buffers that a ring provides to all of them. What was received is sent from where it is; with bundles
 * a completion is of several buffers, which go back in one sendmsg; with zero-copy a buffer is free once its
 * notification has come.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>
#include "echo_uring.h"

#define MOST_PIECES 16u /* buffers of a sendmsg */
#define NONE        UINT32_MAX

struct buffer {
    uint32_t length, sent;
    uint32_t next;   /* of the same connection, NONE: the last */
    uint32_t notifs; /* zero-copy sends from it that the kernel has not let go of */
};

struct peer {
    int fd;                     /* -1: none */
    uint32_t first, last;       /* buffers to be sent, NONE: none */
    uint8_t receiving, sending; /* a request is in flight */
    uint8_t over;               /* no more is received: the stream has ended, or failed */
    uint8_t failed;
    uint8_t starved; /* to be armed anew once there are buffers */
    struct msghdr message;
    struct iovec pieces[MOST_PIECES];
};

struct loop {
    struct ub_echo_ring r;
    struct peer *peers;
    uint32_t *free, nfree;
    struct ub_echo_pool pool;
    struct buffer *buffers;
    uint32_t nstarved; /* peers that wait for buffers */
    uint32_t features;
    uint32_t report_usage;
};

static void accept_all(struct loop *loop)
{
    struct io_uring_sqe *sqe = ub_echo_sqe(&loop->r, IORING_OP_ACCEPT, loop->r.server->listener,
                                           ub_echo_tag(UB_ECHO_ACCEPTED, 0, 0));
    sqe->ioprio = UB_ACCEPT_MULTISHOT;
    sqe->accept_flags = SOCK_CLOEXEC;
}

static void receive(struct loop *loop, uint32_t index)
{
    struct peer *peer = &loop->peers[index];
    struct io_uring_sqe *sqe =
        ub_echo_sqe(&loop->r, IORING_OP_RECV, peer->fd, ub_echo_tag(UB_ECHO_RECEIVED, index, 0));
    sqe->ioprio = UB_RECV_MULTISHOT | (loop->features & UB_ECHO_BUNDLES ? UB_RECVSEND_BUNDLE : 0);
    sqe->flags = IOSQE_BUFFER_SELECT;
    sqe->buf_group = UB_ECHO_GROUP;
    peer->receiving = 1;
}

static void send_pieces(struct loop *loop, struct peer *peer, struct io_uring_sqe *sqe)
{
    uint32_t n = 0;
    for (uint32_t i = peer->first; i != NONE && n < MOST_PIECES; i = loop->buffers[i].next, n++) {
        peer->pieces[n].iov_base = ub_echo_pool_at(&loop->pool, i) + loop->buffers[i].sent;
        peer->pieces[n].iov_len = loop->buffers[i].length - loop->buffers[i].sent;
    }
    peer->message = (struct msghdr){.msg_iov = peer->pieces, .msg_iovlen = n};
    sqe->addr = (uintptr_t)&peer->message;
    sqe->len = 1;
}

/* The next of what a connection has to send; one request at a time, so that bytes stay in order. */
static void send_next(struct loop *loop, uint32_t index)
{
    struct peer *peer = &loop->peers[index];
    uint32_t number = peer->first;
    int zc = (loop->features & UB_ECHO_ZEROCOPY) != 0, bundles = (loop->features & UB_ECHO_BUNDLES) != 0;
    uint8_t op = zc ? UB_OP_SEND_ZC : bundles ? IORING_OP_SENDMSG : IORING_OP_SEND;
    struct io_uring_sqe *sqe = ub_echo_sqe(&loop->r, op, peer->fd, ub_echo_tag(UB_ECHO_SENT, index, number));
    sqe->msg_flags = MSG_NOSIGNAL;
    if (bundles) {
        send_pieces(loop, peer, sqe);
    } else {
        const struct buffer *buffer = &loop->buffers[number];
        sqe->addr = (uintptr_t)(ub_echo_pool_at(&loop->pool, number) + buffer->sent);
        sqe->len = buffer->length - buffer->sent;
        sqe->ioprio = zc ? (uint16_t)loop->report_usage : 0;
    }
    loop->buffers[number].notifs += (uint32_t)zc;
    peer->sending = 1;
}

/* What is sent whole, or never will be, may be used again, unless the kernel still reads it. */
static void let_go(struct loop *loop, struct peer *peer)
{
    uint32_t number = peer->first;
    peer->first = loop->buffers[number].next;
    loop->buffers[number].next = NONE;
    loop->buffers[number].sent = loop->buffers[number].length;
    if (loop->buffers[number].notifs == 0)
        ub_echo_pool_give(&loop->pool, number);
}

/* Goes on with a connection: sends, or closes it once nothing more can come of it. */
static void go_on(struct loop *loop, uint32_t index)
{
    struct peer *peer = &loop->peers[index];
    if (peer->sending)
        return;
    while (peer->failed && peer->first != NONE)
        let_go(loop, peer);
    if (peer->first != NONE) {
        send_next(loop, index);
        return;
    }
    if (!peer->over || peer->receiving)
        return;
    ub_echo_add(&loop->r.count->resets, peer->failed);
    ub_echo_add(&loop->r.count->syscalls, 1);
    close(peer->fd);
    loop->nstarved -= peer->starved;
    *peer = (struct peer){.fd = -1, .first = NONE, .last = NONE};
    loop->free[loop->nfree++] = index;
}

static void fail(struct peer *peer)
{
    peer->over = peer->failed = 1;
    shutdown(peer->fd, SHUT_RDWR); /* the receive that is in flight ends, too */
}

static int accepted(struct loop *loop, const struct io_uring_cqe *cqe)
{
    int32_t fd = cqe->res;
    int more = (cqe->flags & IORING_CQE_F_MORE) != 0;
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
    if (!more)
        accept_all(loop);
    return 0;
}

/* Buffers that a completion has filled, from one on in the order of the ring, go to the end of what is to be
 * sent. */
static void append(struct loop *loop, struct peer *peer, uint32_t number, uint32_t bytes)
{
    uint32_t position = loop->pool.positions[number], size = loop->pool.bytes;
    while (bytes > 0) {
        uint32_t length = bytes < size ? bytes : size;
        number = ub_echo_pool_take(&loop->pool, position++);
        loop->buffers[number] = (struct buffer){.length = length, .next = NONE};
        if (peer->first == NONE)
            peer->first = number;
        else
            loop->buffers[peer->last].next = number;
        peer->last = number;
        bytes -= length;
    }
}

static void received(struct loop *loop, uint32_t index, const struct io_uring_cqe *cqe)
{
    struct peer *peer = &loop->peers[index];
    peer->receiving = (cqe->flags & IORING_CQE_F_MORE) != 0;
    if (cqe->res > 0) {
        append(loop, peer, cqe->flags >> 16, (uint32_t)cqe->res);
    } else if (cqe->flags & IORING_CQE_F_BUFFER) {
        loop->pool.held++;
        ub_echo_pool_give(&loop->pool, cqe->flags >> 16); /* taken, and nothing came of it */
    }
    if (cqe->res == -ENOBUFS) {
        ub_echo_add(&loop->r.count->rearmed, 1);
        loop->nstarved += !peer->starved;
        peer->starved = 1;
    } else if (cqe->res <= 0 && cqe->res != -EINTR && cqe->res != -EAGAIN) {
        peer->over = 1;
        if (cqe->res < 0)
            fail(peer);
    } else if (!peer->receiving && !peer->over) {
        receive(loop, index);
    }
    go_on(loop, index);
}

/* Bytes of the buffers that are first in line. */
static void advance(struct loop *loop, struct peer *peer, uint32_t bytes)
{
    ub_echo_add(&loop->r.count->bytes, bytes);
    while (bytes > 0) {
        struct buffer *buffer = &loop->buffers[peer->first];
        uint32_t rest = buffer->length - buffer->sent, n = bytes < rest ? bytes : rest;
        buffer->sent += n;
        bytes -= n;
        if (n == rest)
            let_go(loop, peer);
    }
}

static void notified(struct loop *loop, uint32_t number, const struct io_uring_cqe *cqe)
{
    struct buffer *buffer = &loop->buffers[number];
    ub_echo_add(&loop->r.count->sends_zc, 1);
    ub_echo_add(&loop->r.count->zc_copied, ((uint32_t)cqe->res & UB_NOTIF_USAGE_ZC_COPIED) != 0);
    if (--buffer->notifs == 0 && buffer->sent == buffer->length)
        ub_echo_pool_give(&loop->pool, number);
}

static void sent(struct loop *loop, uint32_t index, const struct io_uring_cqe *cqe)
{
    struct peer *peer = &loop->peers[index];
    uint32_t number = (uint32_t)cqe->user_data;
    if (cqe->flags & UB_CQE_F_NOTIF) {
        notified(loop, number, cqe);
        return;
    }
    peer->sending = 0;
    if ((loop->features & UB_ECHO_ZEROCOPY) && !(cqe->flags & IORING_CQE_F_MORE))
        loop->buffers[number].notifs--; /* none is to come */
    if (cqe->res > 0)
        advance(loop, peer, (uint32_t)cqe->res);
    else if (cqe->res < 0 && cqe->res != -EINTR && cqe->res != -EAGAIN)
        fail(peer);
    go_on(loop, index);
}

static void feed(struct loop *loop)
{
    for (uint32_t i = 0; loop->nstarved > 0 && i < loop->r.server->spec.connections; i++) {
        struct peer *peer = &loop->peers[i];
        if (!peer->starved)
            continue;
        peer->starved = 0;
        loop->nstarved--;
        if (!peer->over && !peer->receiving)
            receive(loop, i);
    }
}

/* The server is to stop: what waits for a peer ends. */
static void shut_all(struct loop *loop)
{
    ub_echo_ring_cancel_accept(&loop->r);
    for (uint32_t i = 0; i < loop->r.server->spec.connections; i++) {
        struct peer *peer = &loop->peers[i];
        if (peer->fd < 0)
            continue;
        shutdown(peer->fd, SHUT_RDWR);
        peer->over = 1;
        go_on(loop, i);
    }
}

static int take(struct ub_echo_ring *r, const struct io_uring_cqe *cqe)
{
    struct loop *loop = (struct loop *)r;
    uint32_t index = (uint32_t)(cqe->user_data >> 32) & 0xffffffu;
    if (!(cqe->flags & IORING_CQE_F_MORE))
        loop->r.inflight--;
    switch (cqe->user_data >> 56) {
    case UB_ECHO_ACCEPTED:
        return accepted(loop, cqe);
    case UB_ECHO_RECEIVED:
        received(loop, index, cqe);
        return 0;
    case UB_ECHO_SENT:
        sent(loop, index, cqe);
        return 0;
    case UB_ECHO_WAKE:
        shut_all(loop);
        return 0;
    default:
        return 0;
    }
}

static int allocate(struct loop *loop, const struct ub_echo_server *server)
{
    uint32_t n = server->spec.connections;
    uint32_t bytes = loop->features & UB_ECHO_BUNDLES ? server->spec.bs : server->chunk;
    int ret = ub_echo_pool_make(&loop->pool, 2 * n * ((server->chunk + bytes - 1) / bytes), bytes);
    if (ret < 0)
        return ret;
    loop->peers = calloc(n, sizeof *loop->peers);
    loop->free = calloc(n, sizeof *loop->free);
    loop->buffers = calloc(loop->pool.n, sizeof *loop->buffers);
    if (!loop->peers || !loop->free || !loop->buffers)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        loop->peers[i] = (struct peer){.fd = -1, .first = NONE, .last = NONE};
        loop->free[loop->nfree++] = i;
    }
    return 0;
}

/* Multishot receives came with SEND_ZC (6.0), of which the kernel can be asked. */
static int check_kernel(const struct loop *loop, const char **stage)
{
    const struct ub_echo_server *server = loop->r.server;
    *stage = "multishot receive";
    int ret = ub_ring_has_op(&loop->r.ring, UB_OP_SEND_ZC);
    if (ret < 0)
        return ret;
    *stage = "IORING_RECVSEND_BUNDLE";
    if ((loop->features & UB_ECHO_BUNDLES) && !(loop->r.ring.features & UB_FEAT_RECVSEND_BUNDLE))
        return -EOPNOTSUPP;
    *stage = "zero-copy over unix sockets";
    return (loop->features & UB_ECHO_ZEROCOPY) && server->spec.transport == UB_ECHO_UNIX ? -EOPNOTSUPP : 0;
}

static int multishot_open(struct ub_echo_server *server, const char **stage)
{
    *stage = "allocate";
    struct loop *loop = calloc(1, sizeof *loop);
    server->own = loop;
    if (!loop)
        return -ENOMEM;
    loop->r.ring.fd = -1;
    loop->features = server->spec.features;
    int ret = allocate(loop, server);
    if (ret < 0 || (ret = ub_echo_ring_open(&loop->r, server, stage)) < 0 ||
        (ret = check_kernel(loop, stage)) < 0)
        return ret;
    loop->report_usage = loop->r.ring.features & UB_FEAT_REG_REG_RING ? UB_SEND_ZC_REPORT_USAGE : 0;
    *stage = "register a ring of buffers";
    return ub_echo_pool_register(&loop->pool, &loop->r.ring);
}

static int multishot_run(struct ub_echo_server *server, const char **stage)
{
    struct loop *loop = server->own;
    int failed = 0;
    ub_echo_ring_watch(&loop->r);
    accept_all(loop);
    while (loop->r.inflight > 0) {
        int ret = ub_echo_ring_turn(&loop->r, take, &failed);
        if (ret < 0) {
            *stage = "io_uring_enter";
            return ret;
        }
        if (loop->nstarved > 0 && loop->pool.held < loop->pool.n)
            feed(loop);
    }
    *stage = "accept";
    return failed;
}

static void multishot_close(struct ub_echo_server *server)
{
    struct loop *loop = server->own;
    if (!loop)
        return;
    ub_ring_close(&loop->r.ring);
    for (uint32_t i = 0; loop->peers && i < server->spec.connections; i++)
        if (loop->peers[i].fd > 0)
            close(loop->peers[i].fd);
    ub_echo_pool_free(&loop->pool);
    free(loop->buffers);
    free(loop->free);
    free(loop->peers);
    free(loop);
}

const struct ub_echo_ops ub_echo_multishot = {
    .name = "io_uring+multishot",
    .features =
        UB_ECHO_MULTISHOT | UB_ECHO_BUNDLES | UB_ECHO_ZEROCOPY | UB_ECHO_DEFER_TASKRUN | UB_ECHO_SQPOLL,
    .open = multishot_open,
    .run = multishot_run,
    .close = multishot_close,
};
