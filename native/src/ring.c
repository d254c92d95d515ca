#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ring.h"

static void *map(int fd, size_t bytes, off_t offset)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
    return p == MAP_FAILED ? NULL : p;
}

int ub_ring_open(struct ub_ring *ring, uint32_t entries, struct io_uring_params *params, const char **stage)
{
    *ring = (struct ub_ring){.fd = -1};
    *stage = "io_uring_setup";
    long fd = UB_SYSCALL(SYS_io_uring_setup, entries, params, 0, 0, 0, 0);
    if (fd < 0)
        return (int)fd;
    ring->fd = (int)fd;
    ring->features = params->features;
    ring->sq_bytes = params->sq_off.array + params->sq_entries * sizeof(uint32_t);
    ring->cq_bytes = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
    ring->sqe_bytes = params->sq_entries * sizeof(struct io_uring_sqe);
    *stage = "map the rings";
    int single = params->features & IORING_FEAT_SINGLE_MMAP; /* 5.4 */
    if (single && ring->cq_bytes > ring->sq_bytes)
        ring->sq_bytes = ring->cq_bytes;
    ring->sq_map = map(ring->fd, ring->sq_bytes, IORING_OFF_SQ_RING);
    ring->cq_map = single ? ring->sq_map : map(ring->fd, ring->cq_bytes, IORING_OFF_CQ_RING);
    ring->sqes = map(ring->fd, ring->sqe_bytes, IORING_OFF_SQES);
    if (!ring->sq_map || !ring->cq_map || !ring->sqes)
        return -errno;
    char *sq = ring->sq_map, *cq = ring->cq_map;
    ring->sq_khead = (uint32_t *)(sq + params->sq_off.head);
    ring->sq_ktail = (uint32_t *)(sq + params->sq_off.tail);
    ring->sq_array = (uint32_t *)(sq + params->sq_off.array);
    ring->sq_mask = *(uint32_t *)(sq + params->sq_off.ring_mask);
    ring->cq_khead = (uint32_t *)(cq + params->cq_off.head);
    ring->cq_ktail = (uint32_t *)(cq + params->cq_off.tail);
    ring->cq_mask = *(uint32_t *)(cq + params->cq_off.ring_mask);
    ring->cqes = (struct io_uring_cqe *)(cq + params->cq_off.cqes);
    return 0;
}

void ub_ring_close(struct ub_ring *ring)
{
    if (ring->sqes)
        munmap(ring->sqes, ring->sqe_bytes);
    if (ring->cq_map && ring->cq_map != ring->sq_map)
        munmap(ring->cq_map, ring->cq_bytes);
    if (ring->sq_map)
        munmap(ring->sq_map, ring->sq_bytes);
    if (ring->fd >= 0)
        close(ring->fd);
    *ring = (struct ub_ring){.fd = -1};
}

int ub_ring_has_op(const struct ub_ring *ring, uint8_t op)
{
    char memory[sizeof(struct io_uring_probe) + 256 * sizeof(struct io_uring_probe_op)];
    memset(memory, 0, sizeof memory);
    struct io_uring_probe *probe = (struct io_uring_probe *)(void *)memory;
    int ret = ub_ring_register(ring, IORING_REGISTER_PROBE, probe, 256); /* 5.6 */
    if (ret < 0)
        return ret;
    return op < probe->ops_len && probe->ops[op].flags & IO_URING_OP_SUPPORTED ? 0 : -EOPNOTSUPP;
}
