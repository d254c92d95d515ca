/* How fast a CPU is: plausible figures of the CPU that was asked for, and nothing left of it in the caller.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include "fixture.h"

#define NS_IN_PS UINT64_C(1000)

static int first_cpu(const cpu_set_t *set)
{
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, set))
            return cpu;
    return -1;
}

static void check_plausible(const uint64_t ps[UB_CALIBRATED])
{
    /* Sanitizers make the loop slow; a virtual machine's system calls may take microseconds. */
    CHECK_BETWEEN(10 * NS_IN_PS, ps[UB_CALIBRATED_SYSCALL], 100000 * NS_IN_PS);
    CHECK_BETWEEN(1 * NS_IN_PS, ps[UB_CALIBRATED_NULL], 100000 * NS_IN_PS);
}

static void test_anywhere(void)
{
    const uint64_t any[UB_MAX_CPUS / 64] = {0};
    uint64_t ps[UB_CALIBRATED] = {0};
    test_context("any CPU");
    CHECK_EQ(ub_calibrate(any, ps), 0);
    check_plausible(ps);
}

static void test_bound(void)
{
    uint64_t cpus[UB_MAX_CPUS / 64] = {0}, ps[UB_CALIBRATED] = {0};
    cpu_set_t before, after;
    char name[16], name_after[16];
    test_context("one CPU");
    CHECK_EQ(sched_getaffinity(0, sizeof before, &before), 0);
    pthread_getname_np(pthread_self(), name, sizeof name);
    int cpu = first_cpu(&before);
    cpus[cpu / 64] |= UINT64_C(1) << (cpu % 64);
    CHECK_EQ(ub_calibrate(cpus, ps), 0);
    check_plausible(ps);
    CHECK_EQ(sched_getaffinity(0, sizeof after, &after), 0);
    CHECK(CPU_EQUAL(&before, &after));
    pthread_getname_np(pthread_self(), name_after, sizeof name_after);
    CHECK(strcmp(name, name_after) == 0);
}

static void test_nowhere(void)
{
    uint64_t cpus[UB_MAX_CPUS / 64] = {0}, ps[UB_CALIBRATED] = {0};
    test_context("a CPU that is not there");
    cpus[UB_MAX_CPUS / 64 - 1] = UINT64_C(1) << 63;
    CHECK_EQ(ub_calibrate(cpus, ps), -EINVAL);
    CHECK_EQ(ps[UB_CALIBRATED_SYSCALL], 0);
}

int main(void)
{
    test_anywhere();
    test_bound();
    test_nowhere();
    return 0;
}
