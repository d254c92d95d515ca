#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "job.h"
#include "ring.h"

static void *map(int fd, size_t bytes, off_t offset)
{
    int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE : MAP_SHARED | MAP_POPULATE;
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, offset);
    return p == MAP_FAILED ? NULL : p;
}

/* How large the kernel makes the rings for so many entries: needed before set-up with NO_MMAP only. */
static uint32_t round_up_pow2(uint32_t n)
{
    uint32_t p = 1;
    while (p < n)
        p *= 2;
    return p;
}

/* Both regions in one mapping of huge pages. */
static int map_huge(struct ub_ring *ring)
{
    uint64_t bytes = ub_whole_pages(ring->sq_bytes + ring->sqe_bytes, UB_HUGE_PAGE);
    void *p;
    int ret = ub_map_huge(bytes, &p);
    if (ret < 0)
        return ret;
    ring->huge_bytes = bytes;
    ring->sq_map = ring->cq_map = p;
    ring->sqes = (char *)p + ring->sq_bytes;
    return 0;
}

/* NO_MMAP: both regions are ours. The header of the ring needs less than a page; 6.10 and later take any
 * memory, those before it what is in one piece, as a huge page is. */
static int give_memory(struct ub_ring *ring, uint32_t entries, struct io_uring_params *params, int huge)
{
    size_t n = round_up_pow2(entries);
    size_t page = 4096, cqe = (size_t)1 << ring->cqe_shift;
    ring->sqe_bytes = ub_whole_pages(n << ring->sqe_shift, page);
    ring->sq_bytes = ub_whole_pages(2 * n * cqe + n * sizeof(uint32_t) + page, page);
    if (huge) {
        int ret = map_huge(ring);
        if (ret < 0)
            return ret;
    } else {
        ring->sq_map = ring->cq_map = map(-1, ring->sq_bytes, 0);
        ring->sqes = map(-1, ring->sqe_bytes, 0);
    }
    if (!ring->sq_map || !ring->sqes)
        return -ENOMEM;
    /* user_addr, the last 64 bits of both (6.5; before it reserved). */
    const uint64_t rings = (uint64_t)(uintptr_t)ring->sq_map, sqes = (uint64_t)(uintptr_t)ring->sqes;
    memcpy((char *)&params->cq_off + sizeof params->cq_off - 8, &rings, 8);
    memcpy((char *)&params->sq_off + sizeof params->sq_off - 8, &sqes, 8);
    return 0;
}

static int map_rings(struct ub_ring *ring, const struct io_uring_params *params)
{
    ring->sq_bytes = params->sq_off.array + params->sq_entries * sizeof(uint32_t);
    ring->cq_bytes = params->cq_off.cqes + ((size_t)params->cq_entries << ring->cqe_shift);
    ring->sqe_bytes = (size_t)params->sq_entries << ring->sqe_shift;
    int single = (params->features & IORING_FEAT_SINGLE_MMAP) != 0; /* 5.4 */
    if (single && ring->cq_bytes > ring->sq_bytes)
        ring->sq_bytes = ring->cq_bytes;
    ring->sq_map = map(ring->fd, ring->sq_bytes, IORING_OFF_SQ_RING);
    ring->cq_map = single ? ring->sq_map : map(ring->fd, ring->cq_bytes, IORING_OFF_CQ_RING);
    ring->sqes = map(ring->fd, ring->sqe_bytes, IORING_OFF_SQES);
    return ring->sq_map && ring->cq_map && ring->sqes ? 0 : -errno;
}

