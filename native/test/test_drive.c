/* What a drive is asked for, where there is none: the answers are errors, and nothing is written. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fixture.h"

static void test_log(void)
{
    char log[512], few[2];
    uint32_t status = 1;
    const char *path = test_path("no drive");
    test_context("log page");
    test_fill_file(path, KIB, 1);
    CHECK_EQ(ub_nvme_log(path, 2, log, sizeof log, &status), -ENOTTY);
    CHECK_EQ(status, 0);
    CHECK_EQ(ub_nvme_log(path, 2, few, sizeof few, &status), -EINVAL);
    CHECK_EQ(ub_nvme_log(path, 2, log, 0, &status), -EINVAL);
    CHECK_EQ(ub_nvme_log(test_path("missing"), 2, log, sizeof log, &status), -ENOENT);
    unlink(path);
}

static void test_purge(void)
{
    uint32_t status = 1;
    const char *path = test_path("no device");
    test_context("purge");
    test_fill_file(path, KIB, 1);
    const uint32_t ways[] = {UB_PURGE_DISCARD, UB_PURGE_SECURE, UB_PURGE_FORMAT};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        CHECK_EQ(ub_purge(path, ways[i], &status), -ENOTTY);
        CHECK_EQ(status, 0);
    }
    struct stat facts;
    CHECK_EQ(stat(path, &facts), 0);
    CHECK_EQ(facts.st_size, KIB);
    CHECK_EQ(ub_purge(test_path("missing"), UB_PURGE_DISCARD, &status), -ENOENT);
    unlink(path);
}

int main(void)
{
    test_log();
    test_purge();
    return 0;
}
