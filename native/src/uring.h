/* The io_uring backend's own state: hot part in backend_io_uring.c, set-up in uring_setup.c, NVMe in
 * uring_nvme.c. */
#ifndef UB_URING_H
#define UB_URING_H

#include "job.h"
#include "ring.h"

/* The kernel takes at most 1 GiB as one registered buffer (io_uring_register(2)). */
#define UB_URING_BUFFER_MAX (UINT64_C(1) << 30)

/* Marks the user_data of the second operation of a pair. */
#define UB_URING_SECOND (UINT64_C(1) << 32)

/*
 * The flags of io_uring_setup that the kernel knows, by trying each: for those before 6.18, which do not say.
 * refused: those of them that this process may not use. base: any ring.
 */
uint64_t ub_uring_try_flags(const struct ub_ring *base, uint64_t *refused);

/* A namespace behind an NVMe generic device. */
struct ub_nvme_ns {
    uint32_t nsid;
    uint32_t lba_shift;
};

struct uring {
    struct ub_ring ring;
    uint32_t opcode[2]; /* by UB_OP_READ, UB_OP_WRITE */
    uint32_t rw_flags;  /* RWF_*, of every read and write */
    uint32_t slots_per_buffer;
    uint8_t sqe_flags;
    uint8_t fixed_buffers, vectored, sqpoll, passthrough;
    /* An sqe's constant fields are not constant: other operations share it, or it is not the slot's own. */
    uint8_t changing;
    uint8_t linked;       /* pairs as linked sqes; else the second is sent when the first has completed */
    uint8_t first_flags;  /* of a pair's first sqe */
    uint32_t pair;        /* UB_PAIR_* */
    int32_t *first_res;   /* by slot: result of a pair's first operation */
    struct iovec *iovecs; /* by slot; vectored only */
    struct ub_nvme_ns *namespaces; /* by file; pass-through only */
};

/* The fields of slot's sqe that stay as they are; sqe is zeroed. */
void ub_uring_init_sqe(const struct uring *u, const struct ub_ctx *ctx, uint32_t slot,
                       struct io_uring_sqe *sqe);

int ub_uring_probe(uint64_t features, const struct ub_setup *setup, const char **stage);
int ub_uring_open(struct ub_ctx *ctx, const char **stage);
void ub_uring_release(struct uring *u);

/* uring_nvme.c: what is behind /dev/ngXnY; one read or write command in a 128-byte sqe. */
int ub_nvme_identify(int fd, struct ub_nvme_ns *ns);
void ub_nvme_prep(const struct ub_nvme_ns *ns, struct io_uring_sqe *sqe, int write, uint64_t offset,
                  uint32_t len, const void *buffer);

#endif
