/*
 * libbpf, loaded when tracing is asked for: nothing else here needs it. Its types are known by name only; the
 * functions are those that version 1.0 and later have.
 */
#ifndef UB_BPF_H
#define UB_BPF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>
#include <linux/btf.h>

struct bpf_object;
struct bpf_program;
struct bpf_map;
struct bpf_link;
struct btf;
typedef int (*ub_bpf_print)(int level, const char *format, va_list args);

struct ub_bpf {
    ub_bpf_print (*set_print)(ub_bpf_print);
    struct bpf_object *(*open_mem)(const void *object, size_t bytes, const void *options);
    int (*load)(struct bpf_object *);
    void (*close)(struct bpf_object *);
    struct bpf_program *(*find_program)(const struct bpf_object *, const char *name);
    int (*set_autoload)(struct bpf_program *, _Bool);
    int (*program_fd)(const struct bpf_program *);
    struct bpf_link *(*attach)(const struct bpf_program *);
    struct bpf_link *(*attach_perf_event)(const struct bpf_program *, int fd);
    int (*link_destroy)(struct bpf_link *);
    struct bpf_map *(*find_map)(const struct bpf_object *, const char *name);
    int (*map_fd)(const struct bpf_map *);
    int (*lookup)(int fd, const void *key, void *value);
    int (*update)(int fd, const void *key, const void *value, uint64_t flags);
    int (*delete)(int fd, const void *key);
    int (*next_key)(int fd, const void *key, void *next);
    int (*info)(int fd, void *info, uint32_t *bytes);
    int (*enable_stats)(enum bpf_stats_type);
    int (*possible_cpus)(void);
    struct btf *(*kernel_btf)(void);
    int32_t (*btf_find)(const struct btf *, const char *name, uint32_t kind);
    const struct btf_type *(*btf_type)(const struct btf *, uint32_t id);
    void (*btf_free)(struct btf *);
};

/* NULL where there is none. */
const struct ub_bpf *ub_bpf_library(void);
/* What it said last, at a failure. */
const char *ub_bpf_said(void);

#endif
