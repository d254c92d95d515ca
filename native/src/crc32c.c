/* The CPU's instruction where it has one (SSE 4.2, ARMv8's CRC), else a table. */
#include <string.h>
#include "crc32c.h"
#include "sys.h"
#if defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#endif

uint32_t ub_crc32c_table(uint32_t sum, const void *bytes, size_t n)
{
    /* Of four bits: the reversed polynomial 0x82f63b78 once for each that is set. */
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    const unsigned char *p = bytes;
    sum = ~sum;
    for (size_t i = 0; i < n; i++) {
        sum ^= p[i];
        sum = sum >> 4 ^ table[sum & 15];
        sum = sum >> 4 ^ table[sum & 15];
    }
    return ~sum;
}

#if defined(__x86_64__)
#define WITH_CRC              __attribute__((target("sse4.2")))
#define CRC_WORD(sum, word)   (uint32_t) __builtin_ia32_crc32di(sum, word)
#define CRC_BYTE(sum, byte)   __builtin_ia32_crc32qi(sum, byte)
#define HAS_CRC_INSTRUCTION() __builtin_cpu_supports("sse4.2")
#else
#define WITH_CRC              __attribute__((target("+crc")))
#define CRC_WORD(sum, word)   __crc32cd(sum, word)
#define CRC_BYTE(sum, byte)   __crc32cb(sum, byte)
#define HAS_CRC_INSTRUCTION() (getauxval(AT_HWCAP) & HWCAP_CRC32)
#endif

WITH_CRC static uint32_t with_instruction(uint32_t sum, const unsigned char *p, size_t n)
{
    size_t i = 0;
    sum = ~sum;
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, sizeof word);
        sum = CRC_WORD(sum, word);
    }
    for (; i < n; i++)
        sum = CRC_BYTE(sum, p[i]);
    return ~sum;
}

uint32_t ub_crc32c(uint32_t sum, const void *bytes, size_t n)
{
    return UB_LIKELY(HAS_CRC_INSTRUCTION()) ? with_instruction(sum, bytes, n)
                                            : ub_crc32c_table(sum, bytes, n);
}
