/*
 * What every C test uses: assertions, a directory that goes away, files. A test is a program; it exits with
 * 0, 1 or TEST_SKIPPED (as liburing's tests do).
 */
#ifndef UB_TEST_H
#define UB_TEST_H

#include <stdint.h>
#include <stdnoreturn.h>

#define TEST_SKIPPED 77

/* The first failure ends the program, with what test_context was last told. */
#define CHECK(condition) ((condition) ? (void)0 : test_fail(__FILE__, __LINE__, "%s", #condition))
#define CHECK_EQ(got, want)                                                                                  \
    test_check_eq(__FILE__, __LINE__, #got " == " #want, (long long)(got), (long long)(want))
#define CHECK_BETWEEN(low, value, high)                                                                      \
    test_check_between(__FILE__, __LINE__, #value, (double)(low), (double)(value), (double)(high))

__attribute__((format(printf, 3, 4))) noreturn void test_fail(const char *file, int line, const char *format,
                                                              ...);
void test_check_eq(const char *file, int line, const char *what, long long got, long long want);
void test_check_between(const char *file, int line, const char *what, double low, double value, double high);
/* What is being tested from here on: the beginning of a failure's message. */
__attribute__((format(printf, 1, 2))) void test_context(const char *format, ...);
/* Says that a part can't be tested here; the rest goes on. */
__attribute__((format(printf, 1, 2))) void test_note(const char *format, ...);
/* Says why nothing can be tested here, and ends the program. */
__attribute__((format(printf, 1, 2))) noreturn void test_skip(const char *format, ...);

/* This process's directory for temporary files, in ${TMPDIR:-/var/tmp}; removed when the program ends. */
const char *test_dir(void);
/* A path in it; lives as long as the program. */
__attribute__((format(printf, 1, 2))) const char *test_path(const char *format, ...);
/* Whether files in it can be read with O_DIRECT. */
int test_can_direct(void);

/* A new file of that many bytes, all alike. */
void test_fill_file(const char *path, uint64_t bytes, int byte);
/* One to be read, already on the disk: each 4 KiB begins with its own offset and this tag, eight bytes each.
 */
void test_stamp_file(const char *path, uint64_t bytes, uint64_t tag);
/* The whole content, its length in *bytes; for the caller to free. */
unsigned char *test_read_file(const char *path, uint64_t *bytes);

uint64_t test_now_ns(void);
void test_sleep_ms(int ms);
int test_open_descriptors(void);
/* Mappings of this process whose line in /proc/self/maps contains the text. */
int test_mappings(const char *text);

#endif
