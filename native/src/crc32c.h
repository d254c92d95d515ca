/* CRC-32C (Castagnoli), as iSCSI, ext4 and btrfs have it (RFC 3720, B.4). */
#ifndef UB_CRC32C_H
#define UB_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of bytes that follow those whose sum is `sum`; 0 before the first. */
uint32_t ub_crc32c(uint32_t sum, const void *bytes, size_t n);
/* The same without the CPU's instruction. */
uint32_t ub_crc32c_table(uint32_t sum, const void *bytes, size_t n);

#endif
