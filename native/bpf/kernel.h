/* What of the kernel's structures is looked at. Only names and kinds count: where a member lies in the
 * running kernel is found by its own type information (CO-RE), a suffix ___x is another shape of the same
 * structure. */
#ifndef UB_BPF_KERNEL_H
#define UB_BPF_KERNEL_H

#include "bpf.h"

#define PF_IO_WORKER 0x00000010
#define PF_WQ_WORKER 0x00000020
#define PF_KTHREAD   0x00200000
#define CLONE_THREAD 0x00010000

#define TASK_UNINTERRUPTIBLE 0x0002
#define TASK_DEAD            0x0080

#define IORING_SETUP_IOPOLL (1u << 0)
#define FMODE_NOWAIT        (1u << 27) /* the file can be asked without waiting; since Linux 4.13 */

typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

struct sched_entity {
    u64 sum_exec_runtime;
} RELOCATED;

struct task_struct {
    unsigned int __state;
    unsigned int flags;
    int pid;
    int tgid;
    char comm[16];
    struct sched_entity se;
    u64 utime;
    u64 stime;
    unsigned long nvcsw;
    unsigned long nivcsw;
    unsigned in_iowait : 1;
} RELOCATED;

struct pt_regs___x86 {
    unsigned long orig_ax;
} RELOCATED;

struct pt_regs___arm64 {
    int syscallno;
} RELOCATED;

struct request {
    unsigned int __data_len;
} RELOCATED;

struct io_ring_ctx {
    unsigned int flags;
} RELOCATED;

struct file {
    unsigned int f_mode;
} RELOCATED;

struct io_kiocb {
    struct file *file;
    unsigned char opcode;
    struct io_ring_ctx *ctx;
} RELOCATED;

struct address_space;
struct folio {
    unsigned long index;
    struct address_space *mapping;
} RELOCATED;

struct folio___word { /* before 6.18 */
    unsigned long flags;
} RELOCATED;

typedef struct {
    unsigned long f;
} memdesc_flags_t;
struct folio___memdesc {
    memdesc_flags_t flags;
} RELOCATED;

struct folio___pages { /* since 6.15; valid of large ones alone, as the next */
    unsigned int _nr_pages;
} RELOCATED;
struct folio___folio_pages {
    unsigned int _folio_nr_pages;
} RELOCATED;

enum pageflags___head { PG_head___head = 0xff };

#endif
