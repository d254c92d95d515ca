/*
 * linux-aio: io_submit, later io_getevents. One iocb a slot, filled in once but for what changes. Completions
 * can also be taken from the mapped ring without a call (+userspace_reap), or be announced by an eventfd
 * (+eventfd).
 */
#define _GNU_SOURCE
#include <assert.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "kernel.h"
#include "data.h"
#include "rated.h"

struct laio {
    aio_context_t context;
    struct iocb *iocbs;  /* by slot */
    struct iocb **queue; /* prepared, not yet taken by the kernel */
    struct io_event *events;
    uint32_t queued;
    uint32_t taken;           /* by the kernel, not reaped */
    int32_t rw_flags;         /* RWF_* of reads and writes */
    struct ub_aio_ring *ring; /* userspace_reap; else NULL */
    int event_fd, epoll_fd;   /* eventfd; else -1 */
};

UB_ALWAYS_INLINE void prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    static const uint16_t opcode[UB_OPS] = {IOCB_CMD_PREAD, IOCB_CMD_PWRITE, IOCB_CMD_NOOP, IOCB_CMD_FSYNC};
    struct laio *aio = b;
    const struct ub_slot *s = &ctx->slots[slot];
    struct iocb *iocb = &aio->iocbs[slot];
    iocb->aio_lio_opcode = opcode[s->op];
    iocb->aio_fildes = (uint32_t)ctx->fds[s->data.file];
    iocb->aio_nbytes = s->len;
    iocb->aio_offset = (int64_t)s->data.offset;
    iocb->aio_buf = (uint64_t)(uintptr_t)ub_buffer(ctx, slot);
    iocb->aio_rw_flags = aio->rw_flags;
    if (UB_UNLIKELY(s->op == UB_OP_SYNC)) {
        iocb->aio_lio_opcode = s->data.datasync ? IOCB_CMD_FDSYNC : IOCB_CMD_FSYNC;
        iocb->aio_buf = 0;
        iocb->aio_rw_flags = 0;
    }
    aio->queue[aio->queued++] = iocb;
}

/*
 * io_submit failed when it had taken `sent` of what is queued -> 0 for later: what is queued stays so and
 * goes with the next call. EAGAIN with I/Os in flight means "reap first".
 */
UB_COLD static int not_taken(struct laio *aio, struct ub_ctx *ctx, uint32_t sent, int ret)
{
    int later = ret == -EINTR || (ret == -EAGAIN && aio->taken + sent > 0);
    if (later && ub_loop_patience(ctx, ret) == 0)
        return 0;
    ctx->withdrawn = aio->queued - sent;
    aio->taken += sent;
    aio->queued = 0;
    return ret;
}

/* The kernel may take only a part; the rest stays queued. */
UB_ALWAYS_INLINE int submit(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    struct laio *aio = b;
    (void)n, (void)wait;
    uint32_t sent = 0;
    while (sent < aio->queued) {
        ctx->result->syscalls[UB_SYS_IO_SUBMIT]++;
        long ret = UB_SYSCALL(SYS_io_submit, aio->context, aio->queued - sent, aio->queue + sent, 0, 0, 0);
        if (UB_UNLIKELY(ret < 0)) {
            ret = not_taken(aio, ctx, sent, (int)ret);
            if (ret < 0)
                return (int)ret;
            break;
        }
        sent += (uint32_t)ret;
    }
    aio->taken += sent;
    aio->queued -= sent;
    if (UB_UNLIKELY(aio->queued))
        memmove(aio->queue, aio->queue + sent, aio->queued * sizeof(struct iocb *));
    return 0;
}

UB_ALWAYS_INLINE struct ub_done done_of(const struct io_event *event)
{
    return (struct ub_done){.slot = (uint32_t)event->data, .res = (int32_t)event->res};
}

/* The kernel moves tail after it has written the event, and looks at head before it writes another. */
UB_ALWAYS_INLINE uint32_t reap_ring(struct laio *aio, struct ub_ctx *ctx, uint32_t max)
{
    struct ub_aio_ring *ring = aio->ring;
    uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED), got = 0;
    uint32_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    while (got < max && head != tail) {
        ctx->done[got++] = done_of(&ring->events[head]);
        head = head + 1 == ring->nr ? 0 : head + 1;
    }
    __atomic_store_n(&ring->head, head, __ATOMIC_RELEASE);
    aio->taken -= got;
    return got;
}

