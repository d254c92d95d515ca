/* What a program in the kernel is written with: the kernel's helper functions by their numbers (linux/bpf.h),
 * how maps are declared for libbpf, and access to the kernel's structures that is adapted to the running
 * kernel at load. */
#ifndef UB_BPF_H
#define UB_BPF_H

#include <stdint.h>

#define SEC(name)               __attribute__((section(name), used))
#define INLINE                  static inline __attribute__((always_inline))
#define RELOCATED               __attribute__((preserve_access_index))
#define EXISTS(x)               __builtin_preserve_field_info(x, 2)
#define ENUM_EXISTS(type, name) __builtin_preserve_enum_value(*(type *)name, 0)
#define ENUM_VALUE(type, name)  __builtin_preserve_enum_value(*(type *)name, 1)
#define ONCE(x)                 (*(volatile typeof(x) *)&(x))
#define UNROLLED                _Pragma("unroll")

/* Map declarations: a number is an array's size, as libbpf reads them from the object's BTF. */
#define MAP_NUMBER(name, value) int(*name)[value]
#define MAP_TYPE(name, value)   typeof(value) *name

#define MAP_HASH         1
#define MAP_ARRAY        2
#define MAP_PERCPU_HASH  5
#define MAP_PERCPU_ARRAY 6
#define MAP_STACK_TRACE  7
#define MAP_LRU_HASH     9
#define MAP_F_MMAPABLE   (1u << 10)
#define MAP_ANY          0
#define MAP_NOEXIST      1

struct task_struct;
struct pt_regs;

static void *(*map_find)(void *map, const void *key) = (void *)1;
static long (*map_put)(void *map, const void *key, const void *value, uint64_t flags) = (void *)2;
static long (*map_delete)(void *map, const void *key) = (void *)3;
static uint64_t (*now_ns)(void) = (void *)5;
static long (*stack_id)(void *ctx, void *map, uint64_t flags) = (void *)27;
static struct task_struct *(*current_task)(void) = (void *)158;
static long (*task_regs)(struct task_struct *task) = (void *)175;

#endif
