/*
 * bare MODE FILE BS DEPTH BATCH SECONDS CPU: the barest loop that does random reads through one interface: no
 * clock, no histogram, no bookkeeping beyond what the interface itself needs. What it reaches is the floor
 * that the system call sets. Prints I/Os per second.
 *
 * MODE: sync, linux-aio, io_uring, io_uring+enhanced, clock (reads of the clock that uring-bench uses)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "../native/src/clock.h"
#include "../native/src/gen.h"
#include "../native/src/ring.h"

#define CHECK_EVERY 1024u /* I/Os between looks at the time */
#define DEPTH_MAX   4096u

struct bare {
    int fd;
    uint64_t blocks;
    uint32_t bs, depth, batch;
    uint64_t rng;
    uint64_t end_ns;
    unsigned char *buffers;
};

static void die(const char *what, long error)
{
    fprintf(stderr, "bare: %s: %s\n", what, strerror((int)(error < 0 ? -error : error)));
    exit(1);
}

static inline uint64_t next_offset(struct bare *b)
{
    return ub_rng_below(&b->rng, b->blocks) * b->bs;
}

static inline int over(const struct bare *b, uint64_t ios)
{
    return ios % CHECK_EVERY == 0 && ub_monotonic_ns() >= b->end_ns;
}

static uint64_t run_sync(struct bare *b)
{
    uint64_t ios = 0;
    while (!over(b, ios)) {
        long ret = UB_SYSCALL(SYS_pread64, b->fd, b->buffers, b->bs, next_offset(b), 0, 0);
        if (ret != (long)b->bs)
            die("pread", ret);
        ios++;
    }
    return ios;
}

/* Keeps depth in flight; batch I/Os are handed over and taken back per call. */
static uint64_t run_linux_aio(struct bare *b)
{
    static struct iocb iocbs[DEPTH_MAX], *queue[DEPTH_MAX];
    static struct io_event events[DEPTH_MAX];
    aio_context_t context = 0;
    long ret = UB_SYSCALL(SYS_io_setup, b->depth, &context, 0, 0, 0, 0);
    if (ret < 0)
        die("io_setup", ret);
    for (uint32_t i = 0; i < b->depth; i++) {
        iocbs[i] = (struct iocb){.aio_data = i, .aio_fildes = (uint32_t)b->fd, .aio_nbytes = b->bs};
        iocbs[i].aio_buf = (uint64_t)(uintptr_t)(b->buffers + (size_t)i * b->bs);
        iocbs[i].aio_lio_opcode = IOCB_CMD_PREAD;
        iocbs[i].aio_offset = (int64_t)next_offset(b);
        queue[0] = &iocbs[i];
        ret = UB_SYSCALL(SYS_io_submit, context, 1, queue, 0, 0, 0);
        if (ret != 1)
            die("io_submit", ret);
    }
    uint64_t ios = 0;
    while (ios < CHECK_EVERY || ub_monotonic_ns() < b->end_ns) {
        for (uint32_t k = 0; k < CHECK_EVERY;) {
            long got = UB_SYSCALL(SYS_io_getevents, context, 1, b->batch, events, 0, 0);
            if (got < 0)
                die("io_getevents", got);
            for (long i = 0; i < got; i++) {
                struct iocb *iocb = &iocbs[events[i].data];
                iocb->aio_offset = (int64_t)next_offset(b);
                queue[i] = iocb;
            }
            ret = UB_SYSCALL(SYS_io_submit, context, got, queue, 0, 0, 0);
            if (ret != got)
                die("io_submit", ret);
            k += (uint32_t)got;
            ios += (uint64_t)got;
        }
    }
    UB_SYSCALL(SYS_io_destroy, context, 0, 0, 0, 0, 0);
    return ios;
}

static void open_ring(struct bare *b, struct ub_ring *ring, int enhanced)
{
    struct io_uring_params params = {0};
    const char *stage = "";
    int ret = ub_ring_open(ring, b->depth, &params, &stage);
    if (ret < 0)
        die(stage, ret);
    struct iovec iov = {.iov_base = b->buffers, .iov_len = (size_t)b->depth * b->bs};
    if (enhanced) {
        ret = ub_ring_register(ring, IORING_REGISTER_BUFFERS, &iov, 1);
        if (ret == 0)
            ret = ub_ring_register(ring, IORING_REGISTER_FILES, &b->fd, 1);
        if (ret < 0)
            die("io_uring_register", ret);
    }
    for (uint32_t i = 0; i < b->depth; i++) {
        struct io_uring_sqe *sqe = ub_ring_sqe(ring, i);
        *sqe = (struct io_uring_sqe){.opcode = enhanced ? IORING_OP_READ_FIXED : IORING_OP_READ,
                                     .flags = enhanced ? IOSQE_FIXED_FILE : 0,
                                     .fd = enhanced ? 0 : b->fd,
                                     .addr = (uint64_t)(uintptr_t)(b->buffers + (size_t)i * b->bs),
                                     .len = b->bs,
                                     .user_data = i};
    }
}

