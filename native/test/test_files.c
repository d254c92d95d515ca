/* What src/native asks the library about files, and whether a backend works here. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "fixture.h"
#include "kernel.h"

static void test_seek(void)
{
    const char *path = test_path("holes");
    test_context("holes");
    test_fill_file(path, 64 * KIB, 1);
    CHECK_EQ(ub_seek(path, 0, 0), 64 * KIB); /* no hole */
    CHECK_EQ(ub_seek(path, 0, 1), 0);
    CHECK_EQ(truncate(path, MIB), 0);
    CHECK_EQ(ub_seek(path, 0, 0), 64 * KIB);
    CHECK_EQ(ub_seek(path, 64 * KIB, 1), MIB); /* no data any more */
    CHECK_EQ(ub_seek(test_path("missing"), 0, 0), -ENOENT);
    unlink(path);
}

static uint64_t cached_bytes(const char *path, uint64_t bytes)
{
    unsigned char in_core[256];
    uint64_t count = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *p = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(fd >= 0 && p != MAP_FAILED && bytes / 4096 <= sizeof in_core);
    CHECK_EQ(mincore(p, bytes, in_core), 0);
    for (uint64_t i = 0; i < bytes / 4096; i++)
        count += (in_core[i] & 1) * UINT64_C(4096);
    munmap(p, bytes);
    close(fd);
    return count;
}

/* tmpfs has nothing but the cache. */
static int on_disk(const char *path)
{
    CHECK_EQ(ub_drop_cache(path), 0);
    return cached_bytes(path, MIB) == 0;
}

static void test_cache(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    const struct target file = {.path = test_path("cached"), .size = MIB};
    struct ub_job job = fixture_job(&sync, 1u << UB_OP_READ);
    struct run run;
    test_context("page cache");
    test_stamp_file(file.path, MIB, 1);
    CHECK_EQ(ub_drop_cache(test_path("missing")), -ENOENT);
    if (!on_disk(file.path)) {
        test_note("dropping cached pages is not tested: %s keeps them", test_dir());
        return;
    }
    job.max_ios = 16;
    job.flags |= UB_FLAG_PRE_READ;
    struct spec spec = {.job = job, .njobs = 1, .nfiles = 1, .targets = &file};
    run_threads(&run, &spec);
    check_jobs(&run);
    run_close(&run);
    /* A kernel under pressure, or one that reclaims ahead, may take a few pages back. */
    CHECK_BETWEEN(MIB / 2 + 1, cached_bytes(file.path, MIB), MIB);

    /* invalidate, then 16 blocks without read-ahead */
    spec.job.flags = (job.flags & ~UB_FLAG_PRE_READ) | UB_FLAG_INVALIDATE;
    run_threads(&run, &spec);
    check_jobs(&run);
    run_close(&run);
    CHECK_BETWEEN(16 * 4096, cached_bytes(file.path, MIB), MIB / 2);
}

static void test_dio_align(void)
{
    uint32_t memory = 1, offset = 1;
    const char *path = test_path("aligned");
    test_context("alignment of O_DIRECT");
    test_fill_file(path, 4096, 1);
    CHECK_EQ(ub_dio_align(path, &memory, &offset), 0);
    if (offset) {
        CHECK((offset & (offset - 1)) == 0 && offset <= 1u << 20);
        CHECK((memory & (memory - 1)) == 0 && memory > 0);
    }
    CHECK_EQ(ub_dio_align(test_path("missing"), &memory, &offset), -ENOENT);
}

static void expect_probe(uint32_t backend, uint64_t features, uint32_t depth, int want, const char *stage)
{
    char said[UB_STAGE_BYTES];
    test_context("probe of backend %u, features %#llx, depth %u", backend, (unsigned long long)features,
                 depth);
    memset(said, 'x', sizeof said);
    CHECK_EQ(ub_probe(backend, features, 1u << UB_OP_READ, depth, 4096, 1, said), want);
    CHECK(memchr(said, 0, sizeof said));
    if (stage)
        CHECK(strcmp(said, stage) == 0);
}

static void test_probe(void)
{
    char stage[UB_STAGE_BYTES];
    int before = test_open_descriptors();
    expect_probe(UB_BACKENDS, 0, 1, -EINVAL, "look up backend");
    expect_probe(UB_BACKEND_LINUX_AIO, UB_FEATURE_FIXEDBUFS, 1, -EINVAL, "look up backend");
    expect_probe(UB_BACKEND_IO_URING, UINT64_C(1) << 63, 1, -EINVAL, "look up backend");
    expect_probe(UB_BACKEND_SYNC, 0, 1, 0, NULL);
    expect_probe(UB_BACKEND_NULL, 0, 1000000, 0, NULL);
    if (ub_probe(UB_BACKEND_LINUX_AIO, 0, 1u << UB_OP_READ, 1, 4096, 1, stage) == 0)
        expect_probe(UB_BACKEND_LINUX_AIO, 0, 0x7fffffff, -EINVAL, "io_setup");
    if (ub_probe(UB_BACKEND_IO_URING, 0, 1u << UB_OP_READ, 1, 4096, 1, stage) == 0) {
        expect_probe(UB_BACKEND_IO_URING, UB_FEATURE_VECTORED | UB_FEATURE_PASSTHROUGH, 1, -EINVAL,
                     "vectored with passthrough");
        expect_probe(UB_BACKEND_IO_URING, 0, 32769, -EINVAL, "io_uring_setup");
        expect_probe(UB_BACKEND_IO_URING, UB_FEATURE_FIXEDBUFS | UB_FEATURE_REGISTERFILES, 64, 0, NULL);
    }
    CHECK_EQ(test_open_descriptors(), before);
    CHECK_EQ(test_mappings("io_uring"), 0);
}

/* A flag that no kernel knows, beside those that each kernel from 6.9 on does. */
static void test_rw_flags(void)
{
    test_context("RWF_* flags");
    if (ub_rw_flags_known(UB_RWF_NOWAIT) != 0) {
        test_note("flags are not tested: before Linux 6.9");
        return;
    }
    CHECK_EQ(ub_rw_flags_known(UB_RWF_HIPRI), 0);
    CHECK_EQ(ub_rw_flags_known(1u << 30), -EOPNOTSUPP);
}

static void test_versions(void)
{
    char want[64];
    snprintf(want, sizeof want, "%s abi %u", UB_VERSION, UB_ABI_VERSION);
    CHECK(strcmp(ub_version(), want) == 0);
    CHECK(ub_glibc()[0] >= '2');
}

int main(void)
{
    test_seek();
    test_cache();
    test_dio_align();
    test_probe();
    test_rw_flags();
    test_versions();
    return 0;
}
