/* What libblkid finds, and what a loop device works on. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fixture.h"

static void test_signature(void)
{
    const char *path = test_path("signature");
    char what[64] = "";
    test_context("signature");
    test_fill_file(path, MIB, 1);
    CHECK_EQ(truncate(path, 0), 0);
    CHECK_EQ(truncate(path, 4 * MIB), 0); /* smaller ones are looked at as floppies */
    int ret = ub_signature(path, what, sizeof what);
    if (ret == -ENOSYS) {
        test_note("signatures are not tested: there is no libblkid");
        unlink(path);
        return;
    }
    CHECK_EQ(ret, 0);
    CHECK_EQ(what[0], 0);
    /* md 0.90: in the last 64 KiB. */
    const uint32_t md[] = {0xa92b4efc, 0, 90, 0};
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    CHECK_EQ(pwrite(fd, md, sizeof md, 4 * MIB - 64 * KIB), (long)sizeof md);
    close(fd);
    CHECK_EQ(ub_signature(path, what, sizeof what), 1);
    CHECK(strcmp(what, "linux_raid_member (raid)") == 0);
    char few[6];
    CHECK_EQ(ub_signature(path, few, sizeof few), 1);
    CHECK(strcmp(few, "linux") == 0);
    CHECK_EQ(ub_signature(test_path("missing"), what, sizeof what), -ENOENT);
    unlink(path);
}

static void test_loop(void)
{
    uint64_t dev, inode, rdev;
    const char *path = test_path("no loop");
    test_context("loop");
    test_fill_file(path, KIB, 1);
    CHECK_EQ(ub_loop_backing(path, &dev, &inode, &rdev), -ENOTTY);
    CHECK_EQ(ub_loop_backing(test_path("missing"), &dev, &inode, &rdev), -ENOENT);
    unlink(path);
}

int main(void)
{
    test_signature();
    test_loop();
    return 0;
}
