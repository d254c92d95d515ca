/*
 * What the kernel offers here, for those who ask before a run: io_uring's features, flags and operations,
 * what a file takes. Nothing is kept, and nothing is read or written.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "uring.h"
#include "ub_api.h"

enum { FEATURES, SETUP_FLAGS, REFUSED_FLAGS, QUERIED, OPERATIONS };

/* Places for the flags of io_uring_setup: there were 21 in Linux 7.0. */
#define SETUP_BITS 24u

/* What a flag is tried together with, since it means nothing alone (io_uring_setup(2)). */
static uint32_t flag_needs(uint32_t flag)
{
    switch (flag) {
    case IORING_SETUP_SQ_AFF:
        return IORING_SETUP_SQPOLL;
    case UB_SETUP_TASKRUN_FLAG:
        return UB_SETUP_COOP_TASKRUN;
    case UB_SETUP_DEFER_TASKRUN:
        return UB_SETUP_SINGLE_ISSUER;
    case UB_SETUP_FD_ONLY:
        return UB_SETUP_NO_MMAP;
    case UB_SETUP_HYBRID_IOPOLL:
        return IORING_SETUP_IOPOLL;
    default:
        return 0;
    }
}

/* A ring that is known by its index alone has no descriptor that could be closed. */
static void close_unnamed(struct ub_ring *ring)
{
    struct ub_rsrc_update update = {.offset = (uint32_t)ring->fd};
    UB_SYSCALL(SYS_io_uring_register, ring->fd, UB_UNREGISTER_RING_FDS | UB_REGISTER_BY_INDEX, &update, 1, 0,
               0);
    ring->fd = -1;
}

/* Whether a ring can be had with a flag -> 0 or -errno; -EINVAL: the kernel does not know it. */
static int try_flag(const struct ub_ring *base, uint32_t flag)
{
    const char *stage;
    struct ub_ring ring;
    struct io_uring_params params;
    memset(&params, 0, sizeof params);
    params.flags = flag | flag_needs(flag);
    params.cq_entries = flag == UB_SETUP_CQSIZE ? 4 : 0;
    params.wq_fd = flag == UB_SETUP_ATTACH_WQ ? (uint32_t)base->fd : 0;
    int ret = ub_ring_open(&ring, 1, &params, &stage);
    if (ret == 0 && flag == UB_SETUP_FD_ONLY)
        close_unnamed(&ring);
    ub_ring_close(&ring);
    return ret;
}

uint64_t ub_uring_try_flags(const struct ub_ring *base, uint64_t *refused)
{
    uint64_t known = 0;
    *refused = 0;
    for (uint32_t bit = 0; bit < SETUP_BITS; bit++) {
        int ret = try_flag(base, 1u << bit);
        if (ret != -EINVAL)
            known |= UINT64_C(1) << bit;
        if (ret == -EPERM || ret == -EACCES)
            *refused |= UINT64_C(1) << bit;
    }
    return known;
}

static int look_at_ops(const struct ub_ring *ring, unsigned char ops[UB_LOOK_OPS])
{
    char memory[sizeof(struct io_uring_probe) + UB_LOOK_OPS * sizeof(struct io_uring_probe_op)];
    memset(memory, 0, sizeof memory);
    struct io_uring_probe *probe = (struct io_uring_probe *)(void *)memory;
    int ret = ub_ring_register(ring, IORING_REGISTER_PROBE, probe, UB_LOOK_OPS); /* 5.6 */
    for (uint32_t op = 0; ret == 0 && op < probe->ops_len; op++)
        ops[op] = (probe->ops[op].flags & IO_URING_OP_SUPPORTED) != 0;
    return ret;
}

int ub_uring_look(uint64_t facts[UB_LOOK_FACTS], unsigned char ops[UB_LOOK_OPS], char stage[UB_STAGE_BYTES])
{
    const char *where;
    struct ub_ring ring;
    struct io_uring_params params;
    struct ub_query_opcodes known;
    memset(facts, 0, UB_LOOK_FACTS * sizeof *facts);
    memset(ops, 0, UB_LOOK_OPS);
    memset(&params, 0, sizeof params);
    int ret = ub_ring_open(&ring, 1, &params, &where);
    if (ret == 0) {
        facts[FEATURES] = ring.features;
        if (ub_uring_query(&known) == 0) {
            facts[SETUP_FLAGS] = known.setup_flags;
            facts[QUERIED] = 1;
            facts[OPERATIONS] = known.request_opcodes;
        } else {
            facts[SETUP_FLAGS] = ub_uring_try_flags(&ring, &facts[REFUSED_FLAGS]);
        }
        where = "IORING_REGISTER_PROBE";
        ret = look_at_ops(&ring, ops);
    }
    ub_ring_close(&ring);
    size_t n = strnlen(where, UB_STAGE_BYTES - 1);
    memcpy(stage, where, n);
    stage[n] = 0;
    return ret;
}

int ub_file_limits(const char *path, uint32_t limits[UB_FILE_LIMITS])
{
    struct ub_statx stx;
    memset(&stx, 0, sizeof stx);
    memset(limits, 0, UB_FILE_LIMITS * sizeof *limits);
    uint32_t wanted = UB_STATX_DIOALIGN | UB_STATX_DIO_READ_ALIGN | UB_STATX_WRITE_ATOMIC;
    long ret = UB_SYSCALL(SYS_statx, AT_FDCWD, path, 0, wanted, &stx, 0);
    if (ret < 0)
        return (int)ret;
    if (stx.mask & UB_STATX_DIOALIGN) {
        limits[0] = stx.dio_mem_align;
        limits[1] = stx.dio_offset_align;
    }
    if (stx.mask & UB_STATX_DIO_READ_ALIGN)
        limits[2] = stx.dio_read_offset_align;
    if (stx.mask & UB_STATX_WRITE_ATOMIC) {
        limits[3] = stx.atomic_write_unit_min;
        limits[4] = stx.atomic_write_unit_max;
        limits[5] = stx.atomic_write_unit_max_opt;
    }
    return 0;
}

/* Flags are checked before the offset is: a read far behind the end touches neither pages nor device. */
int ub_dontcache(const char *path)
{
    unsigned char byte;
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    if (ub_rw_flags_known(UB_RWF_DONTCACHE) < 0)
        return -ENOSYS;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    long ret = UB_SYSCALL(SYS_preadv2, fd, &iov, 1, INT64_MAX - 4096, 0, UB_RWF_DONTCACHE);
    close(fd);
    return ret < 0 ? (int)ret : 0;
}
