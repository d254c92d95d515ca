/*
 * Kernel facts that the installed headers may be too old to know, each with the version that brought it.
 * The structures of io_uring and linux-aio come from linux/io_uring.h (>= 5.15) and linux/aio_abi.h.
 */
#ifndef UB_KERNEL_H
#define UB_KERNEL_H

#include <stdint.h>
#include <linux/io_uring.h>
#include <linux/aio_abi.h>

/* statx(2), stx_dio_*: 6.1 */
#define UB_STATX_DIOALIGN 0x00002000u
struct ub_statx {
    uint32_t mask;
    uint32_t blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, pad0;
    uint64_t ino, size, blocks, attributes_mask;
    uint64_t times[8];
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t mnt_id;
    uint32_t dio_mem_align;
    uint32_t dio_offset_align;
    uint64_t spare[12];
};
_Static_assert(sizeof(struct ub_statx) == 256, "struct statx has 256 bytes");
_Static_assert(__builtin_offsetof(struct ub_statx, dio_mem_align) == 0x98, "offset of stx_dio_mem_align");

#define UB_OP_URING_CMD 46 /* IORING_OP_URING_CMD, 5.19 */
#define UB_SQE_ADDR3    48 /* offset of addr3 in an sqe, 5.19 */

/* io_uring command of block devices: _IO(0x12, 0), 6.12 */
#define UB_BLOCK_URING_CMD_DISCARD ((0x12u << 8) | 0u)

#endif
