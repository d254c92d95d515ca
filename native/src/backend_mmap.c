/*
 * mmap: files are mapped, and an I/O is a copy between the mapping and its buffer, as in fio's engine of that
 * name: what is not in memory is read by the page fault that the copy takes. No system call is made but
 * msync.
 *
 * What cannot be read or made room for is told by SIGBUS at the access (mmap(2)): the handler leaves the copy
 * of the thread whose mapping it was, and that I/O has failed with EIO.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "data.h"
#include "rated.h"
#include "sys.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

/* Of a file that is populated, so much at a time: whoever stops the run is heard in between. */
#define POPULATE_BYTES (UINT64_C(16) << 20)

/* A file's region, whole pages of it. */
struct mapping {
    unsigned char *at;
    size_t len;
    uint64_t offset; /* in the file, of its first byte */
};

struct mmap_io {
    struct ub_done done; /* the one I/O, complete when submit returns */
    uint32_t slot;
    uint32_t nmapped;
    uint32_t has_handler;
    uint32_t had_blocked; /* SIGBUS, as job threads have all signals */
    struct mapping maps[];
};

/* A thread's way out of its copy. */
struct guard {
    sigjmp_buf out;
    const unsigned char *from; /* NULL: it makes none */
    const unsigned char *to;
};

static _Thread_local struct guard own_guard;

/* Signals have one handler a process: it is there as long as any job has mappings. */
static struct {
    pthread_mutex_t lock;
    uint32_t users;
    struct sigaction before;
} handling = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* What a process without a handler of ours would have gone through. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    const struct sigaction *before = &handling.before;
    if (before->sa_flags & SA_SIGINFO)
        before->sa_sigaction(number, info, context);
    else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN)
        before->sa_handler(number);
    else {
        signal(number, SIG_DFL); /* the access is made again, and ends the process, */
        if (info->si_code <= 0)
            raise(number); /* or somebody has sent it */
    }
}

/* SIGBUS of this thread. */
static void set_blocked(int how, sigset_t *before)
{
    sigset_t bus;
    sigemptyset(&bus);
    sigaddset(&bus, SIGBUS);
    pthread_sigmask(how, &bus, before);
}

/* It is left without returning, which would have given the thread its mask back: SIGBUS is let through again,
 * whatever stands between the kernel and this (sanitizers block all signals in handlers). */
static void on_sigbus(int number, siginfo_t *info, void *context)
{
    struct guard *guard = &own_guard;
    const unsigned char *at = info->si_addr;
    if (!guard->from || info->si_code <= 0 || at < guard->from || at >= guard->to) {
        pass_on(number, info, context);
        return;
    }
    guard->from = NULL;
    set_blocked(SIG_UNBLOCK, NULL);
    siglongjmp(guard->out, 1);
}

static int add_handler(void)
{
    struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
    int ret = 0;
    sigemptyset(&action.sa_mask);
    pthread_mutex_lock(&handling.lock);
    if (handling.users == 0 && sigaction(SIGBUS, &action, &handling.before) < 0)
        ret = -errno;
    else
        handling.users++;
    pthread_mutex_unlock(&handling.lock);
    return ret;
}

static void remove_handler(void)
{
    pthread_mutex_lock(&handling.lock);
    assert(handling.users > 0);
    if (--handling.users == 0)
        sigaction(SIGBUS, &handling.before, NULL);
    pthread_mutex_unlock(&handling.lock);
}

/* Blocked, the signal of an access would end the process. */
static void let_through(struct mmap_io *io)
{
    sigset_t before;
    set_blocked(SIG_UNBLOCK, &before);
    io->had_blocked = sigismember(&before, SIGBUS) == 1;
}

/* A function of its own: what it returns to must not have changed since. */
static __attribute__((noinline)) int copy(const struct mapping *map, unsigned char *to,
                                          const unsigned char *from, size_t len)
{
    struct guard *guard = &own_guard;
    if (sigsetjmp(guard->out, 0))
        return -EIO;
    guard->to = map->at + map->len;
    guard->from = map->at;
    ub_compiler_barrier();
    memcpy(to, from, len);
    ub_compiler_barrier();
    guard->from = NULL;
    return 0;
}

UB_ALWAYS_INLINE void prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    (void)ctx;
    ((struct mmap_io *)b)->slot = slot;
}

/* What fsync and fdatasync are to a mapping, in fio as well: all of it, and of its metadata what reading the
 * data needs (vfs_fsync_range with datasync in mm/msync.c). */
static UB_COLD int32_t sync_map(struct ub_ctx *ctx, const struct mapping *map)
{
    ctx->result->syscalls[UB_SYS_MSYNC]++;
    return msync(map->at, map->len, MS_SYNC) < 0 ? -errno : 0;
}

UB_ALWAYS_INLINE int submit(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    (void)n, (void)wait;
    struct mmap_io *io = b;
    const struct ub_slot *slot = &ctx->slots[io->slot];
    const struct mapping *map = &io->maps[slot->data.file];
    int32_t res;
    if (UB_UNLIKELY(slot->op == UB_OP_SYNC)) {
        res = sync_map(ctx, map);
    } else {
        unsigned char *at = map->at + (slot->data.offset - map->offset), *buffer = ub_buffer(ctx, io->slot);
        int read = slot->op == UB_OP_READ;
        res = copy(map, read ? buffer : at, read ? at : buffer, slot->len);
        if (UB_LIKELY(res == 0))
            res = (int32_t)slot->len;
    }
    io->done = (struct ub_done){.slot = io->slot, .res = res};
    return 0;
}

