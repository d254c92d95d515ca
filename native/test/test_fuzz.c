/* The fuzz target with inputs that are drawn: the same ones each time. */
#include "../fuzz/job.c" // NOLINT(bugprone-suspicious-include): the target is no part of the library
#include "test.h"

#define INPUTS 5000

static void test_random_changes(void)
{
    uint64_t rng = 20261127;
    test_context("random changes of an arena");
    for (uint32_t i = 0; i < INPUTS; i++) {
        uint8_t data[24];
        for (size_t k = 0; k < sizeof data; k++)
            data[k] = (uint8_t)(ub_rng_next(&rng) >> 32);
        /* Few changes leave more of what is checked last. */
        LLVMFuzzerTestOneInput(data, 3 + ub_rng_below(&rng, sizeof data / 3) * 3);
    }
}

/* One field at a time with values that products, sums and shifts stumble over. */
static void test_edges(void)
{
    static const uint8_t bytes[] = {0, 0x80, 0xff};
    test_context("each byte of an arena");
    for (uint32_t at = 0; at < offsetof(struct ub_arena, clock) + sizeof template; at++)
        for (size_t k = 0; k < sizeof bytes; k++)
            LLVMFuzzerTestOneInput((const uint8_t[]){(uint8_t)at, (uint8_t)(at >> 8), bytes[k]}, 3);
}

/* What libFuzzer has found. */
static void test_findings(void)
{
    static const struct {
        const char *what;
        uint8_t size, data[64];
    } found[] = {
        {"a job that only syncs", 8, {0xc8, 0x46, 0x08, 0x08, 0x08, 0x0a, 0x08, 0x28}},
        {"a share that is none", 4, {0x68, 0x3e, 0x03, 0xa9}},
        {"a share too small to be told from none",
         59,
         {0x68, 0x3e, 0x03, 0x29, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe,
          0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe,
          0xbe, 0xbe, 0xbe, 0xbe, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda,
          0xda, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda, 0xda}},
    };
    for (size_t i = 0; i < sizeof found / sizeof found[0]; i++) {
        test_context("%s", found[i].what);
        LLVMFuzzerTestOneInput(found[i].data, found[i].size);
    }
}

int main(void)
{
    test_findings();
    test_edges();
    test_random_changes();
    CHECK(arena != NULL);
    return 0;
}
