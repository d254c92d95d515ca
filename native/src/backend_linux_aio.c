/* linux-aio: io_submit, later io_getevents. One iocb a slot, filled in once but for what changes. */
#include <stdlib.h>
#include "kernel.h"
#include "loop.h"

struct laio {
    aio_context_t context;
    struct iocb *iocbs;  /* by slot */
    struct iocb **queue; /* prepared, not yet taken by the kernel */
    struct io_event *events;
    uint32_t queued;
    uint32_t taken; /* by the kernel, not reaped */
};

UB_ALWAYS_INLINE void prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    static const uint16_t opcode[UB_OPS] = {IOCB_CMD_PREAD, IOCB_CMD_PWRITE, IOCB_CMD_NOOP, IOCB_CMD_FSYNC};
    struct laio *aio = b;
    const struct ub_slot *s = &ctx->slots[slot];
    struct iocb *iocb = &aio->iocbs[slot];
    iocb->aio_lio_opcode = opcode[s->op];
    iocb->aio_fildes = (uint32_t)ctx->fds[s->file];
    iocb->aio_nbytes = s->len;
    iocb->aio_offset = (int64_t)s->offset;
    iocb->aio_buf = (uint64_t)(uintptr_t)ub_buffer(ctx, slot);
    if (UB_UNLIKELY(s->op == UB_OP_SYNC)) {
        iocb->aio_lio_opcode = s->datasync ? IOCB_CMD_FDSYNC : IOCB_CMD_FSYNC;
        iocb->aio_buf = 0;
    }
    aio->queue[aio->queued++] = iocb;
}

/* The kernel may take only a part; EAGAIN with I/Os in flight means "reap first", and the rest stays queued.
 */
UB_ALWAYS_INLINE int submit(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    struct laio *aio = b;
    (void)n, (void)wait;
    uint32_t sent = 0;
    while (sent < aio->queued) {
        ctx->result->syscalls[UB_SYS_IO_SUBMIT]++;
        long ret = UB_SYSCALL(SYS_io_submit, aio->context, aio->queued - sent, aio->queue + sent, 0, 0, 0);
        if (UB_UNLIKELY(ret < 0)) {
            if (ret == -EINTR)
                continue;
            if (ret != -EAGAIN || aio->taken + sent == 0)
                return (int)ret;
            break;
        }
        sent += (uint32_t)ret;
    }
    aio->taken += sent;
    aio->queued -= sent;
    if (UB_UNLIKELY(aio->queued))
        memmove(aio->queue, aio->queue + sent, aio->queued * sizeof *aio->queue);
    return 0;
}

UB_ALWAYS_INLINE int reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    struct laio *aio = b;
    if (UB_UNLIKELY(aio->queued)) { /* left over: some have completed since */
        int ret = submit(b, ctx, 0, 0);
        if (ret < 0)
            return ret;
    }
    struct timespec limit = {.tv_sec = 0, .tv_nsec = UB_WAIT_NS};
    min = min < aio->taken ? min : aio->taken;
    ctx->result->syscalls[UB_SYS_IO_GETEVENTS]++;
    long got = UB_SYSCALL(SYS_io_getevents, aio->context, min, max, aio->events, &limit, 0);
    if (UB_UNLIKELY(got < 0))
        return got == -EINTR ? 0 : (int)got;
    for (long i = 0; i < got; i++)
        ctx->done[i] =
            (struct ub_done){.slot = (uint32_t)aio->events[i].data, .res = (int32_t)aio->events[i].res};
    aio->taken -= (uint32_t)got;
    return (int)got;
}

static int laio_probe(uint64_t features, const struct ub_setup *setup, const char **stage)
{
    aio_context_t context = 0;
    (void)features;
    *stage = "io_setup";
    long ret = UB_SYSCALL(SYS_io_setup, setup->depth, &context, 0, 0, 0, 0);
    if (ret == 0)
        UB_SYSCALL(SYS_io_destroy, context, 0, 0, 0, 0, 0);
    return (int)ret;
}

static int laio_open(struct ub_ctx *ctx, const char **stage)
{
    struct laio *aio = calloc(1, sizeof *aio);
    ctx->private = aio;
    *stage = "allocate";
    if (!aio)
        return -ENOMEM;
    aio->iocbs = calloc(ctx->depth, sizeof *aio->iocbs);
    aio->queue = calloc(ctx->depth, sizeof(struct iocb *));
    aio->events = calloc(ctx->depth, sizeof *aio->events);
    if (!aio->iocbs || !aio->queue || !aio->events)
        return -ENOMEM;
    for (uint32_t i = 0; i < ctx->depth; i++)
        aio->iocbs[i].aio_data = i;
    *stage = "io_setup";
    return (int)UB_SYSCALL(SYS_io_setup, ctx->depth, &aio->context, 0, 0, 0, 0);
}

static int laio_run(struct ub_ctx *ctx, const char **stage)
{
    struct laio aio = *(struct laio *)ctx->private;
    return ub_loop(ctx, &aio, prep, submit, reap, 1, stage);
}

static void laio_close(struct ub_ctx *ctx)
{
    struct laio *aio = ctx->private;
    if (!aio)
        return;
    if (aio->context)
        UB_SYSCALL(SYS_io_destroy, aio->context, 0, 0, 0, 0, 0); /* waits for what is in flight */
    free(aio->iocbs);
    free(aio->queue);
    free(aio->events);
    free(aio);
}

const struct ub_ops ub_ops_linux_aio = {
    .name = "linux-aio",
    .async = 1,
    .has_slat = 1,
    .op_mask = (1u << UB_OP_READ) | (1u << UB_OP_WRITE) | (1u << UB_OP_SYNC),
    .probe = laio_probe,
    .open = laio_open,
    .run = laio_run,
    .close = laio_close,
};
