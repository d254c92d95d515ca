#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/fs.h>
#include "job.h"
#include "kernel.h"
#include "ub_api.h"

static int open_flags(const struct ub_job *job, const struct ub_file *file)
{
    if (file->kind == 3)
        return O_CLOEXEC | O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    int reads = (job->op_mask & (1u << UB_OP_READ)) != 0;
    int writes = (job->op_mask & ~(1u << UB_OP_READ)) != 0;
    if (job->pair == UB_PAIR_READ_WRITE ||
        job->backend == UB_BACKEND_MMAP) /* a mapping is always read, too */
        reads = 1;
    int flags = O_CLOEXEC | (writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY);
    if (job->flags & UB_FLAG_DIRECT && file->kind != 2) /* a character device has no page cache to go past */
        flags |= O_DIRECT;
    if (job->flags & UB_FLAG_O_SYNC)
        flags |= O_SYNC;
    if (job->flags & UB_FLAG_O_DSYNC)
        flags |= O_DSYNC;
    if (job->flags & UB_FLAG_NOATIME)
        flags |= O_NOATIME;
    return flags;
}

#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, uint64_t) /* Linux 5.15 */
#endif

static int is_known(const struct stat *st, const struct ub_file *file)
{
    switch (file->kind) {
    case 0:
        return S_ISREG(st->st_mode) && st->st_dev == file->dev && st->st_ino == file->inode;
    case 1:
        return S_ISBLK(st->st_mode) && st->st_rdev == file->rdev;
    case 3:
        return S_ISDIR(st->st_mode) && st->st_dev == file->dev && st->st_ino == file->inode;
    default:
        return S_ISCHR(st->st_mode) && st->st_rdev == file->rdev;
    }
}

/* Whether a descriptor is of what was checked; a device of the same number may have another medium by now. */
static int check_known(int fd, const struct ub_file *file)
{
    struct stat st;
    uint64_t diskseq;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!is_known(&st, file))
        return -ESTALE;
    if (file->kind == 1 && file->diskseq && ioctl(fd, BLKGETDISKSEQ, &diskseq) == 0 &&
        diskseq != file->diskseq)
        return -ESTALE;
    return 0;
}

/*
 * Opens a file if it is still what was checked. The first look keeps an open from waiting for a FIFO's other
 * end or from moving a tape; the one at the descriptor is the one that counts.
 */
static int open_known(const char *path, int flags, const struct ub_file *file, const char **stage)
{
    struct stat st;
    *stage = "open";
    if (file->known && stat(path, &st) == 0 && !is_known(&st, file)) {
        *stage = "check identity";
        return -ESTALE;
    }
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int ret = file->known ? check_known(fd, file) : 0;
    if (ret < 0) {
        *stage = "check identity";
        close(fd);
        return ret;
    }
    return fd;
}

/* Fills the page cache with the region that is used, through a descriptor without O_DIRECT. */
static int pre_read(const char *path, const struct ub_file *file, const char **stage)
{
    const uint64_t chunk = 1u << 20;
    int fd = open_known(path, O_RDONLY, file, stage), ret = fd < 0 ? fd : 0;
    if (fd < 0)
        return ret;
    *stage = "pre-read";
    unsigned char *buffer = malloc(chunk);
    if (!buffer)
        ret = -ENOMEM;
    for (uint64_t at = 0; ret == 0 && at < file->size;) {
        uint64_t left = file->size - at;
        ssize_t n = pread(fd, buffer, left < chunk ? left : chunk, (off_t)(file->offset + at));
        if (n < 0 && errno != EINTR)
            ret = -errno;
        if (n == 0)
            break;
        at += n > 0 ? (uint64_t)n : 0;
    }
    close(fd);
    free(buffer);
    return ret;
}

/* fio's invalidate: the cached pages of a file, or a block device's whole cache (needs CAP_SYS_ADMIN). */
static int invalidate(int fd, const struct ub_file *file)
{
    if (file->kind == 1)
        return ioctl(fd, BLKFLSBUF) < 0 && errno != EACCES && errno != EPERM ? -errno : 0;
    if (file->kind == 0)
        return -posix_fadvise(fd, (off_t)file->offset, (off_t)file->size, POSIX_FADV_DONTNEED);
    return 0;
}