UB_ALWAYS_INLINE int reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    (void)min, (void)max;
    ctx->done[0] = ((struct mmap_io *)b)->done;
    return 1;
}

/* On memory that is not there a call that the kernel knows has another answer than one that it doesn't. */
static int mmap_probe(uint64_t features, const struct ub_setup *setup, const char **stage)
{
    (void)setup;
    *stage = "MADV_POPULATE_READ";
    if (features & UB_FEATURE_POPULATE && madvise(NULL, 0, MADV_POPULATE_READ) < 0)
        return -errno;
    return 0;
}

/*
 * Reads all of it and fills the page tables: MADV_POPULATE_READ tells what goes wrong, which MAP_POPULATE
 * doesn't. Also where it is to be written: the first write to a page then marks it (page_mkwrite), as it does
 * again after each time that the kernel has written it back; POPULATE_WRITE would make all of it dirty.
 */
static int populate(struct ub_ctx *ctx, const struct mapping *map)
{
    for (uint64_t at = 0; at < map->len; at += POPULATE_BYTES) {
        uint64_t left = map->len - at, len = left < POPULATE_BYTES ? left : POPULATE_BYTES;
        if (__atomic_load_n(&ctx->arena->stop, __ATOMIC_RELAXED))
            return 0;
        while (madvise(map->at + at, len, MADV_POPULATE_READ) < 0) {
            int ret = errno == EFAULT ? -EIO : -errno; /* EFAULT: it would be SIGBUS */
            if ((ret != -EAGAIN && ret != -EINTR) || ub_loop_patience(ctx, ret) < 0)
                return ret;
        }
    }
    return 0;
}

/* How far a fault reads beside its page. Only a hint, as with fadvise. */
static void advise(const struct ub_job *job, const struct mapping *map)
{
    if (job->fadvise)
        madvise(map->at, map->len, job->fadvise == UB_FADVISE_RANDOM ? MADV_RANDOM : MADV_SEQUENTIAL);
}

static int map_file(struct ub_ctx *ctx, uint32_t file, struct mapping *map, const char **stage)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    const struct ub_file *known = &ctx->files[file];
    int writes = (ctx->job->op_mask & (1u << UB_OP_WRITE)) != 0;
    uint64_t offset = known->offset & ~(page - 1);
    size_t len = known->offset + known->size - offset;
    *stage = "map the file";
    void *at = mmap(NULL, len, writes ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, ctx->fds[file],
                    (off_t)offset);
    if (at == MAP_FAILED)
        return -errno;
    *map = (struct mapping){.at = at, .len = len, .offset = offset};
    *stage = "MADV_POPULATE_READ";
    int ret = ctx->job->features & UB_FEATURE_POPULATE ? populate(ctx, map) : 0;
    advise(ctx->job, map); /* afterwards: with MADV_RANDOM nothing would be read ahead */
    return ret;
}

static int mmap_open(struct ub_ctx *ctx, const char **stage)
{
    *stage = "allocate";
    struct mmap_io *io = calloc(1, sizeof *io + ctx->nfiles * sizeof *io->maps);
    if (!io)
        return -ENOMEM;
    ctx->private = io;
    let_through(io);
    *stage = "handle SIGBUS";
    int ret = add_handler();
    io->has_handler = ret == 0;
    for (uint32_t i = 0; ret == 0 && i < ctx->nfiles; i++) {
        ret = map_file(ctx, i, &io->maps[i], stage);
        io->nmapped += io->maps[i].at != NULL;
    }
    return ret;
}

UB_ALWAYS_INLINE int reap_rated(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max, uint64_t ns)
{
    (void)ns;
    return reap(b, ctx, min, max);
}

static int mmap_run(struct ub_ctx *ctx, const char **stage)
{
    return ub_loop(ctx, ctx->private, ub_data_next, prep, submit, reap, 0, stage);
}

static int mmap_run_rated(struct ub_ctx *ctx, const char **stage)
{
    return ub_rated_loop(ctx, ctx->private, ub_data_next, prep, submit, reap_rated, 0, stage);
}

/* A page that is mapped is not dropped from the cache. */
static void mmap_let_go(struct ub_ctx *ctx)
{
    const struct mmap_io *io = ctx->private;
    for (uint32_t i = 0; i < io->nmapped; i++)
        madvise(io->maps[i].at, io->maps[i].len, MADV_DONTNEED);
}

static void mmap_close(struct ub_ctx *ctx)
{
    struct mmap_io *io = ctx->private;
    if (!io)
        return;
    for (uint32_t i = 0; i < io->nmapped; i++)
        munmap(io->maps[i].at, io->maps[i].len);
    if (io->has_handler)
        remove_handler();
    if (io->had_blocked)
        set_blocked(SIG_BLOCK, NULL);
    free(io);
    ctx->private = NULL;
}

const struct ub_ops ub_ops_mmap = {
    .name = "mmap",
    .async = 0,
    .syscalls_exact = 1,
    .features = {{"populate", UB_FEATURE_POPULATE}},
    .op_mask = (1u << UB_OP_READ) | (1u << UB_OP_WRITE) | (1u << UB_OP_SYNC),
    .probe = mmap_probe,
    .open = mmap_open,
    .run = mmap_run,
    .run_rated = mmap_run_rated,
    .let_go = mmap_let_go,
    .close = mmap_close,
};
