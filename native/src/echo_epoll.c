/* The readiness model: one thread, non-blocking sockets, epoll(7), level- or edge-triggered. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "echo.h"

#define EVENTS 512

struct peer {
    int fd;                /* -1: none */
    uint32_t length, sent; /* of what is to be sent back; equal: nothing */
    uint32_t watched;      /* level-triggered: EPOLLIN or EPOLLOUT */
    char *buffer;
    struct peer *next_free;
};

struct loop {
    struct ub_echo_server *server;
    struct ub_echo_count *count;
    struct peer *peers, *free;
    int fd;
    int edge;
};

static int ctl(struct loop *loop, int op, int fd, uint32_t events, void *ptr)
{
    struct epoll_event event = {.events = events, .data.ptr = ptr};
    ub_echo_add(&loop->count->syscalls, 1);
    return (int)UB_SYSCALL(SYS_epoll_ctl, loop->fd, op, fd, &event, 0, 0);
}

static void drop(struct loop *loop, struct peer *peer, int reset)
{
    ub_echo_add(&loop->count->resets, reset != 0);
    ub_echo_add(&loop->count->syscalls, 1);
    close(peer->fd);
    *peer = (struct peer){.fd = -1, .buffer = peer->buffer, .next_free = loop->free};
    loop->free = peer;
}

/* -> 1: all is sent, 0: the socket is full, -errno */
static int flush(struct loop *loop, struct peer *peer)
{
    while (peer->sent < peer->length) {
        ub_echo_add(&loop->count->syscalls, 1);
        long n = UB_SYSCALL(SYS_sendto, peer->fd, peer->buffer + peer->sent, peer->length - peer->sent,
                            MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
        if (n == -EAGAIN)
            return 0;
        if (n < 0 && n != -EINTR)
            return (int)n;
        if (n > 0) {
            ub_echo_add(&loop->count->bytes, (uint64_t)n);
            peer->sent += (uint32_t)n;
        }
    }
    return 1;
}

/* -> bytes, 0 at the end of the stream, -EAGAIN, -errno */
static long receive(struct loop *loop, struct peer *peer)
{
    long n = -EINTR;
    while (n == -EINTR) {
        ub_echo_add(&loop->count->syscalls, 1);
        n = UB_SYSCALL(SYS_recvfrom, peer->fd, peer->buffer, loop->server->chunk, MSG_DONTWAIT, 0, 0);
    }
    peer->sent = 0;
    peer->length = n > 0 ? (uint32_t)n : 0;
    return n;
}

/*
 * What became ready. Level-triggered one receive is enough: what is left is told again. Edge-triggered it
 * goes on until nothing is left, which a receive that does not fill the buffer says, too, unless the stream
 * has ended (epoll(7)).
 */
static void serve_peer(struct loop *loop, struct peer *peer, uint32_t events)
{
    int full = flush(loop, peer) == 0;
    long n = 1;
    while (!full && n > 0) {
        n = receive(loop, peer);
        if (n <= 0)
            break;
        int ret = flush(loop, peer);
        if (ret < 0)
            n = ret;
        full = ret == 0;
        if (!loop->edge || ((uint32_t)n < loop->server->chunk && !(events & (EPOLLRDHUP | EPOLLHUP))))
            break;
    }
    if (n <= 0 && n != -EAGAIN) {
        drop(loop, peer, n < 0);
        return;
    }
    uint32_t wanted = full ? EPOLLOUT : EPOLLIN;
    if (!loop->edge && wanted != peer->watched && ctl(loop, EPOLL_CTL_MOD, peer->fd, wanted, peer) == 0)
        peer->watched = wanted;
}

static int accept_one(struct loop *loop)
{
    ub_echo_add(&loop->count->syscalls, 1);
    long fd = UB_SYSCALL(SYS_accept4, loop->server->listener, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0);
    if (fd < 0)
        return fd == -EAGAIN || fd == -EINTR || fd == -ECONNABORTED ||
                       __atomic_load_n(&loop->server->stop, __ATOMIC_ACQUIRE)
                   ? 0
                   : (int)fd;
    struct peer *peer = loop->free;
    if (!peer) {
        close((int)fd);
        return 0;
    }
    loop->free = peer->next_free;
    peer->fd = (int)fd;
    peer->watched = EPOLLIN;
    ub_echo_no_delay(peer->fd);
    uint32_t events = loop->edge ? EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET : EPOLLIN;
    return ctl(loop, EPOLL_CTL_ADD, peer->fd, events, peer);
}

static int epoll_open(struct ub_echo_server *server, const char **stage)
{
    uint32_t n = server->spec.connections;
    *stage = "allocate";
    struct loop *loop = calloc(1, sizeof *loop);
    server->own = loop;
    if (!loop)
        return -ENOMEM;
    *loop = (struct loop){.server = server, .fd = -1, .edge = (server->spec.features & UB_ECHO_EDGE) != 0};
    loop->count = &server->counts[n];
    loop->peers = calloc(n, sizeof *loop->peers);
    if (!loop->peers)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        loop->peers[i] = (struct peer){.fd = -1, .buffer = malloc(server->chunk), .next_free = loop->free};
        loop->free = &loop->peers[i];
        if (!loop->peers[i].buffer)
            return -ENOMEM;
    }
    *stage = "epoll_create1";
    loop->fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->fd < 0)
        return -errno;
    *stage = "epoll_ctl";
    int ret = ctl(loop, EPOLL_CTL_ADD, server->wake, EPOLLIN, &server->wake);
    return ret < 0 ? ret : ctl(loop, EPOLL_CTL_ADD, server->listener, EPOLLIN, &server->listener);
}

static int epoll_run(struct ub_echo_server *server, const char **stage)
{
    struct loop *loop = server->own;
    struct epoll_event events[EVENTS];
    int ret = 0;
    while (ret == 0 && !__atomic_load_n(&server->stop, __ATOMIC_ACQUIRE)) {
        ub_echo_add(&loop->count->syscalls, 1);
        int n = epoll_pwait(loop->fd, events, EVENTS, -1, NULL);
        if (n < 0 && errno != EINTR) {
            *stage = "epoll_wait";
            return -errno;
        }
        for (int i = 0; ret == 0 && i < n; i++) {
            *stage = "accept";
            if (events[i].data.ptr == &server->listener)
                ret = accept_one(loop);
            else if (events[i].data.ptr != &server->wake)
                serve_peer(loop, events[i].data.ptr, events[i].events);
        }
    }
    return ret;
}

static void epoll_close(struct ub_echo_server *server)
{
    struct loop *loop = server->own;
    if (!loop)
        return;
    for (uint32_t i = 0; loop->peers && i < server->spec.connections; i++) {
        if (loop->peers[i].buffer && loop->peers[i].fd >= 0)
            close(loop->peers[i].fd);
        free(loop->peers[i].buffer);
    }
    if (loop->fd >= 0)
        close(loop->fd);
    free(loop->peers);
    free(loop);
}

const struct ub_echo_ops ub_echo_epoll = {
    .name = "epoll",
    .features = UB_ECHO_EDGE,
    .open = epoll_open,
    .run = epoll_run,
    .close = epoll_close,
};
