/*
 * The client of `uring-bench echo`, the same for every server: one thread, non-blocking sockets, epoll. Every
 * request has its number at both of its ends; of each 64th answer, or of all, every byte is compared with
 * what was sent.
 *
 * The clock is read before a request is sent and after the receive that brought the last byte of its answer.
 * In an open loop it begins when the request was due, whether it could be sent then or not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>
#include "clock.h"
#include "echo_client.h"
#include "hist.h"

#define EVENTS     512
#define PATIENCE_S 20 /* for the server's first words; a stop does not wait for them */

static int fail(struct ub_echo_client *client, int ret, const char *stage)
{
    if (client->error == 0) {
        client->error = ret;
        snprintf(client->stage, UB_STAGE_BYTES, "%s", stage);
    }
    return ret;
}

/* -> 0, also when the socket is full, or -errno */
static int flush(struct ub_echo_client *client, struct ub_echo_peer *peer)
{
    uint64_t room = client->room;
    while (peer->sent < peer->queued) {
        uint64_t at = peer->sent % room, end = peer->queued - peer->sent;
        if (end > room - at)
            end = room - at;
        long n = UB_SYSCALL(SYS_sendto, peer->fd, peer->out + at, end, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
        if (n == -EAGAIN)
            break;
        if (n < 0 && n != -EINTR)
            return fail(client, (int)n, "send a request");
        peer->sent += n > 0 ? (uint64_t)n : 0;
    }
    uint32_t wanted = peer->sent < peer->queued ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (wanted == peer->watched)
        return 0;
    struct epoll_event event = {.events = wanted, .data.ptr = peer};
    peer->watched = wanted;
    return epoll_ctl(client->epoll, EPOLL_CTL_MOD, peer->fd, &event) < 0 ? fail(client, -errno, "epoll_ctl")
                                                                         : 0;
}

/* Queues the requests that a connection may have now, and sends what the socket takes. */
static int ask(struct ub_echo_client *client, struct ub_echo_peer *peer, uint64_t now)
{
    const struct ub_echo_run *run = client->run;
    uint64_t wanted = run->rate ? peer->due : peer->answered + run->spec.pipeline;
    if (!run->rate && client->phase >= UB_ECHO_OVER)
        wanted = peer->asked;
    while (peer->asked < wanted && peer->asked - peer->answered < run->spec.pipeline) {
        uint64_t due =
            run->rate ? ub_echo_due(client, peer->asked * run->spec.connections + peer->index) : now;
        ub_echo_write_request(client, peer, peer->asked);
        peer->times[peer->asked++ % run->spec.pipeline] = due;
        peer->queued += run->spec.bs;
    }
    return flush(client, peer);
}

static void count(struct ub_echo_client *client, uint64_t due, uint64_t now)
{
    struct ub_echo_result *result = client->result;
    int came_in = now >= client->begin_ns && now < client->end_ns && client->phase == UB_ECHO_MEASURED;
    int due_in = due >= client->begin_ns && due < client->end_ns;
    result->answered += (uint64_t)came_in;
    if (client->run->rate ? due_in : came_in)
        ub_latency_add(&result->latency, result->counts, now > due ? now - due : 0);
}

static int read_answers(struct ub_echo_client *client, struct ub_echo_peer *peer)
{
    uint32_t bs = client->run->spec.bs, done = 0;
    long n = UB_SYSCALL(SYS_recvfrom, peer->fd, peer->in + peer->filled, client->in_bytes - peer->filled,
                        MSG_DONTWAIT, 0, 0);
    if (n == -EAGAIN || n == -EINTR)
        return 0;
    if (n <= 0)
        return fail(client, n < 0 ? (int)n : -ECONNRESET, "receive an answer");
    uint64_t now = ub_now(client->clock);
    peer->filled += (uint32_t)n;
    for (; peer->filled - done >= bs; done += bs) {
        if (peer->answered == peer->asked || !ub_echo_is_answer(client, peer, peer->in + done))
            return ub_echo_wrong(client, peer, peer->in + done);
        count(client, peer->times[peer->answered++ % client->run->spec.pipeline], now);
    }
    if (done > 0) {
        peer->filled -= done;
        memmove(peer->in, peer->in + done, peer->filled);
        return ask(client, peer, ub_now(client->clock));
    }
    return 0;
}

/* All requests that are due by now, a connection after the other. */
static int ask_due(struct ub_echo_client *client, uint64_t now)
{
    uint64_t limit = now < client->end_ns ? now : client->end_ns;
    for (int ret = 0; ub_echo_due(client, client->next) <= limit; client->next++) {
        struct ub_echo_peer *peer = &client->peers[client->next % client->run->spec.connections];
        peer->due++;
        if ((ret = ask(client, peer, now)) < 0)
            return ret;
    }
    return 0;
}

static int mark(struct ub_echo_client *client, char which)
{
    int ret = ub_echo_write(client->run->control, &which, 1);
    return ret < 0 ? fail(client, ret, "tell the server") : 0;
}

static uint64_t cpu_us(void)
{
    struct rusage used;
    getrusage(RUSAGE_THREAD, &used);
    return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000u +
           (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

/* The window begins, it ends, what was in flight has come or will not. -> whether to go on */
static int look_at_clock(struct ub_echo_client *client, uint64_t now)
{
    if (*client->run->stop && client->phase < UB_ECHO_OVER) {
        client->result->interrupted = 1;
        if (client->end_ns > now)
            client->end_ns = now;
    }
    if (client->phase == UB_ECHO_RAMP && now >= client->begin_ns) {
        client->phase = UB_ECHO_MEASURED;
        client->begin_ns = now < client->end_ns ? now : client->end_ns;
        client->result->cpu_us = cpu_us();
        if (mark(client, UB_ECHO_BEGIN) < 0)
            return 0;
    }
    if (client->phase == UB_ECHO_RAMP && client->result->interrupted)
        return 0;
    if (client->phase == UB_ECHO_MEASURED && now >= client->end_ns) {
        client->phase = UB_ECHO_OVER;
        client->result->ns = client->end_ns - client->begin_ns;
        client->result->cpu_us = cpu_us() - client->result->cpu_us;
        if (mark(client, UB_ECHO_END) < 0)
            return 0;
    }
    if (client->phase < UB_ECHO_OVER)
        return 1;
    uint64_t left = ub_echo_outstanding(client);
    client->result->unanswered = left;
    return left > 0 && !*client->run->stop && now < client->end_ns + UB_ECHO_DRAIN_NS;
}

/* Until something is ready, or the clock is to be looked at. */
static int wait_some(struct ub_echo_client *client, struct epoll_event *events, uint64_t now)
{
    uint64_t until = client->phase == UB_ECHO_RAMP       ? client->begin_ns
                     : client->phase == UB_ECHO_MEASURED ? client->end_ns
                                                         : client->end_ns + UB_ECHO_DRAIN_NS;
    /* The kernel's timers are too coarse for a schedule: an open loop turns without waiting. */
    int idle = client->run->rate == 0 || client->phase >= UB_ECHO_OVER;
    uint64_t ms = until > now ? (until - now) / 1000000 + 1 : 0;
    int timeout = idle ? (int)(ms < 100 ? ms : 100) : 0;
    return epoll_pwait(client->epoll, events, EVENTS, timeout, NULL);
}

static int turn(struct ub_echo_client *client)
{
    struct epoll_event events[EVENTS];
    uint64_t now = ub_now(client->clock);
    for (int ret = 0; look_at_clock(client, now); now = ub_now(client->clock)) {
        if (client->run->rate && (ret = ask_due(client, now)) < 0)
            return ret;
        int n = wait_some(client, events, now);
        if (n < 0 && errno != EINTR)
            return fail(client, -errno, "epoll_wait");
        for (int i = 0; i < n; i++) {
            struct ub_echo_peer *peer = events[i].data.ptr;
            if (events[i].events & EPOLLOUT && (ret = flush(client, peer)) < 0)
                return ret;
            if (events[i].events & ~(uint32_t)EPOLLOUT && (ret = read_answers(client, peer)) < 0)
                return ret;
        }
    }
    return client->error;
}

/* A closed loop begins with all that may be in flight. */
static int begin(struct ub_echo_client *client)
{
    const struct ub_echo_run *run = client->run;
    client->clock = ub_clock_get();
    client->start_ns = ub_now(client->clock);
    client->begin_ns = client->start_ns + run->ramp_ns;
    client->end_ns = client->begin_ns + run->window_ns;
    for (uint32_t i = 0; run->rate == 0 && i < run->spec.connections; i++) {
        int ret = ask(client, &client->peers[i], ub_now(client->clock));
        if (ret < 0)
            return ret;
    }
    return 0;
}

/* Why a connection ended, where the server can tell: its loop has ended. */
static void ask_server(struct ub_echo_client *client)
{
    struct ub_echo_used *used = &client->result->used;
    if (client->phase < UB_ECHO_OVER)
        (void)mark(client, UB_ECHO_END);
    int ret = ub_echo_read(client->run->control, used, sizeof *used);
    if (ret < 0) {
        fail(client, ret, "hear from the server");
    } else if (used->error < 0) {
        client->error = 0;
        snprintf(client->stage, UB_STAGE_BYTES, "%.*s", (int)sizeof used->stage, used->stage);
        client->error = used->error;
    }
}

int ub_echo_client(const struct ub_echo_run *run, struct ub_echo_result *result, char stage[UB_STAGE_BYTES])
{
    struct ub_echo_client client = {.run = run, .result = result, .epoll = -1};
    struct ub_echo_hello hello = {0};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    memset(result, 0, sizeof *result);
    result->latency.min_ns = UINT64_MAX;
    setsockopt(run->control, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int ret = ub_echo_write(run->control, &run->spec, sizeof run->spec);
    if (ret == 0)
        ret = ub_echo_read(run->control, &hello, sizeof hello);
    if (ret < 0) {
        snprintf(stage, UB_STAGE_BYTES, "%s", "hear from the server");
        return ret;
    }
    if (hello.error < 0) {
        result->used.error = hello.error;
        snprintf(stage, UB_STAGE_BYTES, "%.*s", (int)sizeof hello.stage, hello.stage);
        return UB_ECHO_REFUSED;
    }
    /* Without a window nothing is asked for but whether it can. */
    if (run->window_ns > 0 && (ret = ub_echo_client_open(&client, &hello)) == 0 &&
        (ret = begin(&client)) == 0)
        ret = turn(&client);
    if (ret < 0 && client.error == 0)
        client.error = ret; /* its stage stands already */
    if (run->window_ns > 0 && client.clock && client.error != -EBADMSG)
        ask_server(&client);
    ub_echo_client_close(&client);
    memcpy(stage, client.stage, UB_STAGE_BYTES);
    return client.error;
}