/* Sleeps until the eventfd says that something has completed, as a program with an event loop does. */
static int wait_event(struct laio *aio, struct ub_ctx *ctx)
{
    struct epoll_event event;
    uint64_t completions;
    ctx->result->syscalls[UB_SYS_EPOLL_WAIT]++;
    long ret = UB_SYSCALL(SYS_epoll_pwait, aio->epoll_fd, &event, 1, UB_WAIT_NS / 1000000, 0, 0);
    if (ret <= 0)
        return ret == -EINTR ? ub_loop_patience(ctx, (int)ret) : (int)ret;
    ctx->result->syscalls[UB_SYS_READ]++;
    ret = UB_SYSCALL(SYS_read, aio->event_fd, &completions, sizeof completions, 0, 0, 0);
    return ret < 0 && ret != -EAGAIN ? (int)ret : 1;
}

/* Until min are in ctx->done, of which got are there already, at most max, or until limit has passed (NULL:
 * there is none) -> how many, or -errno. */
UB_ALWAYS_INLINE int get_events(struct laio *aio, struct ub_ctx *ctx, uint32_t got, uint32_t min,
                                uint32_t max, const struct timespec *limit)
{
    ctx->result->syscalls[UB_SYS_IO_GETEVENTS]++;
    long more = UB_SYSCALL(SYS_io_getevents, aio->context, min > got ? min - got : 0, max - got, aio->events,
                           limit, 0);
    if (UB_UNLIKELY(more < 0))
        /* What is there already goes first: a failure will come again. */
        return got > 0 || (more == -EINTR && ub_loop_patience(ctx, (int)more) == 0) ? (int)got : (int)more;
    for (long i = 0; i < more; i++)
        ctx->done[got + (uint32_t)i] = done_of(&aio->events[i]);
    aio->taken -= (uint32_t)more;
    return (int)(got + (uint32_t)more);
}

/*
 * With an eventfd: takes what is there; when that is too little, sleeps and looks again. An eventfd counts
 * completions since it was last read, so some may be there although it is silent.
 */
static int reap_eventfd(struct laio *aio, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    int got = get_events(aio, ctx, 0, 0, max, NULL);
    while (got >= 0 && (uint32_t)got < min) {
        int ret = wait_event(aio, ctx);
        if (ret <= 0)
            return ret < 0 && got == 0 ? ret : got; /* too long: the loop looks around */
        got = get_events(aio, ctx, (uint32_t)got, 0, max, NULL);
    }
    return got;
}

UB_ALWAYS_INLINE int reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    struct laio *aio = b;
    if (UB_UNLIKELY(aio->queued)) { /* left over: some have completed since */
        int ret = submit(b, ctx, 0, 0);
        if (ret < 0)
            return ret;
    }
    min = min < aio->taken ? min : aio->taken;
    if (UB_UNLIKELY(aio->event_fd >= 0))
        return reap_eventfd(aio, ctx, min, max);
    uint32_t got = 0;
    if (UB_UNLIKELY(aio->ring != NULL)) {
        got = reap_ring(aio, ctx, max);
        if (got >= min)
            return (int)got;
    }
    return get_events(aio, ctx, got, min, max, NULL);
}

/* An open loop: no longer than ns. */
static int reap_rated(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max, uint64_t ns)
{
    struct laio *aio = b;
    const struct timespec limit = {.tv_sec = 0, .tv_nsec = (long)ns};
    if (UB_UNLIKELY(aio->queued)) {
        int ret = submit(b, ctx, 0, 0);
        if (ret < 0)
            return ret;
    }
    min = min < aio->taken ? min : aio->taken;
    uint32_t got = aio->ring ? reap_ring(aio, ctx, max) : 0;
    if (aio->ring && got >= min)
        return (int)got;
    return get_events(aio, ctx, got, min, max, &limit);
}

static int laio_probe(uint64_t features, const struct ub_setup *setup, const char **stage)
{
    aio_context_t context = 0;
    (void)features;
    *stage = "io_setup";
    long ret = UB_SYSCALL(SYS_io_setup, setup->depth, &context, 0, 0, 0, 0);
    if (ret < 0)
        return (int)ret;
    /* Calls that do nothing: a filter may refuse them alone. */
    *stage = "io_submit";
    ret = UB_SYSCALL(SYS_io_submit, context, 0, 0, 0, 0, 0);
    if (ret == 0) {
        *stage = "io_getevents";
        ret = UB_SYSCALL(SYS_io_getevents, context, 0, 0, 0, 0, 0);
        if (ret == -EINTR)
            ret = 0; /* a signal came: it is not refused */
    }
    UB_SYSCALL(SYS_io_destroy, context, 0, 0, 0, 0, 0);
    return (int)ret;
}

