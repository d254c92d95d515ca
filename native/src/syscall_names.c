/* Names of system calls, as the headers that this was built with number them. */
#include <stddef.h>
#include <sys/syscall.h>
#include "syscall_names.h" /* UB_SYSCALL_NAMES(F): F(name) for each, made by the Makefile */
#include "ub_api.h"

#define ENTRY(name) {__NR_##name, #name},

const char *ub_syscall_name(uint32_t number)
{
    static const struct {
        uint32_t number;
        const char *name;
    } names[] = {UB_SYSCALL_NAMES(ENTRY)};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    return NULL;
}
