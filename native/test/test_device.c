/*
 * On a loop device: errors of the medium (reads where the file behind the device has been cut off give EIO),
 * and trim. Needs root and a free loop device.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <sys/stat.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include "fixture.h"

#define READ  (1u << UB_OP_READ)
#define TRIM  (1u << UB_OP_TRIM)
#define BYTES MIB
#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, uint64_t) /* Linux 5.15 */
#endif

static const char *backing;
static char device[64];
static struct target target;

/*
 * The device lets go of its file by itself when the last descriptor is closed, however this program ends.
 * -> a descriptor, or -errno
 */
static int attach(void)
{
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    int file = open(backing, O_RDWR | O_CLOEXEC), fd = -1;
    if (control < 0 || file < 0)
        return -errno;
    for (int tries = 0; fd < 0 && tries < 10; tries++) { /* somebody else may be faster */
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        struct loop_config config = {.fd = (uint32_t)file, .info.lo_flags = LO_FLAGS_AUTOCLEAR};
        snprintf(device, sizeof device, "/dev/loop%d", number);
        fd = number < 0 ? -1 : open(device, O_RDWR | O_CLOEXEC);
        if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config) < 0) {
            int error = errno;
            close(fd);
            fd = -1;
            errno = error;
        }
    }
    int ret = fd < 0 ? -errno : fd;
    close(control);
    close(file);
    return ret;
}

static struct spec spec_of(struct ub_job job)
{
    return (struct spec){.job = job, .njobs = 1, .nfiles = 1, .targets = &target};
}

/* The second half of the device fails, the first half does not. */
static void test_medium_errors(const struct variant *variant)
{
    const uint64_t blocks = BYTES / 4096;
    struct ub_job job = fixture_job(variant, READ);
    struct run run;
    if (variant->backend == UB_BACKEND_NULL || variant->features & UB_FEATURE_POPULATE) /* fails before */
        return;
    test_context("%s, EIO, continue_on_error", variant->name);
    job.flags |= UB_FLAG_DIRECT | UB_FLAG_CONTINUE_READ;
    job.max_ios = blocks;
    const struct spec going_on = spec_of(job);
    run_threads(&run, &going_on);
    const struct ub_result *result = &run.results[0];
    CHECK_EQ(result->state, UB_STATE_FINISHED);
    CHECK_EQ(result->ops[UB_OP_READ].ios, blocks / 2);
    CHECK_EQ(result->ops[UB_OP_READ].bytes, BYTES / 2);
    CHECK_EQ(result->errors_total, blocks / 2);
    CHECK(result->nerrors == 1 && result->errors[0].error == EIO && result->errors[0].count == blocks / 2);
    CHECK(result->errors[0].first_offset >= BYTES / 2);
    run_close(&run);

    test_context("%s, EIO", variant->name);
    job.flags &= ~UB_FLAG_CONTINUE_READ;
    const struct spec ending = spec_of(job);
    run_threads(&run, &ending);
    result = &run.results[0];
    CHECK_EQ(result->state, UB_STATE_FAILED);
    CHECK_EQ(result->error, EIO);
    CHECK(strcmp(result->stage, "read") == 0);
    CHECK_EQ(result->error_file, 0);
    CHECK(result->errors_total >= 1 && result->ops[UB_OP_READ].ios + result->errors_total <= blocks);
    run_close(&run);
}

/* A trimmed block of a loop device reads as zeros. */
static void test_trim(const struct variant *variant)
{
    struct ub_job job = fixture_job(variant, TRIM);
    struct run run;
    char stage[UB_STAGE_BYTES];
    if (!(variant->ops->op_mask & TRIM) || variant->backend == UB_BACKEND_NULL)
        return;
    test_context("%s, trim", variant->name);
    test_fill_file(backing, BYTES, 0x55);
    job.max_ios = BYTES / 4096;
    const struct spec spec = spec_of(job);
    run_threads(&run, &spec);
    memcpy(stage, run.results[0].stage, sizeof stage);
    if (run.results[0].error == EOPNOTSUPP) {
        test_note("%s: trim is not tested: %s", variant->name, stage);
    } else {
        check_jobs(&run);
        CHECK_EQ(run.results[0].ops[UB_OP_TRIM].bytes, BYTES);
        unsigned char *content;
        uint64_t size;
        content = test_read_file(backing, &size);
        for (uint64_t i = 0; i < BYTES; i++)
            CHECK_EQ(content[i], 0);
        free(content);
    }
    run_close(&run);
}

