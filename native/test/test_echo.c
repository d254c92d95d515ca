/*
 * Servers and client of `uring-bench echo`: every model sends back what it got, byte for byte, also in pieces
 * and when a peer leaves in the middle; a client that is sent something else says so; nothing is left open;
 * what is no spec is refused.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "echo.h"
#include "test.h"

#define MS UINT64_C(1000000)

static const struct model {
    const char *name;
    uint32_t backend, features;
} models[] = {
    {"sync", UB_ECHO_SYNC, 0},
    {"epoll", UB_ECHO_EPOLL, 0},
    {"epoll+edge", UB_ECHO_EPOLL, UB_ECHO_EDGE},
    {"io_uring", UB_ECHO_URING, 0},
    {"io_uring+defer_taskrun", UB_ECHO_URING, UB_ECHO_DEFER_TASKRUN},
    {"io_uring+sqpoll", UB_ECHO_URING, UB_ECHO_SQPOLL},
    {"io_uring+multishot", UB_ECHO_URING, UB_ECHO_MULTISHOT},
    {"io_uring+bundles", UB_ECHO_URING, UB_ECHO_MULTISHOT | UB_ECHO_BUNDLES | UB_ECHO_DEFER_TASKRUN},
    {"io_uring+zerocopy", UB_ECHO_URING, UB_ECHO_MULTISHOT | UB_ECHO_ZEROCOPY},
};
#define MODELS (sizeof models / sizeof *models)

static const char *const transports[] = {"tcp", "unix"};
static volatile sig_atomic_t stop;
static struct ub_echo_result result;

static void *serve(void *arg)
{
    int fd = *(const int *)arg;
    ub_echo_serve(fd);
    close(fd);
    return NULL;
}

/* A server on a thread of its own -> its control connection. */
static int start(pthread_t *thread, int ends[2], void *(*run)(void *))
{
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    CHECK_EQ(pthread_create(thread, NULL, run, &ends[1]), 0);
    return ends[0];
}