static void point_into(struct ub_ring *ring, const struct io_uring_params *params)
{
    char *sq = ring->sq_map, *cq = ring->cq_map;
    size_t ring_bytes = ring->cq_map == ring->sq_map ? ring->sq_bytes : ring->cq_bytes;
    ring->sq_khead = (uint32_t *)(void *)(sq + params->sq_off.head);
    ring->sq_ktail = (uint32_t *)(void *)(sq + params->sq_off.tail);
    ring->sq_kflags = (uint32_t *)(void *)(sq + params->sq_off.flags);
    if (ring->flags & UB_SETUP_SQ_REWIND) {
        ring->sq_khead = &ring->rewind[0];
        ring->sq_ktail = &ring->rewind[1];
    }
    if (!(ring->flags & UB_SETUP_NO_SQARRAY))
        ring->sq_array = (uint32_t *)(void *)(sq + params->sq_off.array);
    ring->sq_mask = *(uint32_t *)(void *)(sq + params->sq_off.ring_mask);
    ring->cq_khead = (uint32_t *)(void *)(cq + params->cq_off.head);
    ring->cq_ktail = (uint32_t *)(void *)(cq + params->cq_off.tail);
    ring->cq_mask = *(uint32_t *)(void *)(cq + params->cq_off.ring_mask);
    ring->cqes = cq + params->cq_off.cqes;
    assert(ring->sq_mask + 1 == params->sq_entries && ring->cq_mask + 1 == params->cq_entries);
    /* With NO_MMAP the size of the memory was a guess at the kernel's layout. */
    assert(params->cq_off.cqes + ((size_t)params->cq_entries << ring->cqe_shift) <= ring_bytes);
}

static int open_ring(struct ub_ring *ring, uint32_t entries, struct io_uring_params *params, int huge,
                     const char **stage)
{
    *ring = (struct ub_ring){.fd = -1, .flags = params->flags};
    ring->sqe_shift = params->flags & UB_SETUP_SQE128 ? 7 : 6;
    ring->cqe_shift = params->flags & UB_SETUP_CQE32 ? 5 : 4;
    int ret = 0, own = (params->flags & UB_SETUP_NO_MMAP) != 0;
    *stage = huge ? "map huge pages" : "map the rings";
    if (own && (ret = give_memory(ring, entries, params, huge)) < 0)
        return ret;
    *stage = "io_uring_setup";
    long fd = UB_SYSCALL(SYS_io_uring_setup, entries, params, 0, 0, 0, 0);
    if (fd < 0)
        return (int)fd;
    ring->fd = ring->enter_fd = (int)fd;
    ring->features = params->features;
    *stage = "map the rings";
    if (!own && (ret = map_rings(ring, params)) < 0)
        return ret;
    point_into(ring, params);
    return 0;
}

int ub_ring_open(struct ub_ring *ring, uint32_t entries, struct io_uring_params *params, const char **stage)
{
    return open_ring(ring, entries, params, 0, stage);
}

int ub_ring_open_huge(struct ub_ring *ring, uint32_t entries, struct io_uring_params *params,
                      const char **stage)
{
    return open_ring(ring, entries, params, 1, stage);
}

int ub_ring_enter_for(const struct ub_ring *ring, uint32_t n, uint32_t min, uint32_t flags, uint64_t ns)
{
    const struct ub_timespec ts = {.sec = 0, .nsec = (int64_t)ns};
    const struct ub_getevents_arg arg = {.ts = (uint64_t)(uintptr_t)&ts};
    flags |= ring->enter_flags | UB_ENTER_EXT_ARG | IORING_ENTER_GETEVENTS;
    return (int)UB_SYSCALL(SYS_io_uring_enter, ring->enter_fd, n, min, flags, &arg, sizeof arg);
}

void ub_ring_rewind(struct ub_ring *ring, uint32_t taken)
{
    assert(taken <= ring->sq_tail);
    uint32_t left = ring->sq_tail - taken;
    if (left > 0 && taken > 0)
        memmove(ring->sqes, ub_ring_sqe(ring, taken), (size_t)left << ring->sqe_shift);
    ring->sq_tail = left;
    ub_ring_publish(ring);
}

