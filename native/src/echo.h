/*
 * `uring-bench echo`: a server that sends back what it receives, by one of several models, and a client that
 * is always the same. They are processes of their own with a control connection between them: a pair of
 * sockets here, or TCP to a machine that listens. Over it go the spec, the server's address, the marks of the
 * measured window and what the server used between them. Nothing but the sockets is shared, so that the
 * server's CPU time is the server's alone.
 */
#ifndef UB_ECHO_H
#define UB_ECHO_H

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/socket.h>
#include "ub_abi.h"
#include "sys.h"

#define UB_ECHO_MAGIC           0x6f686365u
#define UB_ECHO_VERSION         1u
#define UB_ECHO_MAX_CONNECTIONS 1000u
#define UB_ECHO_MIN_BS          64u
#define UB_ECHO_MAX_BS          (64u << 10)
#define UB_ECHO_MAX_PIPELINE    1024u
#define UB_ECHO_CHUNK           (64u << 10) /* a receive takes so much at the most, with every backend */

enum { UB_ECHO_TCP, UB_ECHO_UNIX };
enum { UB_ECHO_SYNC, UB_ECHO_EPOLL, UB_ECHO_URING, UB_ECHO_BACKENDS };
enum {
    UB_ECHO_EDGE = 1u << 0,          /* epoll: EPOLLET */
    UB_ECHO_MULTISHOT = 1u << 1,     /* io_uring: accept 5.19, receive with provided buffers 6.0 */
    UB_ECHO_BUNDLES = 1u << 2,       /* IORING_RECVSEND_BUNDLE, 6.10 */
    UB_ECHO_ZEROCOPY = 1u << 3,      /* IORING_OP_SEND_ZC, 6.0 */
    UB_ECHO_DEFER_TASKRUN = 1u << 4, /* 6.1 */
    UB_ECHO_SQPOLL = 1u << 5,
};

/* What the client asks of the server. Both are little-endian. */
struct ub_echo_spec {
    uint32_t magic;
    uint32_t version;
    uint32_t transport;
    uint32_t backend;
    uint32_t features;
    uint32_t connections;
    uint32_t bs;
    uint32_t pipeline;
    uint64_t cpus[UB_MAX_CPUS / 64]; /* none: those that the server has */
};

/* What it answers: where it listens, or why it can't. */
struct ub_echo_hello {
    int32_t error; /* -errno */
    uint32_t address_bytes;
    char stage[UB_STAGE_BYTES];
    unsigned char address[sizeof(struct sockaddr_storage)];
};

/* Bytes on the control connection: the window begins, it ends. After the end the server sends what it used.
 */
#define UB_ECHO_BEGIN 'b'
#define UB_ECHO_END   'e'

/* What the server used in the window, all of its threads together but the one that answers on the control
 * connection. */
struct ub_echo_used {
    int32_t error; /* of its loop, -errno: it has ended */
    uint32_t pad;
    char stage[UB_STAGE_BYTES];
    uint64_t ns;    /* by the server's clock */
    uint64_t bytes; /* sent back */
    uint64_t syscalls;
    uint64_t usr_us, sys_us;
    uint64_t voluntary, involuntary;
    uint64_t resets;   /* connections that ended with an error, since the server began */
    uint64_t rearmed;  /* multishot receives that ended for want of buffers */
    uint64_t sends_zc; /* zero-copy sends whose notification came */
    uint64_t
        zc_copied; /* of these, those that the kernel copied after all (IORING_SEND_ZC_REPORT_USAGE, 6.2) */
};

/* What one of the server's threads counts; read by another. */
struct ub_echo_count {
    uint64_t bytes, syscalls, resets, rearmed, sends_zc, zc_copied;
} __attribute__((aligned(64)));

UB_ALWAYS_INLINE void ub_echo_add(uint64_t *count, uint64_t n)
{
    __atomic_store_n(count, *count + n, __ATOMIC_RELAXED);
}

struct ub_echo_server {
    struct ub_echo_spec spec;
    uint32_t chunk; /* bytes of a receive */
    uint32_t stop;  /* atomic */
    int listener;
    int wake; /* an eventfd, readable once it is to stop */
    const struct ub_echo_ops *ops;
    struct ub_echo_count *counts; /* one a connection, and the last of the thread that accepts */
    void *own;                    /* the backend's */
    int error;                    /* atomic: of its loop, -errno */
    const char *stage;
    sem_t opened;
    pthread_t thread;
};

/* A server's model. Both functions run on a thread of their own. */
struct ub_echo_ops {
    const char *name;
    uint32_t features; /* that it takes */
    int (*open)(struct ub_echo_server *server, const char **stage);
    /* Until server->stop; what open made is gone then, after a failed open too -> 0 or -errno with stage. */
    int (*run)(struct ub_echo_server *server, const char **stage);
    void (*close)(struct ub_echo_server *server);
};

extern const struct ub_echo_ops ub_echo_sync, ub_echo_epoll, ub_echo_uring, ub_echo_multishot;

/* Serves one client: until its control connection ends -> 0 or -errno. */
int ub_echo_serve(int control);

/* What the client does. */
struct ub_echo_run {
    struct ub_echo_spec spec;
    uint64_t ramp_ns, window_ns;
    uint64_t rate;   /* requests/s over all connections; 0: closed loop */
    uint32_t verify; /* every byte of every answer; else of each 64th, and the ends of all */
    int control;
    const volatile sig_atomic_t *stop;
};

struct ub_echo_result {
    struct ub_echo_used used;
    uint64_t ns;         /* of the window */
    uint64_t answered;   /* answers that came in it */
    uint64_t unanswered; /* due in it, or in flight at its end, without an answer a second later */
    uint64_t cpu_us;     /* of the client, in the window */
    uint32_t interrupted;
    struct ub_latency latency;
    uint64_t counts[UB_HIST_COUNTS];
};

/*
 * One trial. With *result's error and stage unset -> 0; -errno with stage; -EBADMSG: an answer was not what
 * had been sent, *stage says which. UB_ECHO_REFUSED: the server can't, by result->used.error and stage.
 */
#define UB_ECHO_REFUSED 1
int ub_echo_client(const struct ub_echo_run *run, struct ub_echo_result *result, char stage[UB_STAGE_BYTES]);

/* echo_socket.c: -errno, or a descriptor. */
int ub_echo_listen(int control, uint32_t transport, struct ub_echo_hello *hello);
int ub_echo_connect(int control, const struct ub_echo_hello *hello, int *fd);
int ub_echo_read(int fd, void *to, size_t bytes);
int ub_echo_write(int fd, const void *from, size_t bytes);
/* Small messages go at once. */
void ub_echo_no_delay(int fd);
/* Room for so many descriptors: raises the soft limit -> 0 or -EMFILE. */
int ub_echo_descriptors(uint32_t connections);

#endif
