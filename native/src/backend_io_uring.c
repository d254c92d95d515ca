/*
 * io_uring: one ring a job. Slot, buffer and sqe have the same index; an sqe's constant fields are set once.
 * Submission and the wait for completions are one system call.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include "loop.h"
#include "ring.h"

/* The kernel takes at most 1 GiB as one registered buffer (io_uring_register(2)). */
#define BUFFER_MAX  (UINT64_C(1) << 30)
#define PROBE_RINGS 256u

struct uring {
    struct ub_ring ring;
    uint32_t opcode[2]; /* by UB_OP_READ, UB_OP_WRITE */
    uint32_t slots_per_buffer;
    uint8_t sqe_flags;
    uint8_t fixed_buffers, vectored;
    uint8_t changing;     /* fsync or trim among the operations: an sqe's constant fields are not constant */
    struct iovec *iovecs; /* by slot; vectored only */
};

/* The fields that stay as they are. */
static void init_sqe(struct uring *u, const struct ub_ctx *ctx, uint32_t slot)
{
    struct io_uring_sqe *sqe = &u->ring.sqes[slot];
    memset(sqe, 0, sizeof *sqe);
    sqe->user_data = slot;
    sqe->flags = u->sqe_flags;
    if (u->fixed_buffers)
        sqe->buf_index = (uint16_t)(slot / u->slots_per_buffer);
    if (u->vectored)
        u->iovecs[slot].iov_base = ub_buffer(ctx, slot);
}

UB_COLD static void prep_other(struct io_uring_sqe *sqe, const struct ub_slot *s)
{
    if (s->op == UB_OP_SYNC) {
        sqe->opcode = IORING_OP_FSYNC;
        sqe->fsync_flags = s->datasync ? IORING_FSYNC_DATASYNC : 0;
        sqe->addr = sqe->off = 0;
        sqe->len = 0;
        return;
    }
    sqe->opcode =
        UB_OP_URING_CMD; /* discard: offset in addr, length in addr3, command in the low half of off */
    sqe->off = UB_BLOCK_URING_CMD_DISCARD;
    sqe->addr = s->offset;
    const uint64_t len = s->len;
    memcpy((char *)sqe + UB_SQE_ADDR3, &len, sizeof len);
}

UB_ALWAYS_INLINE void prep_data(struct uring *u, struct ub_ctx *ctx, struct io_uring_sqe *sqe, uint32_t slot)
{
    const struct ub_slot *s = &ctx->slots[slot];
    sqe->opcode = (uint8_t)u->opcode[s->op];
    sqe->off = s->offset;
    if (UB_UNLIKELY(u->vectored)) {
        u->iovecs[slot].iov_len = s->len;
        sqe->addr = (uint64_t)(uintptr_t)&u->iovecs[slot];
        sqe->len = 1;
    } else {
        sqe->addr = (uint64_t)(uintptr_t)ub_buffer(ctx, slot);
        sqe->len = s->len;
    }
}

UB_ALWAYS_INLINE void prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    struct uring *u = b;
    const struct ub_slot *s = &ctx->slots[slot];
    struct io_uring_sqe *sqe = &u->ring.sqes[slot];
    if (UB_UNLIKELY(u->changing))
        init_sqe(u, ctx, slot);
    sqe->fd = u->sqe_flags & IOSQE_FIXED_FILE ? (int)s->file : ctx->fds[s->file];
    if (UB_LIKELY(s->op <= UB_OP_WRITE))
        prep_data(u, ctx, sqe, slot);
    else
        prep_other(sqe, s);
    ub_ring_push(&u->ring, slot);
}

/* -EBUSY: completions overflow, reap first. -EAGAIN: no memory for requests just now; what is unsent stays
 * queued. */
static int transient(int ret)
{
    return ret == -ETIME || ret == -EINTR || ret == -EBUSY || ret == -EAGAIN;
}

UB_ALWAYS_INLINE uint32_t completions(const struct ub_ring *ring)
{
    return __atomic_load_n(ring->cq_ktail, __ATOMIC_ACQUIRE) - *ring->cq_khead;
}

UB_ALWAYS_INLINE int enter(struct uring *u, struct ub_ctx *ctx, uint32_t wait)
{
    ctx->result->syscalls[UB_SYS_IO_URING_ENTER]++;
    int ret = ub_ring_enter(&u->ring, u->ring.sq_tail - __atomic_load_n(u->ring.sq_khead, __ATOMIC_RELAXED),
                            wait, UB_WAIT_NS);
    return UB_UNLIKELY(ret < 0) && !transient(ret) ? ret : 0;
}

