/* The io_uring backend's own state: hot part in backend_io_uring.c, set-up in uring_setup.c, NVMe in
 * uring_nvme.c. */
#ifndef UB_URING_H
#define UB_URING_H

#include "job.h"
#include "ring.h"

/* The kernel takes at most 1 GiB as one registered buffer (io_uring_register(2)). */
#define UB_URING_BUFFER_MAX (UINT64_C(1) << 30)

/* Marks the user_data of the second request of an I/O; of a chain's third twice that, and so on. */
#define UB_URING_SECOND (UINT64_C(1) << 32)

/* Marks that of a pause. */
#define UB_URING_THINKS (UINT64_C(1) << 48)

/* What has been reaped of a linked chain. */
struct uring_chained {
    int32_t res; /* the I/O's: its length, or what the first request that did not succeed returned */
    uint32_t reaped;
};

/*
 * The flags of io_uring_setup that the kernel knows, by trying each: for those before 6.18, which do not say.
 * refused: those of them that this process may not use. base: any ring.
 */
uint64_t ub_uring_try_flags(const struct ub_ring *base, uint64_t *refused);

/* uring_query.c: what the kernel has, in bits and numbers -> 0 or -errno: before 6.18 it does not say. */
int ub_uring_query(struct ub_query_opcodes *answer);
/* uring_ring.c: the flags of io_uring_setup that features take. */
uint32_t ub_uring_setup_flags(uint64_t features);

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
    uint32_t first_buffer; /* number of the first registered one that is its own */
    uint8_t sqe_flags;
    uint8_t fixed_buffers, vectored, sqpoll, passthrough;
    /* An sqe's constant fields are not constant: other operations share it, or it is not the slot's own. */
    uint8_t changing;
    /* Places of the completion ring that a completion takes, which is what the kernel counts: 0 without
     * cqe_mixed. */
    uint8_t mixed;
    uint8_t rewind;       /* sqes begin at the first place with each call */
    uint8_t min_wait;     /* submit waits, but not for ever: ub_uring_least */
    uint8_t direct_files; /* what is opened gets the registered slot of its I/O's number */
    uint8_t linked;       /* chains as linked sqes; else the next is sent when the one before has completed */
    uint8_t before_flags; /* of a chain's sqes but the last */
    const struct ub_chain *chain;  /* what each I/O is; NULL: its operation alone */
    struct uring_chained *chained; /* by slot; linked chains */
    int32_t *first_res;            /* by slot: result of the first of two requests; trees */
    uint64_t *think_until;         /* by slot: when it may begin its next I/O; timeout only */
    struct ub_timespec *think_ts;  /* by slot */
    struct ub_whole_io *whole;     /* by slot; whole files only */
    struct iovec *iovecs;          /* by slot; vectored only */
    struct ub_nvme_ns *namespaces; /* by file; pass-through only */
};

/* The fields of slot's sqe that stay as they are; sqe is zeroed. */
void ub_uring_init_sqe(const struct uring *u, const struct ub_ctx *ctx, uint32_t slot,
                       struct io_uring_sqe *sqe);

/* uring_ring.c: a ring with these features -> 0 or -errno with *stage. job: whose options it takes; NULL for
 * a probe. */
int ub_uring_open_ring(struct ub_ring *ring, uint32_t entries, uint64_t features, const struct ub_job *job,
                       const char **stage);

int ub_uring_probe(uint64_t features, const struct ub_setup *setup, const char **stage);
int ub_uring_open(struct ub_ctx *ctx, const char **stage);
void ub_uring_release(struct uring *u);

/* Requests of a whole file. */
#define UB_WHOLE_REQUESTS 3u

/* uring_meta.c: the request that begins an operation of a tree, and its name. */
uint8_t ub_uring_meta_opcode(uint32_t op);
const char *ub_uring_meta_name(uint32_t op);

/* uring_think.c: memory for the pauses of slots -> 0 or -ENOMEM. */
int ub_uring_set_thinking(struct uring *u, const struct ub_ctx *ctx);
/* The slot pauses, from now on and until think_until. */
void ub_uring_think(struct uring *u, struct ub_ctx *ctx, uint32_t slot, uint64_t now);
/* What comes of a pause's completion: it goes on, the slot's I/O is to be sent now, or it will not be begun.
 */
enum ub_thought { UB_THOUGHT_ON, UB_THOUGHT_OVER, UB_THOUGHT_LATE };
enum ub_thought ub_uring_thought(struct uring *u, struct ub_ctx *ctx, uint32_t slot, uint64_t now);

/* uring_nvme.c: what is behind /dev/ngXnY; one read or write command in a 128-byte sqe. */
int ub_nvme_identify(int fd, struct ub_nvme_ns *ns);
void ub_nvme_prep(const struct ub_nvme_ns *ns, struct io_uring_sqe *sqe, int write, uint64_t offset,
                  uint32_t len, const void *buffer);

#endif
