/* The plain system call that a data operation asks for: what sync makes itself, and threadpool's workers in
 * its place. */
#ifndef UB_CALL_H
#define UB_CALL_H

#include <errno.h>
#include <sys/uio.h>
#include "job.h"
#include "kernel.h"
#include "sys.h"

// clang-format off
/* Features that are no more than flags or another form of such calls; each takes preadv2 and pwritev2. */
#define UB_CALL_FEATURES                \
    {"vectored", UB_FEATURE_VECTORED},  \
    {"hipri", UB_FEATURE_HIPRI},        \
    {"nowait", UB_FEATURE_NOWAIT},      \
    {"uncached", UB_FEATURE_UNCACHED},  \
    {"atomic", UB_FEATURE_ATOMIC},      \
    {"dsync", UB_FEATURE_DSYNC}
// clang-format on
#define UB_CALL_FEATURE_BITS                                                                                 \
    (UB_FEATURE_VECTORED | UB_FEATURE_HIPRI | UB_FEATURE_NOWAIT | UB_FEATURE_UNCACHED | UB_FEATURE_ATOMIC |  \
     UB_FEATURE_DSYNC)

/* RWF_* of these features. */
static inline uint32_t ub_call_rw_flags(uint64_t features)
{
    return (features & UB_FEATURE_HIPRI ? UB_RWF_HIPRI : 0) |
           (features & UB_FEATURE_NOWAIT ? UB_RWF_NOWAIT : 0) |
           (features & UB_FEATURE_UNCACHED ? UB_RWF_DONTCACHE : 0) |
           (features & UB_FEATURE_ATOMIC ? UB_RWF_ATOMIC : 0) |
           (features & UB_FEATURE_DSYNC ? UB_RWF_DSYNC : 0);
}

/* Whether the kernel has the calls that these features take: 0 or -errno with *stage. */
static inline int ub_call_probe(uint64_t features, const char **stage)
{
    *stage = "preadv2";
    if (features & UB_CALL_FEATURE_BITS)
        return UB_SYSCALL(SYS_preadv2, -1, NULL, 0, 0, 0, 0) == -ENOSYS ? -ENOSYS : 0;
    return 0;
}

/* UB_SYS_* of the call that ub_call makes. */
UB_ALWAYS_INLINE uint32_t ub_call_name(uint32_t op, uint32_t datasync, const int vectored)
{
    if (UB_LIKELY(op == UB_OP_READ))
        return vectored ? UB_SYS_PREADV2 : UB_SYS_PREAD;
    if (UB_LIKELY(op == UB_OP_WRITE))
        return vectored ? UB_SYS_PWRITEV2 : UB_SYS_PWRITE;
    if (op == UB_OP_TRIM)
        return UB_SYS_IOCTL;
    return datasync ? UB_SYS_FDATASYNC : UB_SYS_FSYNC;
}

/* data.c: those that move no data. */
UB_COLD int32_t ub_call_other(int fd, uint32_t op, const struct ub_data_io *io, uint32_t len);

/*
 * Makes it -> what it returns: bytes, 0 of a sync, -errno. The sixth argument of the vectored ones carries
 * RWF_ flags; on 64-bit machines the offset is the fourth argument alone.
 */
UB_ALWAYS_INLINE int32_t ub_call(int fd, uint32_t op, const struct ub_data_io *io, unsigned char *buffer,
                                 uint32_t len, const int vectored, uint32_t rw_flags)
{
    if (UB_UNLIKELY(op > UB_OP_WRITE))
        return ub_call_other(fd, op, io, len);
    int read = op == UB_OP_READ;
    if (vectored) {
        struct iovec iov = {.iov_base = buffer, .iov_len = len};
        return (int32_t)UB_SYSCALL(read ? SYS_preadv2 : SYS_pwritev2, fd, &iov, 1, io->offset, 0, rw_flags);
    }
    return (int32_t)UB_SYSCALL(read ? SYS_pread64 : SYS_pwrite64, fd, buffer, len, io->offset, 0, 0);
}

#endif
