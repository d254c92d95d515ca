/*
 * Kernel facts that the installed headers may be too old to know, each with the version that brought it.
 * The structures of io_uring and linux-aio come from linux/io_uring.h (>= 5.15) and linux/aio_abi.h.
 */
#ifndef UB_KERNEL_H
#define UB_KERNEL_H

#include <stdint.h>
#include <sys/ioctl.h>
#include <linux/io_uring.h>
#include <linux/aio_abi.h>

/* statx(2): stx_dio_* 6.1, stx_atomic_write_* 6.11, stx_dio_read_offset_align 6.14, the last member 6.16 */
#define UB_STATX_DIOALIGN       0x00002000u
#define UB_STATX_WRITE_ATOMIC   0x00010000u
#define UB_STATX_DIO_READ_ALIGN 0x00020000u
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
    uint64_t subvol;
    uint32_t atomic_write_unit_min;
    uint32_t atomic_write_unit_max;
    uint32_t atomic_write_segments_max;
    uint32_t dio_read_offset_align;
    uint32_t atomic_write_unit_max_opt;
    uint32_t pad1;
    uint64_t spare[8];
};
_Static_assert(sizeof(struct ub_statx) == 256, "struct statx has 256 bytes");
_Static_assert(__builtin_offsetof(struct ub_statx, dio_mem_align) == 0x98, "offset of stx_dio_mem_align");
_Static_assert(__builtin_offsetof(struct ub_statx, atomic_write_unit_min) == 0xa8,
               "offset of stx_atomic_write_unit_min");

#define UB_OP_URING_CMD       46 /* IORING_OP_URING_CMD, 5.19 */
#define UB_URING_OP_FTRUNCATE 55 /* IORING_OP_FTRUNCATE, 6.9 */
#define UB_OP_READV_FIXED     60 /* IORING_OP_READV_FIXED, 6.15 */
#define UB_OP_WRITEV_FIXED    61 /* IORING_OP_WRITEV_FIXED, 6.15 */
#define UB_SQE_ADDR3          48 /* offset of addr3 in an sqe, 5.19 */

/* io_uring_params.features: a linked request looks its file up when its turn has come; 5.18 */
#define UB_FEAT_LINKED_FILE (1u << 12)

/* io_uring_setup(2) flags */
#define UB_SETUP_CQSIZE        (1u << 3)  /* 5.5 */
#define UB_SETUP_ATTACH_WQ     (1u << 5)  /* 5.6 */
#define UB_SETUP_COOP_TASKRUN  (1u << 8)  /* 5.19 */
#define UB_SETUP_TASKRUN_FLAG  (1u << 9)  /* 5.19 */
#define UB_SETUP_SQE128        (1u << 10) /* 5.19 */
#define UB_SETUP_CQE32         (1u << 11) /* 5.19 */
#define UB_SETUP_SINGLE_ISSUER (1u << 12) /* 6.0 */
#define UB_SETUP_DEFER_TASKRUN (1u << 13) /* 6.1 */
#define UB_SETUP_NO_MMAP       (1u << 14) /* 6.5 */
#define UB_SETUP_FD_ONLY       (1u << 15) /* IORING_SETUP_REGISTERED_FD_ONLY, 6.5 */
#define UB_SETUP_NO_SQARRAY    (1u << 16) /* 6.6 */
#define UB_SETUP_HYBRID_IOPOLL (1u << 17) /* 6.13 */
#define UB_SETUP_CQE_MIXED     (1u << 18) /* 6.18 */
#define UB_SETUP_SQ_REWIND     (1u << 20) /* 7.0 */

/* io_uring_cqe.flags on a ring with IORING_SETUP_CQE_MIXED, 6.18 */
#define UB_CQE_F_SKIP                                                                                        \
    (1u << 5) /* fills the last place before the ring's end, where a large one does not fit */
#define UB_CQE_F_32 (1u << 15) /* a large one: the next place is its second half */

/* io_uring_enter(2), io_uring_register(2) */
#define UB_ENTER_REGISTERED_RING     (1u << 4)  /* 5.18 */
#define UB_ENTER_EXT_ARG             (1u << 3)  /* 5.11 */
#define UB_ENTER_EXT_ARG_REG         (1u << 6)  /* 6.13 */
#define UB_ENTER_NO_IOWAIT           (1u << 7)  /* 6.15 */
#define UB_REGISTER_RING_FDS         20u        /* 5.18 */
#define UB_UNREGISTER_RING_FDS       21u        /* 5.18 */
#define UB_REGISTER_IOWQ_MAX_WORKERS 19u        /* 5.15 */
#define UB_REGISTER_CLONE_BUFFERS    30u        /* 6.12 */
#define UB_REGISTER_MEM_REGION       34u        /* 6.13 */
#define UB_REGISTER_QUERY            35u        /* 6.18 */
#define UB_REGISTER_BY_INDEX         (1u << 31) /* the ring is a registered one, 6.3 */
#define UB_SQE_CQE_SKIP_SUCCESS      (1u << 6)  /* 5.17 */
#define UB_URING_CMD_FIXED           (1u << 0)  /* 6.1 */

/* io_uring_params.features */
#define UB_FEAT_MIN_TIMEOUT (1u << 15) /* 6.12 */
#define UB_FEAT_NO_IOWAIT   (1u << 17) /* 6.15 */