static uint64_t run_uring(struct bare *b, int enhanced)
{
    struct ub_ring ring;
    open_ring(b, &ring, enhanced);
    for (uint32_t i = 0; i < b->depth; i++) {
        ub_ring_sqe(&ring, i)->off = next_offset(b);
        ub_ring_push(&ring, i);
    }
    uint64_t ios = 0;
    uint32_t queued = b->depth;
    while (ios < CHECK_EVERY || ub_monotonic_ns() < b->end_ns) {
        for (uint32_t k = 0; k < CHECK_EVERY;) {
            ub_ring_publish(&ring);
            long ret =
                UB_SYSCALL(SYS_io_uring_enter, ring.fd, queued, b->batch, IORING_ENTER_GETEVENTS, 0, 0);
            if (ret < 0)
                die("io_uring_enter", ret);
            uint32_t head = *ring.cq_khead;
            uint32_t ready = __atomic_load_n(ring.cq_ktail, __ATOMIC_ACQUIRE) - head;
            queued = ready < b->batch ? ready : b->batch;
            for (uint32_t i = 0; i < queued; i++) {
                const struct io_uring_cqe *cqe = ub_ring_cqe(&ring, head + i);
                uint32_t slot = (uint32_t)cqe->user_data;
                if (cqe->res != (int32_t)b->bs)
                    die("read", cqe->res);
                ub_ring_sqe(&ring, slot)->off = next_offset(b);
                ub_ring_push(&ring, slot);
            }
            __atomic_store_n(ring.cq_khead, head + queued, __ATOMIC_RELEASE);
            k += queued;
            ios += queued;
        }
    }
    return ios; /* the process ends now: the kernel waits for what is in flight */
}

static uint64_t run_clock(struct bare *b)
{
    const struct ub_clock *clock = ub_clock_get();
    uint64_t reads = 0, sum = 0;
    while (ub_monotonic_ns() < b->end_ns) {
        for (uint32_t k = 0; k < CHECK_EVERY; k++)
            sum += ub_now(clock);
        reads += CHECK_EVERY;
    }
    __asm__ volatile("" : : "r"(sum));
    return reads;
}

static uint64_t run(struct bare *b, const char *mode)
{
    if (strcmp(mode, "sync") == 0)
        return run_sync(b);
    if (strcmp(mode, "linux-aio") == 0)
        return run_linux_aio(b);
    if (strcmp(mode, "io_uring") == 0)
        return run_uring(b, 0);
    if (strcmp(mode, "io_uring+enhanced") == 0)
        return run_uring(b, 1);
    if (strcmp(mode, "clock") == 0)
        return run_clock(b);
    fprintf(stderr, "bare: unknown mode %s\n", mode);
    exit(2);
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: bare MODE FILE BS DEPTH BATCH SECONDS CPU\n");
        return 2;
    }
    struct bare b = {
        .bs = (uint32_t)atoi(argv[3]), .depth = (uint32_t)atoi(argv[4]), .batch = (uint32_t)atoi(argv[5])};
    struct stat st;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)atoi(argv[7]), &set);
    b.fd = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (b.fd < 0 || fstat(b.fd, &st) < 0 || sched_setaffinity(0, sizeof set, &set) < 0)
        die(argv[2], errno);
    if (b.bs == 0 || b.depth == 0 || b.depth > DEPTH_MAX || b.batch == 0 || b.batch > b.depth)
        die("arguments", EINVAL);
    b.blocks = (uint64_t)st.st_size / b.bs;
    b.rng = 42;
    b.buffers = mmap(NULL, (size_t)b.depth * b.bs, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (b.blocks == 0 || b.buffers == MAP_FAILED)
        die("set-up", ENOMEM);
    uint64_t begin = ub_monotonic_ns();
    b.end_ns = begin + (uint64_t)(atof(argv[6]) * 1e9);
    uint64_t ios = run(&b, argv[1]);
    printf("%.0f\n", (double)ios * 1e9 / (double)(ub_monotonic_ns() - begin));
    return 0;
}