static int open_eventfd(struct laio *aio, const char **stage)
{
    struct epoll_event event = {.events = EPOLLIN};
    *stage = "eventfd";
    aio->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    aio->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (aio->event_fd < 0 || aio->epoll_fd < 0 ||
        epoll_ctl(aio->epoll_fd, EPOLL_CTL_ADD, aio->event_fd, &event) < 0)
        return -errno;
    return 0;
}

/* The context's id is the address of its ring. A layout that we do not know is refused, not guessed. */
static int find_ring(struct laio *aio, const char **stage)
{
    assert(aio->context);
    struct ub_aio_ring *ring = (struct ub_aio_ring *)aio->context; // NOLINT(performance-no-int-to-ptr)
    *stage = "map completion ring";
    if (ring->magic != UB_AIO_RING_MAGIC || ring->incompat_features || ring->header_length != sizeof *ring)
        return -EOPNOTSUPP;
    aio->ring = ring;
    return 0;
}

static int laio_open(struct ub_ctx *ctx, const char **stage)
{
    struct laio *aio = calloc(1, sizeof *aio);
    ctx->private = aio;
    *stage = "allocate";
    if (!aio)
        return -ENOMEM;
    aio->event_fd = aio->epoll_fd = -1;
    aio->iocbs = calloc(ctx->depth, sizeof *aio->iocbs);
    aio->queue = calloc(ctx->depth, sizeof(struct iocb *));
    aio->events = calloc(ctx->depth, sizeof *aio->events);
    if (!aio->iocbs || !aio->queue || !aio->events)
        return -ENOMEM;
    aio->rw_flags = (ctx->job->features & UB_FEATURE_NOWAIT ? (int32_t)UB_RWF_NOWAIT : 0) |
                    (ctx->job->features & UB_FEATURE_DSYNC ? (int32_t)UB_RWF_DSYNC : 0);
    *stage = "io_setup";
    int ret = (int)UB_SYSCALL(SYS_io_setup, ctx->depth, &aio->context, 0, 0, 0, 0);
    if (ret == 0 && ctx->job->features & UB_FEATURE_EVENTFD)
        ret = open_eventfd(aio, stage);
    if (ret == 0 && ctx->job->features & UB_FEATURE_USER_REAP)
        ret = find_ring(aio, stage);
    for (uint32_t i = 0; i < ctx->depth; i++) {
        aio->iocbs[i].aio_data = i;
        if (aio->event_fd >= 0) {
            aio->iocbs[i].aio_flags = IOCB_FLAG_RESFD;
            aio->iocbs[i].aio_resfd = (uint32_t)aio->event_fd;
        }
    }
    return ret;
}

static int laio_run(struct ub_ctx *ctx, const char **stage)
{
    struct laio aio = *(struct laio *)ctx->private;
    return ub_loop(ctx, &aio, ub_data_next, prep, submit, reap, 1, stage);
}

static int laio_run_rated(struct ub_ctx *ctx, const char **stage)
{
    struct laio aio = *(struct laio *)ctx->private;
    return ub_rated_loop(ctx, &aio, ub_data_next, prep, submit, reap_rated, 1, stage);
}

static void laio_close(struct ub_ctx *ctx)
{
    struct laio *aio = ctx->private;
    if (!aio)
        return;
    if (aio->context)
        UB_SYSCALL(SYS_io_destroy, aio->context, 0, 0, 0, 0, 0); /* waits for what is in flight */
    if (aio->event_fd >= 0)
        close(aio->event_fd);
    if (aio->epoll_fd >= 0)
        close(aio->epoll_fd);
    free(aio->iocbs);
    free(aio->queue);
    free(aio->events);
    free(aio);
}

const struct ub_ops ub_ops_linux_aio = {
    .name = "linux-aio",
    .async = 1,
    .has_slat = 1,
    .syscalls_exact = 1,
    .features = {{"userspace_reap", UB_FEATURE_USER_REAP, .excludes = UB_FEATURE_EVENTFD},
                 {"eventfd", UB_FEATURE_EVENTFD},
                 {"nowait", UB_FEATURE_NOWAIT},
                 {"dsync", UB_FEATURE_DSYNC}},
    .op_mask = (1u << UB_OP_READ) | (1u << UB_OP_WRITE) | (1u << UB_OP_SYNC),
    .probe = laio_probe,
    .open = laio_open,
    .run = laio_run,
    .run_rated = laio_run_rated,
    .close = laio_close,
};
