/*
 * The programs of `--explain`: they look on at trace points of the kernel and add up what concerns the traced
 * threads. Nothing goes to user space one by one. Compiled once (make bpf); the object is part of the
 * library, which loads those programs that the running kernel has trace points for.
 */
#include "sched.h"
#include "block.h"
#include "irq.h"
#include "full.h"
#include "cache.h"

char object_license[] SEC("license") = "Dual MIT/GPL";
