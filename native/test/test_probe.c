/* What is asked before a run: io_uring's features, flags and operations, what a file takes. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "fixture.h"
#include "uring.h"

static void test_io_uring(void)
{
    uint64_t facts[UB_LOOK_FACTS];
    unsigned char ops[UB_LOOK_OPS];
    char stage[UB_STAGE_BYTES];
    int before = test_open_descriptors();
    test_context("io_uring");
    if (ub_uring_look(facts, ops, stage) < 0)
        test_skip("no io_uring here: %s", stage);
    CHECK(facts[0] & IORING_FEAT_SINGLE_MMAP);
    CHECK(ops[IORING_OP_NOP] && ops[IORING_OP_READV] && ops[IORING_OP_READ_FIXED]);
    CHECK(!ops[UB_LOOK_OPS - 1]);
    CHECK_EQ(test_open_descriptors(), before);
    CHECK_EQ(test_mappings("io_uring"), 0);
}

/* What trying finds must be what the kernel says by itself, where it does. */
static void test_flags(void)
{
    uint64_t facts[UB_LOOK_FACTS], refused;
    unsigned char ops[UB_LOOK_OPS];
    char stage[UB_STAGE_BYTES];
    const char *where;
    struct ub_ring ring;
    struct io_uring_params params;
    int before = test_open_descriptors();
    test_context("flags of io_uring_setup");
    memset(&params, 0, sizeof params);
    CHECK_EQ(ub_ring_open(&ring, 1, &params, &where), 0);
    uint64_t tried = ub_uring_try_flags(&ring, &refused);
    ub_ring_close(&ring);
    CHECK(tried & IORING_SETUP_IOPOLL);
    CHECK_EQ(refused & ~tried, 0);
    CHECK_EQ(test_open_descriptors(), before);
    CHECK_EQ(ub_uring_look(facts, ops, stage), 0);
    if (facts[3])
        CHECK_EQ(tried, facts[1]);
    else
        test_note("the kernel has no IORING_REGISTER_QUERY to compare with");
}

static void test_file(void)
{
    const char *path = test_path("limits");
    uint32_t limits[UB_FILE_LIMITS], memory, offset;
    int before = test_open_descriptors();
    test_context("limits of a file");
    test_fill_file(path, 64 * KIB, 1);
    CHECK_EQ(ub_file_limits(path, limits), 0);
    CHECK_EQ(ub_dio_align(path, &memory, &offset), 0);
    CHECK_EQ(limits[0], memory);
    CHECK_EQ(limits[1], offset);
    CHECK(limits[3] <= limits[4]);
    CHECK_EQ(ub_file_limits(test_path("missing"), limits), -ENOENT);
    int ret = ub_dontcache(path);
    CHECK(ret == 0 || ret == -ENOSYS || ret == -EOPNOTSUPP);
    CHECK_EQ(ub_dontcache(test_path("missing")), ret == -ENOSYS ? -ENOSYS : -ENOENT);
    CHECK_EQ(test_open_descriptors(), before);
    unlink(path);
}

int main(void)
{
    test_file();
    test_io_uring();
    test_flags();
    return 0;
}
