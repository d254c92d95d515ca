/* What the client of `uring-bench echo` has: echo_client.c is its loop, echo_request.c what it sends and
 * expects. */
#ifndef UB_ECHO_CLIENT_H
#define UB_ECHO_CLIENT_H

#include "clock.h"
#include "echo.h"

/* So long after the window is waited for what was sent in it. */
#define UB_ECHO_DRAIN_NS 1000000000u

enum { UB_ECHO_RAMP, UB_ECHO_MEASURED, UB_ECHO_OVER };

struct ub_echo_peer {
    int fd;
    uint32_t index;
    uint32_t watched;              /* EPOLLIN, EPOLLOUT */
    uint32_t filled;               /* bytes of in that are not looked at yet */
    uint64_t due, asked, answered; /* requests */
    uint64_t queued, sent;         /* bytes */
    uint64_t *times;               /* by request, modulo the pipeline: when it was sent, or due */
    char *out;                     /* by request, modulo the pipeline: what was sent */
    char *in;
};

struct ub_echo_client {
    const struct ub_echo_run *run;
    struct ub_echo_result *result;
    const struct ub_clock *clock;
    struct ub_echo_peer *peers;
    int epoll;
    int phase;
    uint32_t in_bytes;
    uint64_t room; /* bytes of a peer's out */
    uint64_t start_ns, begin_ns, end_ns;
    uint64_t next; /* open loop: the request that is due next, over all connections */
    int error;
    char stage[UB_STAGE_BYTES];
};

/* When a request of an open loop is due. */
static inline uint64_t ub_echo_due(const struct ub_echo_client *client, uint64_t number)
{
    return client->start_ns + (uint64_t)((unsigned __int128)number * 1000000000u / client->run->rate);
}

/* echo_request.c. Connections and buffers -> 0 or -errno with client->stage. */
int ub_echo_client_open(struct ub_echo_client *client, const struct ub_echo_hello *hello);
void ub_echo_client_close(struct ub_echo_client *client);
/* Puts a request where it is sent from. */
void ub_echo_write_request(const struct ub_echo_client *client, struct ub_echo_peer *peer, uint64_t number);
/* Whether these bytes answer the request that comes next. */
int ub_echo_is_answer(const struct ub_echo_client *client, const struct ub_echo_peer *peer, const char *in);
/* Says what is wrong with them -> -EBADMSG. */
int ub_echo_wrong(struct ub_echo_client *client, const struct ub_echo_peer *peer, const char *in);
/* Requests without an answer: of an open loop those that were due by the end of the window. */
uint64_t ub_echo_outstanding(const struct ub_echo_client *client);

#endif