UB_ALWAYS_INLINE int submit(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    struct uring *u = b;
    (void)n;
    ub_ring_publish(&u->ring);
    return enter(u, ctx, wait);
}

UB_ALWAYS_INLINE int reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    struct uring *u = b;
    struct ub_ring *ring = &u->ring;
    uint32_t ready = completions(ring);
    if (ready < min) {
        int ret = enter(u, ctx, min);
        if (ret < 0)
            return ret;
        ready = completions(ring);
    }
    uint32_t head = *ring->cq_khead, got = ready < max ? ready : max;
    for (uint32_t i = 0; i < got; i++) {
        const struct io_uring_cqe *cqe = &ring->cqes[(head + i) & ring->cq_mask];
        uint32_t slot = (uint32_t)cqe->user_data;
        int32_t res = cqe->res;
        if (UB_UNLIKELY(ctx->slots[slot].op == UB_OP_TRIM) && res == 0)
            res = (int32_t)ctx->slots[slot].len;
        ctx->done[i] = (struct ub_done){.slot = slot, .res = res};
    }
    __atomic_store_n(ring->cq_khead, head + got, __ATOMIC_RELEASE);
    return (int)got;
}

static void set_params(struct io_uring_params *params, uint64_t features)
{
    memset(params, 0, sizeof *params);
    (void)features;
}

static int register_buffers(struct uring *u, const struct ub_ctx *ctx)
{
    uint64_t stride = ctx->buffer_stride;
    u->slots_per_buffer = (uint32_t)(BUFFER_MAX / stride < ctx->depth ? BUFFER_MAX / stride : ctx->depth);
    uint32_t n = (ctx->depth + u->slots_per_buffer - 1) / u->slots_per_buffer;
    struct iovec *iov = calloc(n, sizeof *iov);
    if (!iov)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t first = i * u->slots_per_buffer;
        uint32_t slots = ctx->depth - first < u->slots_per_buffer ? ctx->depth - first : u->slots_per_buffer;
        iov[i] = (struct iovec){.iov_base = ub_buffer(ctx, first), .iov_len = slots * stride};
    }
    int ret = ub_ring_register(&u->ring, IORING_REGISTER_BUFFERS, iov, n);
    free(iov);
    return ret;
}

static int register_all(struct uring *u, struct ub_ctx *ctx, const char **stage)
{
    uint64_t features = ctx->job->features;
    int ret = 0;
    if (features & UB_FEATURE_FIXEDBUFS) {
        *stage = "register buffers";
        ret = register_buffers(u, ctx);
        if (ret < 0)
            return ret;
        u->fixed_buffers = 1;
    }
    if (features & UB_FEATURE_REGISTERFILES) {
        *stage = "register files";
        ret = ub_ring_register(&u->ring, IORING_REGISTER_FILES, ctx->fds, ctx->nfiles);
        u->sqe_flags |= IOSQE_FIXED_FILE;
    }
    return ret;
}

static int choose_opcodes(struct uring *u, const struct ub_ctx *ctx, const char **stage)
{
    uint64_t features = ctx->job->features;
    if (features & UB_FEATURE_VECTORED) {
        u->vectored = 1;
        u->opcode[0] = IORING_OP_READV;
        u->opcode[1] = IORING_OP_WRITEV;
    } else if (features & UB_FEATURE_FIXEDBUFS) {
        u->opcode[0] = IORING_OP_READ_FIXED;
        u->opcode[1] = IORING_OP_WRITE_FIXED;
    } else {
        u->opcode[0] = IORING_OP_READ;
        u->opcode[1] = IORING_OP_WRITE;
        *stage = "IORING_OP_READ (Linux 5.6)";
        if (ub_ring_has_op(&u->ring, IORING_OP_READ) < 0)
            return -EOPNOTSUPP;
    }
    *stage = "IORING_OP_URING_CMD discard (Linux 6.12)";
    if (ctx->job->op_mask & (1u << UB_OP_TRIM))
        return ub_ring_has_op(&u->ring, UB_OP_URING_CMD);
    return 0;
}