static int open_one(struct ub_ctx *ctx, uint32_t i, const char **stage)
{
    const struct ub_job *job = ctx->job;
    const struct ub_file *file = &ctx->files[i];
    const char *path = (const char *)ctx->arena + file->path;
    int fd = open_known(path, open_flags(job, file), file, stage);
    if (fd < 0)
        return fd;
    ctx->fds[i] = fd;
    if (file->kind == 3)
        return 0;
    int ret = 0;
    if (job->flags & UB_FLAG_PRE_READ) {
        ret = pre_read(path, file, stage);
    } else if (job->flags & UB_FLAG_INVALIDATE) {
        *stage = "invalidate";
        ret = invalidate(fd, file);
    }
    /* How far the kernel reads ahead. Only a hint: where it is refused nothing is lost but speed. */
    if (ret == 0 && job->fadvise)
        posix_fadvise(fd, (off_t)file->offset, (off_t)file->size,
                      job->fadvise == UB_FADVISE_RANDOM ? POSIX_FADV_RANDOM : POSIX_FADV_SEQUENTIAL);
    return ret;
}

int ub_files_open(struct ub_ctx *ctx, const char **stage, uint32_t *file)
{
    for (uint32_t i = 0; i < ctx->nfiles; i++) {
        *file = i;
        int ret = open_one(ctx, i, stage);
        if (ret < 0)
            return ret;
    }
    *file = UINT32_MAX;
    return 0;
}

int ub_files_sync(struct ub_ctx *ctx, uint32_t *file)
{
    for (uint32_t i = 0; i < ctx->nfiles; i++) {
        *file = i;
        if (fsync(ctx->fds[i]) < 0)
            return -errno;
    }
    return 0;
}

int ub_files_invalidate(struct ub_ctx *ctx, uint32_t *file)
{
    for (uint32_t i = 0; i < ctx->nfiles; i++) {
        *file = i;
        int ret = invalidate(ctx->fds[i], &ctx->files[i]);
        if (ret < 0)
            return ret;
    }
    *file = UINT32_MAX;
    return 0;
}

void ub_files_close(struct ub_ctx *ctx)
{
    for (uint32_t i = 0; i < ctx->nfiles; i++)
        if (ctx->fds[i] >= 0)
            close(ctx->fds[i]);
}

int ub_trim(int fd, uint64_t offset, uint64_t len)
{
    uint64_t range[2] = {offset, len};
    return ioctl(fd, BLKDISCARD, range) < 0 ? -errno : 0;
}

/*
 * APPEND with NOAPPEND is a contradiction, but the kernel says so (EINVAL) only when it knows every flag
 * beside them (else EOPNOTSUPP), and before it asks what the file can do (linux/fs.h, kiocb_set_rw_flags).
 */
int ub_rw_flags_known(uint32_t flags)
{
    unsigned char byte;
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    int fd = (int)UB_SYSCALL(SYS_memfd_create, "uring-bench", MFD_CLOEXEC, 0, 0, 0, 0);
    if (fd < 0)
        return fd;
    long ret = UB_SYSCALL(SYS_preadv2, fd, &iov, 1, 0, 0, flags | UB_RWF_APPEND | UB_RWF_NOAPPEND);
    close(fd);
    return ret == -EINVAL ? 0 : (int)ret;
}

int ub_drop_cache(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int ret = -posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
    return ret;
}

static int make_room(int fd, off_t bytes, uint32_t how)
{
    if (ftruncate(fd, 0) < 0)
        return -errno;
    switch (how) {
    case UB_ROOM_NATIVE:
    case UB_ROOM_KEEP:
        if (fallocate(fd, how == UB_ROOM_KEEP ? FALLOC_FL_KEEP_SIZE : 0, 0, bytes) == 0)
            return 0;
        return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -errno; /* as fio: then none */
    case UB_ROOM_POSIX:
        return -posix_fallocate(fd, 0, bytes);
    case UB_ROOM_TRUNCATE:
        return ftruncate(fd, bytes) < 0 ? -errno : 0;
    default:
        return 0;
    }
}

int ub_make_room(const char *path, uint64_t bytes, uint32_t how)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int ret = make_room(fd, (off_t)bytes, how);
    if (ret == 0 && fsync(fd) < 0)
        ret = -errno;
    close(fd);
    return ret;
}

int ub_dio_align(const char *path, uint32_t *memory, uint32_t *offset)
{
    struct ub_statx stx;
    memset(&stx, 0, sizeof stx);
    *memory = *offset = 0;
    long ret = UB_SYSCALL(SYS_statx, AT_FDCWD, path, 0, UB_STATX_DIOALIGN, &stx, 0);
    if (ret < 0)
        return (int)ret;
    if (stx.mask & UB_STATX_DIOALIGN) {
        *memory = stx.dio_mem_align;
        *offset = stx.dio_offset_align;
    }
    return 0;
}

int64_t ub_seek(const char *path, int64_t from, int data)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int64_t at = lseek(fd, from, data ? SEEK_DATA : SEEK_HOLE);
    if (at < 0 && errno == ENXIO) /* nothing of the kind any more */
        at = lseek(fd, 0, SEEK_END);
    int64_t ret = at < 0 ? -errno : at;
    close(fd);
    return ret;
}

int ub_lock(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}
