/* Whole files: every byte of every file, by every backend; files that are shorter, longer or other than they
 * were laid out; reads that are short; nothing stays open. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "crc32c.h"
#include "fixture.h"

#define ITEMS  20u
#define PASSES 2u
#define LEAST  700u
#define MOST   9000u
/* The one that something happens to. */
#define ODD 3u

static void test_crc(void)
{
    unsigned char bytes[300];
    test_context("crc32c");
    CHECK_EQ(ub_crc32c(0, "123456789", 9), 0xe3069283u); /* the check value of its definition */
    CHECK_EQ(ub_crc32c_table(0, "123456789", 9), 0xe3069283u);
    for (uint32_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 167 + 13);
    for (uint32_t n = 0; n < sizeof bytes; n++) {
        uint32_t sum = ub_crc32c(0, bytes, n);
        CHECK_EQ(ub_crc32c_table(0, bytes, n), sum);
        CHECK_EQ(ub_crc32c(ub_crc32c(0, bytes, n / 3), bytes + n / 3, n - n / 3), sum);
    }
}

static struct ub_job whole_job(const struct variant *variant)
{
    struct ub_job job = fixture_job(variant, 1u << UB_OP_WHOLEFILE);
    job.items = ITEMS;
    job.item_bytes = LEAST;
    job.item_bytes_most = MOST;
    job.tree_seed = 99;
    job.dirs = 2;
    job.levels = 1;
    job.iodepth = 4;
    job.max_ios = (uint64_t)ITEMS * PASSES;
    job.flags |= UB_FLAG_CHECKSUM;
    return job;
}

/* Where an item of the only job is. */
static const char *item_path(const char *root, uint32_t item)
{
    static char path[512];
    CHECK(snprintf(path, sizeof path, "%s/d%u/f.0.%u", root, item % 2, item) < (int)sizeof path);
    return path;
}

static uint64_t size_of(const char *root, uint32_t item)
{
    struct stat st;
    CHECK_EQ(stat(item_path(root, item), &st), 0);
    return (uint64_t)st.st_size;
}

static uint64_t all_bytes(const char *root)
{
    uint64_t sum = 0;
    for (uint32_t item = 0; item < ITEMS; item++)
        sum += size_of(root, item);
    return sum;
}

struct outcome {
    uint32_t error;
    char stage[UB_STAGE_BYTES];
    uint64_t ios, bytes, short_ios, errors, first_item;
};

static struct outcome run_job(const struct ub_job *job, const char *root)
{
    const struct target target = {.path = root, .kind = 3};
    struct spec spec = {.job = *job, .njobs = 1, .nfiles = 1, .targets = &target};
    struct run run;
    /* One table of descriptors for all threads: what stays open is seen. */
    spec.job.flags &= ~UB_FLAG_PRIVATE_FDS;
    int before = test_open_descriptors();
    run_threads(&run, &spec);
    const struct ub_result *result = &run.results[0];
    const struct ub_op_result *op = &result->ops[UB_OP_WHOLEFILE];
    struct outcome out = {.error = result->error,
                          .ios = op->ios,
                          .bytes = op->bytes,
                          .short_ios = op->short_ios,
                          .errors = result->errors_total,
                          .first_item = result->nerrors ? result->errors[0].first_offset : UINT64_MAX};
    snprintf(out.stage, sizeof out.stage, "%s", result->stage);
    CHECK_EQ(op->lat[UB_LAT_TOTAL].count, op->ios);
    check_depth(&run, 0);
    run_close(&run);
    CHECK_EQ(test_open_descriptors(), before);
    return out;
}

static void expect_whole(const struct outcome *out, uint64_t bytes, uint64_t short_ios)
{
    if (out->error)
        test_fail(__FILE__, __LINE__, "%s: %s", out->stage, strerror((int)out->error));
    CHECK_EQ(out->ios, ITEMS * PASSES);
    CHECK_EQ(out->bytes, PASSES * bytes);
    CHECK_EQ(out->short_ios, short_ios);
    CHECK_EQ(out->errors, 0);
}

static void expect_error(const struct outcome *out, uint32_t error, const char *stage)
{
    CHECK_EQ(out->error, error);
    CHECK(strcmp(out->stage, stage) == 0);
    CHECK_EQ(out->first_item, ODD);
}

