/* NVMe commands through io_uring (IORING_OP_URING_CMD on /dev/ngXnY), past the block layer. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/nvme_ioctl.h>
#include "uring.h"

#define IDENTIFY       0x06 /* admin command; CNS 0: a namespace (NVM Express Base Specification, 5.17) */
#define IDENTIFY_BYTES 4096
#define FLBAS          26 /* offsets in the answer: which LBA format, and the formats */
#define LBAF           128

int ub_nvme_identify(int fd, struct ub_nvme_ns *ns)
{
    int nsid = ioctl(fd, NVME_IOCTL_ID);
    if (nsid <= 0)
        return nsid < 0 ? -errno : -EINVAL;
    unsigned char *data = aligned_alloc(4096, IDENTIFY_BYTES);
    if (!data)
        return -ENOMEM;
    struct nvme_admin_cmd command = {.opcode = IDENTIFY,
                                     .nsid = (uint32_t)nsid,
                                     .addr = (uint64_t)(uintptr_t)data,
                                     .data_len = IDENTIFY_BYTES};
    int ret = ioctl(fd, NVME_IOCTL_ADMIN_CMD, &command);
    if (ret < 0)
        ret = -errno;
    else if (ret > 0)
        ret = -EIO; /* an NVMe status */
    if (ret == 0) {
        /* Bits 3:0 are the low bits of the format's index, 6:5 its high bits; byte 2 of a format is log2 of
         * its size. */
        unsigned format = (data[FLBAS] & 0xfu) | (data[FLBAS] & 0x60u) >> 1;
        ns->nsid = (uint32_t)nsid;
        ns->lba_shift = data[LBAF + 4 * format + 2];
        if (ns->lba_shift < 9 || ns->lba_shift > 20)
            ret = -EINVAL;
    }
    free(data);
    return ret;
}

void ub_nvme_prep(const struct ub_nvme_ns *ns, struct io_uring_sqe *sqe, int write, uint64_t offset,
                  uint32_t len, const void *buffer)
{
    uint64_t lba = offset >> ns->lba_shift;
    struct ub_nvme_uring_cmd command = {
        .opcode = write ? UB_NVME_CMD_WRITE : UB_NVME_CMD_READ,
        .nsid = ns->nsid,
        .addr = (uint64_t)(uintptr_t)buffer,
        .data_len = len,
        .cdw10 = (uint32_t)lba,
        .cdw11 = (uint32_t)(lba >> 32),
        .cdw12 = (len >> ns->lba_shift) - 1, /* number of blocks, from 0 */
    };
    sqe->opcode = UB_OP_URING_CMD;
    sqe->off = UB_NVME_URING_CMD_IO;                    /* cmd_op */
    memcpy((char *)sqe + 48, &command, sizeof command); /* sqe->cmd */
}
