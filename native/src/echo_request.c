/* Requests of `uring-bench echo`: what they hold, and whether an answer is what was sent. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "echo_client.h"

/* Of this many answers one is compared byte by byte, unless all are. */
#define SAMPLED 64u

/* The beginning of a request; its end has the number again, mixed with the connection. */
struct header {
    uint32_t connection;
    uint32_t bytes;
    uint64_t number;
};

static uint64_t mixed(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u; /* SplitMix64 */
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t end_of(const struct ub_echo_peer *peer, uint64_t number)
{
    return mixed(number ^ (uint64_t)peer->index << 40);
}

static void fill(char *out, uint32_t bytes, uint64_t seed)
{
    for (uint32_t at = 0; at < bytes; at += 8) {
        uint64_t word = mixed(seed + at);
        memcpy(out + at, &word, bytes - at < 8 ? bytes - at : 8);
    }
}

static char *slot_of(const struct ub_echo_client *client, const struct ub_echo_peer *peer, uint64_t number)
{
    const struct ub_echo_spec *spec = &client->run->spec;
    return peer->out + number % spec->pipeline * spec->bs;
}

void ub_echo_write_request(const struct ub_echo_client *client, struct ub_echo_peer *peer, uint64_t number)
{
    const struct ub_echo_spec *spec = &client->run->spec;
    const struct header header = {.connection = peer->index, .bytes = spec->bs, .number = number};
    char *out = slot_of(client, peer, number);
    uint64_t end = end_of(peer, number);
    if (client->run->verify)
        fill(out, spec->bs, end);
    memcpy(out, &header, sizeof header);
    memcpy(out + spec->bs - sizeof end, &end, sizeof end);
}

int ub_echo_is_answer(const struct ub_echo_client *client, const struct ub_echo_peer *peer, const char *in)
{
    uint32_t bs = client->run->spec.bs;
    const char *out = slot_of(client, peer, peer->answered);
    if (client->run->verify || peer->answered % SAMPLED == 0)
        return memcmp(in, out, bs) == 0;
    return memcmp(in, out, sizeof(struct header)) == 0 && memcmp(in + bs - 8, out + bs - 8, 8) == 0;
}

int ub_echo_wrong(struct ub_echo_client *client, const struct ub_echo_peer *peer, const char *in)
{
    const char *out = slot_of(client, peer, peer->answered);
    uint32_t at = 0;
    while (at < client->run->spec.bs && in[at] == out[at])
        at++;
    client->error = -EBADMSG;
    if (peer->answered == peer->asked)
        snprintf(client->stage, UB_STAGE_BYTES, "connection %u: more than was sent", peer->index);
    else
        snprintf(client->stage, UB_STAGE_BYTES, "connection %u, answer %llu, byte %u", peer->index,
                 (unsigned long long)peer->answered, at);
    return -EBADMSG;
}

uint64_t ub_echo_outstanding(const struct ub_echo_client *client)
{
    uint64_t left = 0;
    for (uint32_t i = 0; i < client->run->spec.connections; i++) {
        const struct ub_echo_peer *peer = &client->peers[i];
        left += (client->run->rate ? peer->due : peer->asked) - peer->answered;
    }
    return left;
}

static int open_peer(struct ub_echo_client *client, uint32_t index, const struct ub_echo_hello *hello)
{
    const struct ub_echo_spec *spec = &client->run->spec;
    struct ub_echo_peer *peer = &client->peers[index];
    peer->index = index;
    peer->times = calloc(spec->pipeline, sizeof *peer->times);
    peer->out = malloc(client->room);
    peer->in = malloc(client->in_bytes);
    snprintf(client->stage, UB_STAGE_BYTES, "allocate");
    if (!peer->times || !peer->out || !peer->in)
        return -ENOMEM;
    fill(peer->out, (uint32_t)client->room, index + 1);
    snprintf(client->stage, UB_STAGE_BYTES, "connect");
    int ret = ub_echo_connect(client->run->control, hello, &peer->fd);
    if (ret < 0)
        return ret;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
    peer->watched = EPOLLIN;
    snprintf(client->stage, UB_STAGE_BYTES, "epoll_ctl");
    return epoll_ctl(client->epoll, EPOLL_CTL_ADD, peer->fd, &event) < 0 ? -errno : 0;
}

int ub_echo_client_open(struct ub_echo_client *client, const struct ub_echo_hello *hello)
{
    const struct ub_echo_spec *spec = &client->run->spec;
    client->room = (uint64_t)spec->bs * spec->pipeline;
    /* As much as the server takes at a time, and a request that is not whole. */
    client->in_bytes = spec->bs + UB_ECHO_CHUNK;
    snprintf(client->stage, UB_STAGE_BYTES, "RLIMIT_NOFILE of the client");
    int ret = ub_echo_descriptors(spec->connections);
    if (ret < 0)
        return ret;
    snprintf(client->stage, UB_STAGE_BYTES, "epoll_create1");
    client->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (client->epoll < 0)
        return -errno;
    client->peers = calloc(spec->connections, sizeof *client->peers);
    if (!client->peers)
        return -ENOMEM;
    for (uint32_t i = 0; i < spec->connections; i++)
        client->peers[i].fd = -1;
    for (uint32_t i = 0; ret == 0 && i < spec->connections; i++)
        ret = open_peer(client, i, hello);
    if (ret == 0)
        client->stage[0] = '\0';
    return ret;
}

void ub_echo_client_close(struct ub_echo_client *client)
{
    for (uint32_t i = 0; client->peers && i < client->run->spec.connections; i++) {
        struct ub_echo_peer *peer = &client->peers[i];
        if (peer->fd >= 0)
            close(peer->fd);
        free(peer->times);
        free(peer->out);
        free(peer->in);
    }
    free(client->peers);
    if (client->epoll >= 0)
        close(client->epoll);
}