/*
 * What io_uring_enter takes with IORING_ENTER_EXT_ARG: struct io_uring_getevents_arg (5.11; min_wait_usec
 * 6.12), and the struct __kernel_timespec that its ts means.
 */
struct ub_timespec {
    int64_t sec;
    int64_t nsec;
};
struct ub_getevents_arg {
    uint64_t sigmask;
    uint32_t sigmask_bytes;
    uint32_t min_wait_us;
    uint64_t ts;
};
_Static_assert(sizeof(struct ub_getevents_arg) == 24, "struct io_uring_getevents_arg has 24 bytes");

/* With IORING_ENTER_EXT_ARG_REG: struct io_uring_reg_wait in memory that was registered with the ring (6.13).
 */
struct ub_reg_wait {
    struct ub_timespec ts;
    uint32_t min_wait_us;
    uint32_t flags;
    uint64_t sigmask;
    uint32_t sigmask_bytes;
    uint32_t pad[3];
    uint64_t pad2[2];
};
#define UB_REG_WAIT_TS (1u << 0) /* its ts counts */
/* struct io_uring_region_desc, and struct io_uring_mem_region_reg, which leads to one */
struct ub_region {
    uint64_t address;
    uint64_t bytes;
    uint32_t flags;
    uint32_t id;
    uint64_t mmap_offset;
    uint64_t resv[4];
};
struct ub_mem_region {
    uint64_t region;
    uint64_t flags;
    uint64_t resv[2];
};
#define UB_REGION_USER     1u /* IORING_MEM_REGION_TYPE_USER */
#define UB_REGION_WAIT_ARG 1u /* IORING_MEM_REGION_REG_WAIT_ARG: of a ring that is not enabled yet */
_Static_assert(sizeof(struct ub_reg_wait) == 64 && sizeof(struct ub_region) == 64,
               "sizes of a registered wait");

/* struct io_uring_clone_buffers (6.12; the part of the source that is meant: 6.13) */
struct ub_clone_buffers {
    uint32_t src_fd;
    uint32_t flags;
    uint32_t src_off, dst_off, nr; /* 0: all */
    uint32_t pad[3];
};
_Static_assert(sizeof(struct ub_clone_buffers) == 32, "struct io_uring_clone_buffers has 32 bytes");

struct ub_rsrc_update {
    uint32_t offset;
    uint32_t resv;
    uint64_t data;
};

/* linux/io_uring/query.h: a chain of headers, each with its answer; no ring is needed. */
struct ub_query {
    uint64_t next_entry;
    uint64_t query_data;
    uint32_t query_op;
    uint32_t size;
    int32_t result;
    uint32_t resv[3];
};
#define UB_QUERY_OPCODES 0u
struct ub_query_opcodes {
    uint32_t request_opcodes;
    uint32_t register_opcodes;
    uint64_t features;
    uint64_t setup_flags;
    uint64_t enter_flags;
    uint64_t sqe_flags;
    uint32_t query_opcodes;
    uint32_t pad;
};
_Static_assert(sizeof(struct ub_query) == 40 && sizeof(struct ub_query_opcodes) == 48, "sizes of the query");

/* preadv2(2) and rw_flags of an sqe or iocb */
#define UB_RWF_HIPRI     0x01u /* 4.6 */
#define UB_RWF_DSYNC     0x02u /* 4.7 */
#define UB_RWF_NOWAIT    0x08u /* 4.14 */
#define UB_RWF_APPEND    0x10u /* 4.16 */
#define UB_RWF_NOAPPEND  0x20u /* 6.9 */
#define UB_RWF_ATOMIC    0x40u /* 6.11 */
#define UB_RWF_DONTCACHE 0x80u /* 6.14 */

/* NVMe pass-through, linux/nvme_ioctl.h: 5.19 */
struct ub_nvme_uring_cmd {
    uint8_t opcode;
    uint8_t flags;
    uint16_t rsvd1;
    uint32_t nsid;
    uint32_t cdw2;
    uint32_t cdw3;
    uint64_t metadata;
    uint64_t addr;
    uint32_t metadata_len;
    uint32_t data_len;
    uint32_t cdw10;
    uint32_t cdw11;
    uint32_t cdw12;
    uint32_t cdw13;
    uint32_t cdw14;
    uint32_t cdw15;
    uint32_t timeout_ms;
    uint32_t rsvd2;
};
_Static_assert(sizeof(struct ub_nvme_uring_cmd) == 72, "struct nvme_uring_cmd has 72 bytes");
#define UB_NVME_URING_CMD_IO _IOWR('N', 0x80, struct ub_nvme_uring_cmd)
#define UB_NVME_CMD_WRITE    1u
#define UB_NVME_CMD_READ     2u

/* The ring that io_setup maps at the address that is the context's id: fs/aio.c, struct aio_ring. */
struct ub_aio_ring {
    uint32_t id;
    uint32_t nr;
    uint32_t head;
    uint32_t tail;
    uint32_t magic;
    uint32_t compat_features;
    uint32_t incompat_features;
    uint32_t header_length;
    struct io_event events[];
};
#define UB_AIO_RING_MAGIC 0xa10a10a1u

/* io_uring command of block devices: _IO(0x12, 0), 6.12 */
#define UB_BLOCK_URING_CMD_DISCARD ((0x12u << 8) | 0u)

#endif
