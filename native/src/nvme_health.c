/*
 * Asks a drive about itself, and lets it forget what was written: log pages and format by the NVMe driver's
 * administration commands (nvme.h of the kernel), discards by the block layer. The bytes of a log page are
 * read where their meaning is told (src/host/nvme-health.ts).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/fs.h>
#include <linux/nvme_ioctl.h>
#include "ub_api.h"

/* NVM Express base specification: opcodes of administration commands, and all namespaces. */
#define ADMIN_GET_LOG_PAGE 0x02
#define ADMIN_FORMAT       0x80
#define ALL_NAMESPACES     0xffffffffu
/* A format of a large drive takes minutes. */
#define LOG_TIMEOUT_MS    10000u
#define FORMAT_TIMEOUT_MS (60u * 60 * 1000)
/* Format NVM, dword 10: which format in bits 3:0, user data erase in bits 11:9. */
#define FORMAT_INDEX_MASK      0xfu
#define FORMAT_ERASE_USER_DATA (1u << 9)
/* Identify namespace: FLBAS is byte 26, its bits 3:0 name the format in use. */
#define ADMIN_IDENTIFY 0x06
#define IDENTIFY_BYTES 4096
#define IDENTIFY_FLBAS 26

/* -> 0, -EREMOTEIO when the drive refuses, with its status, -errno */
static int admin(int fd, struct nvme_admin_cmd *cmd, uint32_t *status)
{
    int ret = ioctl(fd, NVME_IOCTL_ADMIN_CMD, cmd);
    if (ret < 0)
        return -errno;
    *status = (uint32_t)ret;
    return ret == 0 ? 0 : -EREMOTEIO;
}

int ub_nvme_log(const char *path, uint32_t page, void *to, uint32_t bytes, uint32_t *status)
{
    *status = 0;
    if (bytes == 0 || bytes % 4 != 0)
        return -EINVAL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    uint32_t words = bytes / 4 - 1; /* counted from 0: low half in dword 10, high half in dword 11 */
    struct nvme_admin_cmd cmd = {
        .opcode = ADMIN_GET_LOG_PAGE,
        .nsid = ALL_NAMESPACES,
        .addr = (uintptr_t)to,
        .data_len = bytes,
        .cdw10 = (page & 0xffu) | words << 16,
        .cdw11 = words >> 16,
        .timeout_ms = LOG_TIMEOUT_MS,
    };
    memset(to, 0, bytes);
    int ret = admin(fd, &cmd, status);
    close(fd);
    return ret;
}

/* The namespace is formatted as it is formatted now, so that its block size stays. */
static int format(int fd, uint32_t *status)
{
    int nsid = ioctl(fd, NVME_IOCTL_ID);
    if (nsid < 0)
        return -errno;
    unsigned char about[IDENTIFY_BYTES] = {0};
    struct nvme_admin_cmd identify = {
        .opcode = ADMIN_IDENTIFY,
        .nsid = (uint32_t)nsid,
        .addr = (uintptr_t)about,
        .data_len = sizeof about,
        .timeout_ms = LOG_TIMEOUT_MS,
    };
    int ret = admin(fd, &identify, status);
    if (ret < 0)
        return ret;
    struct nvme_admin_cmd cmd = {
        .opcode = ADMIN_FORMAT,
        .nsid = (uint32_t)nsid,
        .cdw10 = (about[IDENTIFY_FLBAS] & FORMAT_INDEX_MASK) | FORMAT_ERASE_USER_DATA,
        .timeout_ms = FORMAT_TIMEOUT_MS,
    };
    return admin(fd, &cmd, status);
}

int ub_purge(const char *path, uint32_t how, uint32_t *status)
{
    *status = 0;
    int fd = open(path, (how == UB_PURGE_FORMAT ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int ret;
    uint64_t range[2] = {0, 0};
    if (how == UB_PURGE_FORMAT)
        ret = format(fd, status);
    else if (ioctl(fd, BLKGETSIZE64, &range[1]) < 0)
        ret = -errno;
    else
        ret = ioctl(fd, how == UB_PURGE_SECURE ? BLKSECDISCARD : BLKDISCARD, range) < 0 ? -errno : 0;
    close(fd);
    return ret;
}
