#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "test.h"

static char context[256];
static char directory[256];
static pid_t owner; /* a forked child must not remove it */

static void remove_directory(void)
{
    if (!directory[0] || owner != getpid())
        return;
    DIR *dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(directory);
}

noreturn void test_fail(const char *file, int line, const char *format, ...)
{
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    const char *name = strrchr(file, '/');
    fprintf(stderr, "%s:%d: %s%s%s\n", name ? name + 1 : file, line, context, context[0] ? ": " : "", what);
    remove_directory();
    _exit(1); /* other threads may be at work: nothing of theirs is torn down */
}

void test_check_eq(const char *file, int line, const char *what, long long got, long long want)
{
    if (got != want)
        test_fail(file, line, "%s: %lld, not %lld", what, got, want);
}

void test_check_between(const char *file, int line, const char *what, double low, double value, double high)
{
    if (!(value >= low && value <= high))
        test_fail(file, line, "%s: %.9g is not in %.9g .. %.9g", what, value, low, high);
}

void test_context(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
}

static void say(const char *format, va_list args)
{
    vprintf(format, args);
    putchar('\n');
    fflush(stdout);
}

void test_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

noreturn void test_skip(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    exit(TEST_SKIPPED);
}

const char *test_dir(void)
{
    if (directory[0])
        return directory;
    const char *parent = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/uring-bench-ctest-XXXXXX",
             parent && parent[0] ? parent : "/var/tmp");
    if (!mkdtemp(directory)) {
        fprintf(stderr, "%s: %s\n", directory, strerror(errno));
        _exit(1);
    }
    owner = getpid();
    atexit(remove_directory);
    return directory;
}

const char *test_path(const char *format, ...)
{
    static char paths[64][384]; /* static, so that no leak is seen */
    static int used;
    CHECK(used < 64);
    char *path = paths[used++];
    int length = snprintf(path, sizeof paths[0], "%s/", test_dir());
    va_list args;
    va_start(args, format);
    vsnprintf(path + length, sizeof paths[0] - (size_t)length, format, args);
    va_end(args);
    return path;
}

int test_can_direct(void)
{
    static int can = -1;
    if (can >= 0)
        return can;
    const char *path = test_path("direct");
    test_fill_file(path, 4096, 1);
    int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
    _Alignas(4096) static unsigned char block[4096];
    can = fd >= 0 && pread(fd, block, sizeof block, 0) == (ssize_t)sizeof block;
    if (fd >= 0)
        close(fd);
    unlink(path);
    return can;
}

static void write_file(const char *path, const void *content, uint64_t bytes, int on_disk)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    for (uint64_t at = 0; at < bytes;) {
        ssize_t n = write(fd, (const char *)content + at, bytes - at);
        CHECK(n > 0);
        at += (uint64_t)n;
    }
    CHECK(!on_disk || fsync(fd) == 0);
    close(fd);
}

void test_fill_file(const char *path, uint64_t bytes, int byte)
{
    unsigned char *content = malloc(bytes);
    CHECK(content);
    memset(content, byte, bytes);
    write_file(path, content, bytes, 0);
    free(content);
}

void test_stamp_file(const char *path, uint64_t bytes, uint64_t tag)
{
    unsigned char *content = malloc(bytes);
    CHECK(content);
    memset(content, 0xa5, bytes);
    for (uint64_t at = 0; at + 16 <= bytes; at += 4096) {
        const uint64_t words[2] = {at, tag};
        memcpy(content + at, words, sizeof words);
    }
    write_file(path, content, bytes, 1);
    free(content);
}

unsigned char *test_read_file(const char *path, uint64_t *bytes)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && fstat(fd, &st) == 0);
    *bytes = (uint64_t)st.st_size;
    unsigned char *content = malloc(*bytes + 1);
    CHECK(content);
    CHECK_EQ(read(fd, content, *bytes + 1), *bytes);
    close(fd);
    return content;
}

uint64_t test_now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void test_sleep_ms(int ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&ts, NULL);
}

int test_open_descriptors(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    CHECK(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count - 1; /* without the one that looked */
}

int test_mappings(const char *text)
{
    int count = 0;
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "re");
    CHECK(maps);
    while (fgets(line, sizeof line, maps))
        count += strstr(line, text) != NULL;
    fclose(maps);
    return count;
}
