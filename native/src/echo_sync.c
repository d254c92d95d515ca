/* The blocking model: a thread for each connection, that receives and sends. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "echo.h"

#define STACK_BYTES (64u << 10)

struct peer {
    struct ub_echo_server *server;
    struct ub_echo_count *count;
    char *buffer;
    int fd; /* atomic: -1 once it is closed */
    int started;
    pthread_t thread;
};

static long receive(struct peer *peer, int fd)
{
    ub_echo_add(&peer->count->syscalls, 1);
    return UB_SYSCALL(SYS_recvfrom, fd, peer->buffer, peer->server->chunk, 0, 0, 0);
}

/* All of it, however much the kernel takes at a time. */
static long send_all(struct peer *peer, int fd, long bytes)
{
    for (long sent = 0; sent < bytes;) {
        ub_echo_add(&peer->count->syscalls, 1);
        long n = UB_SYSCALL(SYS_sendto, fd, peer->buffer + sent, bytes - sent, MSG_NOSIGNAL, 0, 0);
        if (n < 0 && n != -EINTR)
            return n;
        if (n > 0) {
            ub_echo_add(&peer->count->bytes, (uint64_t)n);
            sent += n;
        }
    }
    return bytes;
}

static void *serve_peer(void *arg)
{
    struct peer *peer = arg;
    int fd = __atomic_load_n(&peer->fd, __ATOMIC_RELAXED);
    long n = 0;
    do {
        n = receive(peer, fd);
        if (n > 0)
            n = send_all(peer, fd, n);
    } while (n > 0 || n == -EINTR);
    if (n < 0)
        ub_echo_add(&peer->count->resets, 1);
    shutdown(fd, SHUT_RDWR); /* closed by the thread that accepts, which may be about to shut it down, too */
    return NULL;
}

static int sync_open(struct ub_echo_server *server, const char **stage)
{
    uint32_t n = server->spec.connections;
    *stage = "allocate";
    struct peer *peers = calloc(n, sizeof *peers);
    server->own = peers;
    if (!peers)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        peers[i] = (struct peer){.server = server, .count = &server->counts[i], .fd = -1};
        peers[i].buffer = malloc(server->chunk);
        if (!peers[i].buffer)
            return -ENOMEM;
    }
    return 0;
}

static int start_peer(struct peer *peer, int fd)
{
    pthread_attr_t attr;
    ub_echo_no_delay(fd);
    __atomic_store_n(&peer->fd, fd, __ATOMIC_RELAXED);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    int ret = -pthread_create(&peer->thread, &attr, serve_peer, peer);
    pthread_attr_destroy(&attr);
    peer->started = ret == 0;
    return ret;
}

/* Places are not taken twice: a client connects as often as it has said, and no more. */
static int sync_run(struct ub_echo_server *server, const char **stage)
{
    struct peer *peers = server->own;
    struct ub_echo_count *count = &server->counts[server->spec.connections];
    uint32_t n = 0;
    int ret = 0;
    while (ret == 0 && !__atomic_load_n(&server->stop, __ATOMIC_ACQUIRE)) {
        *stage = "accept";
        ub_echo_add(&count->syscalls, 1);
        long fd = UB_SYSCALL(SYS_accept4, server->listener, 0, 0, SOCK_CLOEXEC, 0, 0);
        if (fd < 0) {
            int over = __atomic_load_n(&server->stop, __ATOMIC_ACQUIRE) != 0;
            ret = over || fd == -EINTR || fd == -ECONNABORTED ? 0 : (int)fd;
        } else if (n == server->spec.connections) {
            close((int)fd);
        } else {
            *stage = "pthread_create";
            ret = start_peer(&peers[n++], (int)fd);
        }
    }
    return ret;
}

static void sync_close(struct ub_echo_server *server)
{
    struct peer *peers = server->own;
    for (uint32_t i = 0; peers && i < server->spec.connections; i++) {
        if (peers[i].fd >= 0)
            shutdown(peers[i].fd, SHUT_RDWR);
        if (peers[i].started)
            pthread_join(peers[i].thread, NULL);
        if (peers[i].fd >= 0)
            close(peers[i].fd);
        free(peers[i].buffer);
    }
    free(peers);
}

const struct ub_echo_ops ub_echo_sync = {
    .name = "sync",
    .open = sync_open,
    .run = sync_run,
    .close = sync_close,
};
