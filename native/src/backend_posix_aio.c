/*
 * posix-aio: glibc's aio_read, aio_write and aio_suspend, that is, its thread pool, which all jobs of a
 * process share. glibc serves the requests of one descriptor one after another.
 */
#define _GNU_SOURCE
#include <aio.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include "data.h"
#include "rated.h"

struct paio {
    struct aiocb *cbs;            /* by slot */
    const struct aiocb **pending; /* in flight, oldest first */
    uint32_t npending;
    uint32_t first; /* of those prepared since the last submit */
};

UB_ALWAYS_INLINE void prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    struct paio *aio = b;
    const struct ub_slot *s = &ctx->slots[slot];
    struct aiocb *cb = &aio->cbs[slot];
    cb->aio_fildes = ctx->fds[s->data.file];
    cb->aio_offset = (off_t)s->data.offset;
    cb->aio_nbytes = s->len;
    cb->aio_buf = ub_buffer(ctx, slot);
    cb->aio_sigevent.sigev_notify = SIGEV_NONE;
    aio->pending[aio->npending++] = cb;
}

UB_ALWAYS_INLINE int start(struct ub_ctx *ctx, struct aiocb *cb, const struct ub_slot *slot)
{
    if (slot->op == UB_OP_READ)
        return aio_read(cb);
    if (slot->op == UB_OP_WRITE)
        return aio_write(cb);
    ctx->result->syscalls[slot->data.datasync ? UB_SYS_FDATASYNC : UB_SYS_FSYNC]++; /* the pool makes it */
    return aio_fsync(slot->data.datasync ? O_DSYNC : O_SYNC, cb);
}

/* Each aio_read is one request to the pool; there is nothing to batch. */
UB_ALWAYS_INLINE int submit(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    struct paio *aio = b;
    (void)wait;
    for (uint32_t i = aio->npending - n; i < aio->npending; i++) {
        uint32_t slot = (uint32_t)(aio->pending[i] - aio->cbs);
        if (UB_UNLIKELY(start(ctx, &aio->cbs[slot], &ctx->slots[slot]) < 0)) {
            int error = errno;
            ctx->withdrawn = aio->npending - i; /* never started */
            aio->npending = i;
            return -error;
        }
    }
    return 0;
}

/* Takes what is complete out of pending, which stays in order; got are in ctx->done already. */
static uint32_t collect(struct paio *aio, struct ub_ctx *ctx, uint32_t got, uint32_t max)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < aio->npending; i++) {
        struct aiocb *cb = &aio->cbs[aio->pending[i] - aio->cbs];
        int error = got < max ? aio_error(cb) : EINPROGRESS;
        if (error == EINPROGRESS) {
            aio->pending[kept++] = cb;
            continue;
        }
        ssize_t res = aio_return(cb);
        ctx->done[got++] =
            (struct ub_done){.slot = (uint32_t)(cb - aio->cbs), .res = error ? -error : (int32_t)res};
    }
    aio->npending = kept;
    return got;
}

UB_ALWAYS_INLINE int reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    struct paio *aio = b;
    const struct timespec limit = {.tv_sec = 0, .tv_nsec = UB_WAIT_NS};
    uint32_t got = collect(aio, ctx, 0, max);
    while (got < min) {
        if (aio_suspend(aio->pending, (int)aio->npending, &limit) < 0)
            return errno == EAGAIN || (errno == EINTR && ub_loop_patience(ctx, -EINTR) == 0)
                       ? (int)got /* too long: the loop looks around */
                       : -errno;
        got = collect(aio, ctx, got, max);
    }
    return (int)got;
}

/* An open loop: no longer than ns. */
static int reap_rated(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max, uint64_t ns)
{
    struct paio *aio = b;
    const struct timespec limit = {.tv_sec = 0, .tv_nsec = (long)ns};
    uint32_t got = collect(aio, ctx, 0, max);
    if (got >= min)
        return (int)got;
    if (aio_suspend(aio->pending, (int)aio->npending, &limit) < 0 && errno != EAGAIN &&
        (errno != EINTR || ub_loop_patience(ctx, -EINTR) < 0))
        return got > 0 ? (int)got : -errno;
    return (int)collect(aio, ctx, got, max);
}