static int probe_buffers(const struct ub_ring *ring, const struct ub_setup *setup)
{
    uint64_t bytes = setup->buffer_bytes < BUFFER_MAX ? setup->buffer_bytes : BUFFER_MAX;
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return -errno;
    struct iovec iov = {.iov_base = p, .iov_len = bytes};
    int ret = ub_ring_register(ring, IORING_REGISTER_BUFFERS, &iov, 1);
    munmap(p, bytes); /* a ring that holds it keeps the pages pinned */
    return ret;
}

static int probe_ring(struct ub_ring *ring, uint64_t features, const struct ub_setup *setup,
                      const char **stage)
{
    struct io_uring_params params;
    set_params(&params, features);
    int ret = ub_ring_open(ring, setup->depth, &params, stage);
    if (ret == 0 && features & UB_FEATURE_FIXEDBUFS) {
        *stage = "register buffers";
        ret = probe_buffers(ring, setup);
    }
    if (ret == 0 && features & UB_FEATURE_REGISTERFILES) {
        const int32_t none = -1; /* a sparse table (5.5) */
        *stage = "register files";
        ret = ub_ring_register(ring, IORING_REGISTER_FILES, &none, 1);
    }
    return ret;
}

/* As many rings at a time as there will be jobs: locked memory is counted over all of them. */
static int uring_probe(uint64_t features, const struct ub_setup *setup, const char **stage)
{
    *stage = "combine features";
    if (features & UB_FEATURE_VECTORED && features & UB_FEATURE_FIXEDBUFS)
        return -EINVAL;
    uint32_t n = setup->jobs < PROBE_RINGS ? setup->jobs : PROBE_RINGS, opened = 0;
    struct ub_ring *rings = calloc(n, sizeof *rings);
    int ret = rings ? 0 : -ENOMEM;
    while (ret == 0 && opened < n)
        ret = probe_ring(&rings[opened++], features, setup, stage);
    while (opened > 0)
        ub_ring_close(&rings[--opened]);
    free(rings);
    return ret;
}

static int uring_open(struct ub_ctx *ctx, const char **stage)
{
    struct uring *u = calloc(1, sizeof *u);
    struct io_uring_params params;
    ctx->private = u;
    *stage = "allocate";
    if (!u)
        return -ENOMEM;
    u->ring.fd = -1;
    set_params(&params, ctx->job->features);
    int ret = ub_ring_open(&u->ring, ctx->depth, &params, stage);
    if (ret < 0)
        return ret;
    ret = choose_opcodes(u, ctx, stage);
    if (ret < 0)
        return ret;
    ret = register_all(u, ctx, stage);
    if (ret < 0)
        return ret;
    *stage = "allocate";
    if (u->vectored && !(u->iovecs = calloc(ctx->depth, sizeof *u->iovecs)))
        return -ENOMEM;
    u->changing = ctx->job->fsync || ctx->job->fdatasync || ctx->job->op_mask & (1u << UB_OP_TRIM);
    for (uint32_t i = 0; i < ctx->depth; i++)
        init_sqe(u, ctx, i);
    return 0;
}

static int uring_run(struct ub_ctx *ctx, const char **stage)
{
    struct uring *u = ctx->private;
    return ub_loop(ctx, u, prep, submit, reap, 0, stage);
}

/* After a failure I/Os may still be in flight: their buffers must outlive them, and closing the ring does not
 * wait. */
static void drain(struct uring *u, struct ub_ctx *ctx)
{
    uint32_t inflight = ctx->depth - ctx->nfree;
    for (int tries = 0; inflight > 0 && tries < 100; tries++) {
        int got = reap(u, ctx, 1, ctx->depth);
        inflight -= got > 0 && (uint32_t)got <= inflight ? (uint32_t)got : 0;
    }
}

static void uring_close(struct ub_ctx *ctx)
{
    struct uring *u = ctx->private;
    if (!u)
        return;
    if (ctx->result->error && u->ring.fd >= 0 && u->ring.cqes)
        drain(u, ctx);
    ub_ring_close(&u->ring);
    free(u->iovecs);
    free(u);
}

const struct ub_ops ub_ops_io_uring = {
    .name = "io_uring",
    .async = 1,
    .features = UB_FEATURE_REGISTERFILES | UB_FEATURE_FIXEDBUFS | UB_FEATURE_VECTORED,
    .op_mask = (1u << UB_OP_READ) | (1u << UB_OP_WRITE) | (1u << UB_OP_TRIM) | (1u << UB_OP_SYNC),
    .probe = uring_probe,
    .open = uring_open,
    .run = uring_run,
    .close = uring_close,
};