static void finish(pthread_t thread, int control)
{
    close(control);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

static struct ub_echo_spec spec_of(const struct model *model, uint32_t transport, uint32_t bs)
{
    return (struct ub_echo_spec){.magic = UB_ECHO_MAGIC,
                                 .version = UB_ECHO_VERSION,
                                 .transport = transport,
                                 .backend = model->backend,
                                 .features = model->features,
                                 .connections = 8,
                                 .bs = bs,
                                 .pipeline = 4};
}

/* How long a client goes on, unless something ends it. */
static uint64_t window_ms = 25;

static int run_client(const struct ub_echo_spec *spec, uint64_t rate, void *(*server)(void *),
                      char stage[UB_STAGE_BYTES])
{
    pthread_t thread;
    int ends[2];
    struct ub_echo_run run = {.spec = *spec,
                              .ramp_ns = 5 * MS,
                              .window_ns = (spec->features & UB_ECHO_SQPOLL ? 100 : window_ms) * MS,
                              .rate = rate,
                              .verify = 1,
                              .stop = &stop};
    run.control = start(&thread, ends, server);
    int ret = ub_echo_client(&run, &result, stage);
    finish(thread, run.control);
    return ret;
}

/* Whether the client had an answer, and the server's counts hold a whole request. */
static int has_answered(uint32_t bs)
{
    return result.answered > 0 && result.used.bytes >= bs && result.used.syscalls > 0;
}

/* A busy machine may answer nothing in so short a window: then a longer one. */
static int run_until_answered(const struct ub_echo_spec *spec, uint64_t rate, char stage[UB_STAGE_BYTES])
{
    uint64_t usual = window_ms;
    int ret = run_client(spec, rate, serve, stage);
    for (; ret == 0 && !has_answered(spec->bs) && window_ms < 100 * usual;
         ret = run_client(spec, rate, serve, stage))
        window_ms *= 10;
    window_ms = usual;
    return ret;
}

static void test_right(const struct model *model, uint32_t transport, uint32_t bs, uint64_t rate)
{
    char stage[UB_STAGE_BYTES] = "";
    struct ub_echo_spec spec = spec_of(model, transport, bs);
    int open = test_open_descriptors();
    test_context("%s over %s, %u bytes, rate %u", model->name, transports[transport], bs, (unsigned)rate);
    int ret = run_until_answered(&spec, rate, stage);
    if (ret == UB_ECHO_REFUSED) {
        int known = result.used.error == -EOPNOTSUPP || result.used.error == -EINVAL ||
                    result.used.error == -EPERM || result.used.error == -ENOSYS ||
                    result.used.error == -ENOMEM;
        CHECK(known && model->backend == UB_ECHO_URING);
        if (transport == UB_ECHO_TCP)
            test_note("%s: %s", model->name, stage);
    } else {
        if (ret < 0)
            test_fail(__FILE__, __LINE__, "%s: %s", stage, strerror(-ret));
        /* A busy machine may be late with all that was due in so short a window. */
        CHECK(rate > 0 || has_answered(bs));
        CHECK_EQ(result.used.error, 0);
        CHECK_EQ(result.used.resets, 0);
        CHECK(result.latency.count > 0 && result.latency.min_ns > 0);
        CHECK(result.used.zc_copied <= result.used.sends_zc);
        CHECK(rate > 0 || (result.used.sends_zc > 0) == ((model->features & UB_ECHO_ZEROCOPY) != 0));
    }
    CHECK_EQ(test_open_descriptors(), open);
}

static void read_all(int fd, unsigned char *to, size_t bytes)
{
    for (size_t got = 0; got < bytes;) {
        ssize_t n = recv(fd, to + got, bytes - got, 0);
        CHECK(n > 0);
        got += (size_t)n;
    }
}

/* Half a request, then the rest with half of another, and no more: all of it comes back, then the end. */
static void test_pieces(int control, const struct ub_echo_hello *hello)
{
    unsigned char out[1500], in[1500];
    int fd = -1;
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (unsigned char)(i * 7 + i / 256);
    CHECK_EQ(ub_echo_connect(control, hello, &fd), 0);
    CHECK_EQ(ub_echo_write(fd, out, 500), 0);
    read_all(fd, in, 500);
    CHECK_EQ(ub_echo_write(fd, out + 500, 1000), 0);
    CHECK_EQ(shutdown(fd, SHUT_WR), 0);
    read_all(fd, in + 500, 1000);
    CHECK_EQ(memcmp(in, out, sizeof out), 0);
    CHECK_EQ(recv(fd, in, 1, 0), 0);
    close(fd);
}

/* More than the sockets hold, of which nothing is read: the server can't send, and then its peer is gone. */
static void test_reset(int control, const struct ub_echo_hello *hello)
{
    static const char out[64 << 10];
    const struct linger linger = {.l_onoff = 1};
    int fd = -1;
    CHECK_EQ(ub_echo_connect(control, hello, &fd), 0);
    for (int full = 0; full < 5;) {
        ssize_t n = send(fd, out, sizeof out, MSG_DONTWAIT | MSG_NOSIGNAL);
        CHECK(n > 0 || errno == EAGAIN);
        full = n > 0 ? 0 : full + 1;
        if (n <= 0)
            test_sleep_ms(2);
    }
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(fd);
}

/* Peers that behave otherwise than the client, and that it is told of. */
static void test_peers(const struct model *model, uint32_t transport)
{
    pthread_t thread;
    int ends[2], fd = -1, open = test_open_descriptors(), control = start(&thread, ends, serve);
    struct ub_echo_spec spec = spec_of(model, transport, 1000);
    struct ub_echo_hello hello;
    struct ub_echo_used used = {0};
    test_context("peers of %s over %s", model->name, transports[transport]);
    CHECK_EQ(ub_echo_write(control, &spec, sizeof spec), 0);
    CHECK_EQ(ub_echo_read(control, &hello, sizeof hello), 0);
    if (hello.error == 0) {
        test_pieces(control, &hello);
        CHECK_EQ(ub_echo_connect(control, &hello, &fd), 0); /* nothing is said at all */
        close(fd);
        test_reset(control, &hello);
        test_pieces(control, &hello); /* the others go on */
        for (int tries = 0; tries < 500 && used.resets == 0; tries++) {
            test_sleep_ms(2);
            CHECK_EQ(ub_echo_write(control, "e", 1), 0);
            CHECK_EQ(ub_echo_read(control, &used, sizeof used), 0);
        }
        CHECK_EQ(used.resets, 1);
        CHECK_EQ(used.error, 0);
        CHECK_EQ(ub_echo_connect(control, &hello, &fd), 0); /* still there when the server ends */
        CHECK_EQ(ub_echo_write(fd, "abc", 3), 0);
    }
    finish(thread, control);
    if (fd >= 0)
        close(fd);
    CHECK_EQ(test_open_descriptors(), open);
}

static void test_refused(void)
{
    static const struct model sync = {"sync", UB_ECHO_SYNC, 0};
    struct ub_echo_spec good = spec_of(&sync, UB_ECHO_UNIX, 1000), bad[9];
    for (size_t i = 0; i < 9; i++)
        bad[i] = good;
    bad[0].magic++;
    bad[1].version++;
    bad[2].transport = 2;
    bad[3].backend = UB_ECHO_BACKENDS;
    bad[4].features = UB_ECHO_EDGE; /* sync has none */
    bad[5].connections = 0;
    bad[6].connections = UB_ECHO_MAX_CONNECTIONS + 1;
    bad[7].bs = UB_ECHO_MAX_BS + 1;
    bad[8].pipeline = 0;
    for (size_t i = 0; i < 9; i++) {
        char stage[UB_STAGE_BYTES] = "";
        test_context("spec %u", (unsigned)i);
        CHECK_EQ(run_client(&bad[i], 0, serve, stage), UB_ECHO_REFUSED);
        CHECK_EQ(result.used.error, i < 2 ? -EPROTO : -EINVAL);
    }
}

/* Takes one connection and answers wrongly: another byte in the middle of the 130th answer, or an end instead
 * of it. */
static void serve_wrongly(int control, int leaves)
{
    struct ub_echo_spec spec;
    struct ub_echo_hello hello = {0};
    CHECK_EQ(ub_echo_read(control, &spec, sizeof spec), 0);
    int listener = ub_echo_listen(control, spec.transport, &hello);
    CHECK(listener >= 0);
    CHECK_EQ(ub_echo_write(control, &hello, sizeof hello), 0);
    int fd = accept(listener, NULL, NULL);
    unsigned char *buffer = malloc(spec.bs);
    for (uint32_t n = 0; ub_echo_read(fd, buffer, spec.bs) == 0; n++) {
        if (n == 130 && leaves)
            break;
        buffer[spec.bs / 2] ^= n == 130;
        if (ub_echo_write(fd, buffer, spec.bs) < 0)
            break;
    }
    free(buffer);
    close(fd);
    close(listener);
    close(control);
}

static void *lie(void *arg)
{
    serve_wrongly(*(const int *)arg, 0);
    return NULL;
}

static void *leave(void *arg)
{
    serve_wrongly(*(const int *)arg, 1);
    return NULL;
}

static void test_wrong_server(void)
{
    static const struct model sync = {"sync", UB_ECHO_SYNC, 0};
    struct ub_echo_spec spec = spec_of(&sync, UB_ECHO_UNIX, 1000);
    char stage[UB_STAGE_BYTES] = "";
    spec.connections = spec.pipeline = 1;
    window_ms = 60000; /* however slow the machine is, the wrong answer comes before its end */
    test_context("a server that lies");
    CHECK_EQ(run_client(&spec, 0, lie, stage), -EBADMSG);
    CHECK_EQ(strcmp(stage, "connection 0, answer 130, byte 500"), 0);
    test_context("a server that leaves");
    int ret = run_client(&spec, 0, leave, stage);
    CHECK(ret == -ECONNRESET || ret == -EPIPE);
}

int main(void)
{
    for (size_t i = 0; i < MODELS; i++) {
        for (uint32_t transport = 0; transport < 2; transport++) {
            test_right(&models[i], transport, 64, 0);
            test_right(&models[i], transport, 1000, 2000);
            test_right(&models[i], transport, 64 << 10, 0);
            test_peers(&models[i], transport);
        }
    }
    test_refused();
    test_wrong_server();
    return 0;
}