static int paio_probe(uint64_t features, const struct ub_setup *setup, const char **stage)
{
    (void)features, (void)setup, (void)stage;
    return 0; /* a part of the C library */
}

#ifdef __GLIBC__
/* glibc takes the size of its pool once a process, before the pool's first use. */
static int size_pool(const struct ub_job *job, uint32_t njobs)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static uint32_t threads;
    int ret = 0;
    pthread_mutex_lock(&lock);
    if (threads == 0) {
        uint64_t requests = (uint64_t)job->iodepth * njobs;
        struct aioinit init = {.aio_threads = (int)job->aio_threads,
                               .aio_num = (int)(requests > 64 ? requests : 64),
                               .aio_idle_time = 1};
        aio_init(&init);
        threads = job->aio_threads;
    } else if (threads != job->aio_threads) {
        ret = -EBUSY;
    }
    pthread_mutex_unlock(&lock);
    return ret;
}
#else
/* musl has no pool: a thread for each request (its src/aio/aio.c). */
static int size_pool(const struct ub_job *job, uint32_t njobs)
{
    (void)job, (void)njobs;
    return 0;
}
#endif

static int paio_open(struct ub_ctx *ctx, const char **stage)
{
    struct paio *aio = calloc(1, sizeof *aio);
    ctx->private = aio;
    *stage = "allocate";
    if (!aio)
        return -ENOMEM;
    aio->cbs = calloc(ctx->depth, sizeof *aio->cbs);
    aio->pending = calloc(ctx->depth, sizeof(struct aiocb *));
    if (!aio->cbs || !aio->pending)
        return -ENOMEM;
    *stage = "aio_init";
    return size_pool(ctx->job, ctx->arena->njobs);
}

/* The pool makes one of these for each request; its futex calls are not seen from here. */
UB_ALWAYS_INLINE void count_calls(struct ub_ctx *ctx)
{
    for (uint32_t op = UB_OP_READ; op <= UB_OP_WRITE; op++)
        ctx->result->syscalls[op == UB_OP_READ ? UB_SYS_PREAD : UB_SYS_PWRITE] = ctx->result->ops[op].ios;
}

static int paio_run(struct ub_ctx *ctx, const char **stage)
{
    struct paio *aio = ctx->private;
    int ret = ub_loop(ctx, aio, ub_data_next, prep, submit, reap, 1, stage);
    count_calls(ctx);
    return ret;
}

static int paio_run_rated(struct ub_ctx *ctx, const char **stage)
{
    int ret = ub_rated_loop(ctx, ctx->private, ub_data_next, prep, submit, reap_rated, 1, stage);
    count_calls(ctx);
    return ret;
}

/* After a failure requests may still be running: their memory must outlive them. */
static void paio_close(struct ub_ctx *ctx)
{
    struct paio *aio = ctx->private;
    if (!aio || ctx->result->lost)
        return; /* the pool may still use what it was given */
    for (uint32_t i = 0; aio->pending && i < aio->npending; i++) {
        const struct aiocb *one[1] = {aio->pending[i]};
        while (aio_error(one[0]) == EINPROGRESS)
            aio_suspend(one, 1, NULL);
    }
    free(aio->cbs);
    free(aio->pending);
    free(aio);
}

const struct ub_ops ub_ops_posix_aio = {
    .name = "posix-aio",
    .async = 1,
    .has_slat = 1,
    /* glibc's aio_suspend keeps a wait list and a request list entry of each request on the stack (48 bytes).
     */
    .stack_per_io = 64,
    .op_mask = (1u << UB_OP_READ) | (1u << UB_OP_WRITE) | (1u << UB_OP_SYNC),
    .probe = paio_probe,
    .open = paio_open,
    .run = paio_run,
    .run_rated = paio_run_rated,
    .close = paio_close,
};