/* One file holds something else than was laid out; it is put back afterwards. */
static void test_changed(const struct ub_job *checked, const char *root, uint64_t bytes)
{
    struct ub_job job = *checked;
    char path[512];
    uint64_t size, half = size_of(root, ODD) / 2;
    snprintf(path, sizeof path, "%s", item_path(root, ODD));
    unsigned char *content = test_read_file(path, &size);
    job.flags &= ~UB_FLAG_CHECKSUM;

    CHECK_EQ(truncate(path, (off_t)half), 0);
    struct outcome out = run_job(&job, root);
    expect_whole(&out, bytes - size + half, PASSES);
    out = run_job(checked, root);
    expect_error(&out, EILSEQ, "checksum");

    CHECK_EQ(truncate(path, 0), 0);
    out = run_job(&job, root);
    expect_error(&out, ENODATA, "wholefile");

    int fd = open(path, O_WRONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_EQ(pwrite(fd, content, size, 0), size);
    CHECK_EQ(pwrite(fd, "more", 4, (off_t)size), 4);
    out = run_job(checked, root);
    expect_whole(&out, bytes, 0); /* as many bytes as it was given */

    CHECK_EQ(ftruncate(fd, (off_t)size), 0);
    content[half] ^= 1;
    CHECK_EQ(pwrite(fd, content + half, 1, (off_t)half), 1);
    out = run_job(&job, root);
    expect_whole(&out, bytes, 0);
    out = run_job(checked, root);
    expect_error(&out, EILSEQ, "checksum");
    content[half] ^= 1;
    CHECK_EQ(pwrite(fd, content + half, 1, (off_t)half), 1);
    close(fd);
    free(content);
}

/* A file that can't be opened, and one that can't be read, counted and not. */
static void test_refused(const struct ub_job *checked, const char *root)
{
    char path[512], kept[520];
    snprintf(path, sizeof path, "%s", item_path(root, ODD));
    snprintf(kept, sizeof kept, "%s.kept", path);
    CHECK_EQ(rename(path, kept), 0);
    for (int read = 0; read < 2; read++) {
        struct ub_job job = *checked;
        CHECK_EQ(read ? mkdir(path, 0755) : symlink("nowhere", path), 0);
        struct outcome out = run_job(&job, root);
        expect_error(&out, read ? EISDIR : ENOENT, "wholefile");
        job.flags |= UB_FLAG_CONTINUE_READ;
        out = run_job(&job, root);
        CHECK_EQ(out.error, 0);
        CHECK_EQ(out.errors, PASSES);
        CHECK_EQ(out.ios, (ITEMS - 1) * PASSES);
        CHECK_EQ(read ? rmdir(path) : unlink(path), 0);
    }
    CHECK_EQ(rename(kept, path), 0);
}

struct feeder {
    int fd;
    const unsigned char *rest;
    uint64_t bytes;
    uint32_t stop;
};

/* Once what is in the pipe has been read. */
static void *feed(void *arg)
{
    struct feeder *feeder = arg;
    int waiting = 1;
    while (waiting > 0 && !__atomic_load_n(&feeder->stop, __ATOMIC_RELAXED)) {
        CHECK_EQ(ioctl(feeder->fd, FIONREAD, &waiting), 0);
        test_sleep_ms(1);
    }
    if (waiting == 0)
        CHECK_EQ(write(feeder->fd, feeder->rest, feeder->bytes), feeder->bytes);
    return NULL;
}

/* A pipe in the place of a file gives the first half of it, and the rest to the next read. */
static void test_resumed(const struct ub_job *checked, const char *root, uint64_t bytes)
{
    struct ub_job job = *checked;
    char path[512], kept[520];
    uint64_t size;
    pthread_t thread;
    snprintf(path, sizeof path, "%s", item_path(root, ODD));
    snprintf(kept, sizeof kept, "%s.kept", path);
    unsigned char *content = test_read_file(path, &size);
    CHECK_EQ(rename(path, kept), 0);
    CHECK_EQ(mkfifo(path, 0644), 0);
    struct feeder feeder = {
        .fd = open(path, O_RDWR | O_CLOEXEC), .rest = content + size / 2, .bytes = size - size / 2};
    CHECK(feeder.fd >= 0);
    CHECK_EQ(write(feeder.fd, content, size / 2), size / 2);
    CHECK_EQ(pthread_create(&thread, NULL, feed, &feeder), 0);
    job.max_ios = ITEMS;
    struct outcome out = run_job(&job, root);
    __atomic_store_n(&feeder.stop, 1, __ATOMIC_RELAXED);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    if (out.error)
        test_fail(__FILE__, __LINE__, "%s: %s", out.stage, strerror((int)out.error));
    CHECK_EQ(out.ios, ITEMS);
    CHECK_EQ(out.bytes, bytes);
    CHECK_EQ(out.short_ios, 1);
    close(feeder.fd);
    CHECK_EQ(rename(kept, path), 0);
    free(content);
}

static int works(const struct variant *variant)
{
    char stage[UB_STAGE_BYTES];
    int ret = ub_probe(variant->backend, variant->features, 1u << UB_OP_WHOLEFILE, 4, 4096, 1, stage);
    if (ret < 0)
        test_note("%s: %s: %s", variant->name, stage, strerror(-ret));
    return ret == 0;
}

static void test_variant(uint32_t backend, uint64_t features, const char *name)
{
    static int trees;
    struct variant variant = variant_of(backend);
    variant.features = features;
    snprintf(variant.name, sizeof variant.name, "%s", name);
    if (!works(&variant))
        return;
    test_context("%s", name);
    const char *root = test_path("whole%d", trees++);
    CHECK_EQ(mkdir(root, 0755), 0);
    struct ub_job job = whole_job(&variant);
    struct outcome out = run_job(&job, root);
    if (backend == UB_BACKEND_NULL) {
        CHECK_EQ(out.ios, ITEMS * PASSES);
        CHECK_BETWEEN(PASSES * ITEMS * LEAST, out.bytes, PASSES * ITEMS * MOST);
        return;
    }
    uint64_t bytes = all_bytes(root);
    CHECK_BETWEEN(ITEMS * LEAST, bytes, ITEMS * MOST);
    CHECK(size_of(root, 0) != size_of(root, 1) || size_of(root, 0) != size_of(root, 2));
    expect_whole(&out, bytes, 0);
    job.dist = UB_DIST_SEQUENTIAL;
    test_changed(&job, root, bytes);
    test_refused(&job, root);
    test_resumed(&job, root, bytes);
    job.batch_submit = job.batch_complete_max = job.batch_complete_min = job.iodepth;
    out = run_job(&job, root);
    expect_whole(&out, bytes, 0);
}

/* The same files whoever lays them out; past the page cache in whole blocks. */
static void test_direct(void)
{
    struct variant variant = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = whole_job(&variant);
    const char *root = test_path("direct");
    test_context("direct");
    if (!test_can_direct()) {
        test_note("no O_DIRECT here");
        return;
    }
    CHECK_EQ(mkdir(root, 0755), 0);
    job.flags |= UB_FLAG_DIRECT;
    job.item_bytes = job.item_step = 4096;
    job.item_bytes_most = 5 * 4096 + 4095;
    struct outcome out = run_job(&job, root);
    for (uint32_t item = 0; item < ITEMS; item++)
        CHECK_EQ(size_of(root, item) % 4096, 0);
    uint64_t bytes = all_bytes(root);
    CHECK_BETWEEN(ITEMS * 4096, bytes, ITEMS * 5 * 4096);
    expect_whole(&out, bytes, 0);
    /* It ends between blocks: nothing can be read from there on. */
    uint64_t size = size_of(root, ODD);
    CHECK_EQ(truncate(item_path(root, ODD), 1000), 0);
    job.flags &= ~UB_FLAG_CHECKSUM;
    for (uint32_t backend = UB_BACKEND_SYNC; backend < UB_BACKENDS; backend++) {
        variant = variant_of(backend);
        if (!(variant.ops->op_mask & (1u << UB_OP_WHOLEFILE)) || backend == UB_BACKEND_NULL ||
            !works(&variant))
            continue;
        test_context("direct: %s", variant.name);
        job.backend = backend;
        out = run_job(&job, root);
        expect_whole(&out, bytes - size + 1000, PASSES);
    }
}

int main(void)
{
    const uint64_t linked = UB_FEATURE_DIRECTFILES | UB_FEATURE_LINKED;
    test_crc();
    test_variant(UB_BACKEND_SYNC, 0, "sync");
    test_variant(UB_BACKEND_NULL, 0, "null");
    test_variant(UB_BACKEND_THREADPOOL, 0, "threadpool");
    test_variant(UB_BACKEND_THREADPOOL, UB_FEATURE_SPIN, "threadpool+spin");
    test_variant(UB_BACKEND_IO_URING, 0, "io_uring");
    test_variant(UB_BACKEND_IO_URING, UB_FEATURE_DIRECTFILES, "io_uring+directfiles");
    test_variant(UB_BACKEND_IO_URING, linked, "io_uring+directfiles+linked");
    test_variant(UB_BACKEND_IO_URING, linked | UB_FEATURE_SINGLE_ISSUER | UB_FEATURE_DEFER_TASKRUN,
                 "io_uring+directfiles+linked+defer_taskrun");
    test_variant(UB_BACKEND_IO_URING, linked | UB_FEATURE_NO_SQARRAY,
                 "io_uring+directfiles+linked+no_sqarray");
    test_variant(UB_BACKEND_IO_URING, linked | UB_FEATURE_SQPOLL, "io_uring+directfiles+linked+sqpoll");
    test_variant(UB_BACKEND_IO_URING, linked | UB_FEATURE_FORCE_ASYNC,
                 "io_uring+directfiles+linked+force_async");
    test_direct();
    return 0;
}
