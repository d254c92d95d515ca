# From the preprocessor's list of macros (cc -E -dM): UB_SYSCALL_NAMES(F), with an F(name) for each system call.
/^#define __NR_[a-z]/ && !/__NR_(syscalls|arch_specific_syscall)/ { names = names " F(" substr($2, 6) ")" }
END { print "#define UB_SYSCALL_NAMES(F)" names }
