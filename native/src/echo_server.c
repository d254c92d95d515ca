/*
 * The server of `uring-bench echo`: what all models have in common. The calling thread answers on the control
 * connection; the model runs on threads of its own, whose use between two marks is the process's less that of
 * this one.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include "clock.h"
#include "echo.h"

/* So long the client has for its first words. */
#define PATIENCE_S 5

static const struct ub_echo_ops *ops_of(const struct ub_echo_spec *spec)
{
    switch (spec->backend) {
    case UB_ECHO_SYNC:
        return &ub_echo_sync;
    case UB_ECHO_EPOLL:
        return &ub_echo_epoll;
    default:
        return spec->features & UB_ECHO_MULTISHOT ? &ub_echo_multishot : &ub_echo_uring;
    }
}

/* It may have come from another machine. */
static int check(const struct ub_echo_spec *spec)
{
    if (spec->magic != UB_ECHO_MAGIC || spec->version != UB_ECHO_VERSION)
        return -EPROTO;
    if (spec->transport > UB_ECHO_UNIX || spec->backend >= UB_ECHO_BACKENDS || spec->bs < UB_ECHO_MIN_BS ||
        spec->bs > UB_ECHO_MAX_BS || spec->connections < 1 || spec->connections > UB_ECHO_MAX_CONNECTIONS ||
        spec->pipeline < 1 || spec->pipeline > UB_ECHO_MAX_PIPELINE ||
        (spec->features & ~ops_of(spec)->features) != 0)
        return -EINVAL;
    return 0;
}

static int pin(const uint64_t cpus[UB_MAX_CPUS / 64])
{
    cpu_set_t set;
    CPU_ZERO(&set);
    int any = 0;
    for (uint32_t cpu = 0; cpu < UB_MAX_CPUS && cpu < CPU_SETSIZE; cpu++) {
        if (cpus[cpu / 64] & 1ull << cpu % 64) {
            CPU_SET(cpu, &set);
            any = 1;
        }
    }
    return any && sched_setaffinity(0, sizeof set, &set) < 0 ? -errno : 0;
}

static void *thread_main(void *arg)
{
    struct ub_echo_server *server = arg;
    const char *stage = "start";
    int ret = server->ops->open(server, &stage);
    server->stage = stage;
    __atomic_store_n(&server->error, ret, __ATOMIC_RELEASE);
    sem_post(&server->opened);
    if (ret == 0) {
        ret = server->ops->run(server, &stage);
        server->stage = stage;
        __atomic_store_n(&server->error, ret, __ATOMIC_RELEASE);
        if (ret < 0)
            shutdown(server->listener, SHUT_RDWR);
    }
    server->ops->close(server);
    return NULL;
}

struct snapshot {
    uint64_t ns;
    struct rusage process, self;
    struct ub_echo_count count;
};

static void take(const struct ub_echo_server *server, struct snapshot *at)
{
    memset(at, 0, sizeof *at);
    at->ns = ub_monotonic_ns();
    getrusage(RUSAGE_SELF, &at->process);
    getrusage(RUSAGE_THREAD, &at->self);
    for (uint32_t i = 0; i <= server->spec.connections; i++) {
        const struct ub_echo_count *one = &server->counts[i];
#define ADD(field) at->count.field += __atomic_load_n(&one->field, __ATOMIC_RELAXED)
        ADD(bytes), ADD(syscalls), ADD(resets), ADD(rearmed), ADD(sends_zc), ADD(zc_copied);
#undef ADD
    }
}