int ub_ring_register_self(struct ub_ring *ring)
{
    struct ub_rsrc_update update = {.offset = UINT32_MAX, .data = (uint64_t)ring->fd};
    int ret = ub_ring_register(ring, UB_REGISTER_RING_FDS, &update, 1);
    if (ret < 0)
        return ret;
    ring->enter_fd = (int)update.offset;
    ring->enter_flags |= UB_ENTER_REGISTERED_RING;
    return 0;
}

/* After min_wait_us the first completion ends the wait, and without any it goes on for this long. */
#define MORE_NS INT64_C(100000000)

static struct ub_timespec whole_wait(uint64_t min_wait_us)
{
    uint64_t ns = min_wait_us % 1000000 * 1000 + MORE_NS;
    return (struct ub_timespec){.sec = (int64_t)(min_wait_us / 1000000 + ns / 1000000000),
                                .nsec = (int64_t)(ns % 1000000000)};
}

/* In wait_map, until it is registered. */
struct wait_memory {
    struct ub_getevents_arg arg;
    struct ub_timespec ts;
};

int ub_ring_set_min_wait(struct ub_ring *ring, uint64_t min_wait_us, const char **stage)
{
    *stage = "IORING_FEAT_MIN_TIMEOUT";
    if (!(ring->features & UB_FEAT_MIN_TIMEOUT))
        return -EINVAL; /* what would be ignored */
    *stage = "allocate";
    ring->wait_map = map(-1, UB_WAIT_MAP, 0);
    if (!ring->wait_map)
        return -ENOMEM;
    struct wait_memory *memory = ring->wait_map;
    memory->ts = whole_wait(min_wait_us);
    memory->arg = (struct ub_getevents_arg){.min_wait_us = (uint32_t)min_wait_us,
                                            .ts = (uint64_t)(uintptr_t)&memory->ts};
    ring->enter_arg = (uint64_t)(uintptr_t)&memory->arg;
    ring->enter_arg_bytes = sizeof memory->arg;
    ring->enter_flags |= UB_ENTER_EXT_ARG;
    return 0;
}

int ub_ring_register_wait(struct ub_ring *ring, const char **stage)
{
    const struct wait_memory *said = ring->wait_map;
    const struct ub_reg_wait wait = {
        .ts = said->ts, .min_wait_us = said->arg.min_wait_us, .flags = UB_REG_WAIT_TS};
    struct ub_region region = {
        .address = (uint64_t)(uintptr_t)ring->wait_map, .bytes = UB_WAIT_MAP, .flags = UB_REGION_USER};
    const struct ub_mem_region reg = {.region = (uint64_t)(uintptr_t)&region, .flags = UB_REGION_WAIT_ARG};
    memset(ring->wait_map, 0, UB_WAIT_MAP);
    memcpy(ring->wait_map, &wait, sizeof wait);
    ring->enter_arg = 0; /* its offset */
    ring->enter_arg_bytes = sizeof wait;
    ring->enter_flags |= UB_ENTER_EXT_ARG_REG;
    *stage = "register waits";
    int ret = ub_ring_register(ring, UB_REGISTER_MEM_REGION, &reg, 1);
    if (ret < 0)
        return ret;
    *stage = "enable ring";
    return ub_ring_register(ring, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

void ub_ring_close(struct ub_ring *ring)
{
    if (ring->enter_flags & UB_ENTER_REGISTERED_RING) { /* else it would live on with this thread */
        struct ub_rsrc_update update = {.offset = (uint32_t)ring->enter_fd};
        ub_ring_register(ring, UB_UNREGISTER_RING_FDS, &update, 1);
    }
    if (ring->fd >= 0)
        close(ring->fd);
    if (ring->wait_map)
        munmap(ring->wait_map, UB_WAIT_MAP);
    if (ring->sqes && !ring->huge_bytes)
        munmap(ring->sqes, ring->sqe_bytes);
    if (ring->cq_map && ring->cq_map != ring->sq_map)
        munmap(ring->cq_map, ring->cq_bytes);
    if (ring->sq_map)
        munmap(ring->sq_map, ring->huge_bytes ? ring->huge_bytes : ring->sq_bytes);
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