/* What a job is told that it was checked to be: this device, with this medium. */
static void run_known(struct run *run, const struct spec *spec, uint64_t rdev, uint64_t diskseq)
{
    run_open(run, spec);
    struct ub_file *file = (struct ub_file *)((char *)run->arena + run->jobs[0].files);
    file->known = 1;
    file->rdev = rdev;
    file->diskseq = diskseq;
    run_start(run);
    run_join(run);
}

static void check_stale(const struct run *run)
{
    CHECK_EQ(run->results[0].state, UB_STATE_FAILED);
    CHECK_EQ(run->results[0].error, ESTALE);
    CHECK(strcmp(run->results[0].stage, "check identity") == 0);
    CHECK_EQ(run->results[0].ops[UB_OP_WRITE].ios, 0);
}

/* The same device with another image is another medium: nothing of it is written. */
static int test_other_medium(int fd)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, 1u << UB_OP_WRITE);
    const char *victim = test_path("victim");
    struct stat st;
    struct run run;
    uint64_t before, after, size;
    test_context("another medium");
    CHECK_EQ(fstat(fd, &st), 0);
    if (ioctl(fd, BLKGETDISKSEQ, &before) < 0) {
        test_note("media are not told apart: %s", strerror(errno));
        return fd;
    }
    job.max_ios = 8;
    const struct spec spec = spec_of(job);
    run_known(&run, &spec, st.st_rdev, before);
    CHECK_EQ(run.results[0].state, UB_STATE_FINISHED);
    CHECK_EQ(run.results[0].ops[UB_OP_WRITE].ios, 8);
    run_close(&run);

    test_fill_file(victim, BYTES, 0x77);
    int file = open(victim, O_RDWR | O_CLOEXEC);
    const struct loop_config config = {.fd = (uint32_t)file, .info.lo_flags = LO_FLAGS_AUTOCLEAR};
    /* It lets go of its file when the last descriptor is closed: ours, or udev's. */
    close(fd);
    fd = open(device, O_RDWR | O_CLOEXEC);
    int ret = ioctl(fd, LOOP_CONFIGURE, &config);
    for (int tries = 0; ret < 0 && errno == EBUSY && tries < 100; tries++) {
        close(fd);
        usleep(20000);
        fd = open(device, O_RDWR | O_CLOEXEC);
        ret = ioctl(fd, LOOP_CONFIGURE, &config);
    }
    CHECK_EQ(ret, 0);
    close(file);
    CHECK_EQ(ioctl(fd, BLKGETDISKSEQ, &after), 0);
    CHECK(after != before);
    run_known(&run, &spec, st.st_rdev, before);
    check_stale(&run);
    run_close(&run);
    run_known(&run, &spec, st.st_rdev + 1, after); /* another number */
    check_stale(&run);
    run_close(&run);
    CHECK_EQ(fsync(fd), 0);
    unsigned char *content = test_read_file(victim, &size);
    CHECK_EQ(size, BYTES);
    for (uint64_t i = 0; i < size; i++)
        CHECK_EQ(content[i], 0x77);
    free(content);
    run_known(&run, &spec, st.st_rdev, after); /* as it is now, it may be written */
    CHECK_EQ(run.results[0].state, UB_STATE_FINISHED);
    run_close(&run);
    return fd;
}

int main(void)
{
    backing = test_path("backing");
    test_stamp_file(backing, BYTES, 1);
    int fd = attach();
    if (fd < 0)
        test_skip("no loop device: %s", strerror(-fd));
    target = (struct target){.path = device, .size = BYTES, .kind = 1};
    each_variant(test_trim);
    test_fill_file(backing, BYTES, 1);
    CHECK_EQ(truncate(backing, BYTES / 2), 0);
    each_variant(test_medium_errors);
    fd = test_other_medium(fd);
    close(fd);
    return 0;
}