static int64_t us(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

/* Of all threads but this one. What the kernel adds up late may make it seem less than nothing. */
static uint64_t less(int64_t process, int64_t self)
{
    return process > self ? (uint64_t)(process - self) : 0;
}

static void used_between(const struct ub_echo_server *server, const struct snapshot *a,
                         const struct snapshot *b, struct ub_echo_used *used)
{
#define GREW(member, field) ((int64_t)(b->member.field) - (int64_t)(a->member.field))
#define TIME(member, field) (us(b->member.field) - us(a->member.field))
    memset(used, 0, sizeof *used);
    used->ns = b->ns - a->ns;
    used->bytes = b->count.bytes - a->count.bytes;
    used->syscalls = b->count.syscalls - a->count.syscalls;
    used->usr_us = less(TIME(process, ru_utime), TIME(self, ru_utime));
    used->sys_us = less(TIME(process, ru_stime), TIME(self, ru_stime));
    used->voluntary = less(GREW(process, ru_nvcsw), GREW(self, ru_nvcsw));
    used->involuntary = less(GREW(process, ru_nivcsw), GREW(self, ru_nivcsw));
    used->resets = b->count.resets;
    used->rearmed = b->count.rearmed - a->count.rearmed;
    used->sends_zc = b->count.sends_zc - a->count.sends_zc;
    used->zc_copied = b->count.zc_copied - a->count.zc_copied;
    used->error = __atomic_load_n(&server->error, __ATOMIC_ACQUIRE);
    if (used->error < 0)
        strncpy(used->stage, server->stage, sizeof used->stage - 1);
#undef GREW
#undef TIME
}

/* Until the client has gone. */
static void answer(const struct ub_echo_server *server, int control)
{
    struct snapshot begin, end;
    struct ub_echo_used used;
    take(server, &begin);
    for (char mark = 0; ub_echo_read(control, &mark, 1) == 0;) {
        if (mark == UB_ECHO_BEGIN) {
            take(server, &begin);
        } else if (mark == UB_ECHO_END) {
            take(server, &end);
            used_between(server, &begin, &end, &used);
            if (ub_echo_write(control, &used, sizeof used) < 0)
                return;
        }
    }
}

/* What the model starts with -> 0 or -errno; what there is goes with discard(). */
static int prepare(struct ub_echo_server *server, int control, struct ub_echo_hello *hello,
                   const char **stage)
{
    const struct ub_echo_spec *spec = &server->spec;
    uint32_t want = spec->bs * spec->pipeline;
    server->chunk = want > UB_ECHO_CHUNK ? UB_ECHO_CHUNK : want;
    server->ops = ops_of(spec);
    *stage = "CPUs of the server";
    int ret = pin(spec->cpus);
    if (ret < 0)
        return ret;
    *stage = "RLIMIT_NOFILE of the server";
    if ((ret = ub_echo_descriptors(spec->connections)) < 0)
        return ret;
    *stage = "allocate";
    size_t bytes = sizeof(struct ub_echo_count) * (spec->connections + 1);
    server->counts = aligned_alloc(_Alignof(struct ub_echo_count), bytes);
    if (!server->counts)
        return -ENOMEM;
    memset(server->counts, 0, bytes);
    *stage = "eventfd";
    server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->wake < 0)
        return -errno;
    *stage = "listen";
    server->listener = ub_echo_listen(control, spec->transport, hello);
    return server->listener < 0 ? server->listener : 0;
}

static void discard(struct ub_echo_server *server)
{
    if (server->listener >= 0)
        close(server->listener);
    if (server->wake >= 0)
        close(server->wake);
    free(server->counts);
    sem_destroy(&server->opened);
}

static void end(struct ub_echo_server *server)
{
    const uint64_t one = 1;
    __atomic_store_n(&server->stop, 1, __ATOMIC_RELEASE);
    if (write(server->wake, &one, sizeof one) < 0)
        assert(errno == EAGAIN);
    shutdown(server->listener, SHUT_RDWR); /* who waits for a connection wakes up */
    pthread_join(server->thread, NULL);
}

int ub_echo_serve(int control)
{
    struct ub_echo_server server = {.listener = -1, .wake = -1};
    struct ub_echo_hello hello = {0};
    const char *stage = "spec";
    struct timeval patience = {.tv_sec = PATIENCE_S};
    setsockopt(control, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int ret = ub_echo_read(control, &server.spec, sizeof server.spec);
    if (ret < 0)
        return ret;
    patience.tv_sec = 0; /* from now on it may take its time */
    setsockopt(control, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sem_init(&server.opened, 0, 0);
    int running = 0;
    if ((ret = check(&server.spec)) == 0 && (ret = prepare(&server, control, &hello, &stage)) == 0) {
        stage = "pthread_create";
        ret = -pthread_create(&server.thread, NULL, thread_main, &server);
        if (ret == 0) {
            running = 1;
            while (sem_wait(&server.opened) < 0)
                ;
            ret = __atomic_load_n(&server.error, __ATOMIC_ACQUIRE);
            stage = server.stage;
        }
    }
    hello.error = ret;
    if (ret < 0)
        strncpy(hello.stage, stage, sizeof hello.stage - 1);
    if (ub_echo_write(control, &hello, sizeof hello) == 0 && ret == 0)
        answer(&server, control);
    if (running)
        end(&server);
    discard(&server);
    return ret;
}
