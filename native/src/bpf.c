#define _GNU_SOURCE
#include "bpf.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ub_bpf bpf;
static int loaded;
static char said[256];

/* The first warning of a failure is the one that says why; what follows is what failed in turn. */
static int note(int level, const char *format, va_list args)
{
    if (level == 0 && said[0] == 0) {
        vsnprintf(said, sizeof said, format, args);
        char *end = strpbrk(said, "\n");
        if (end)
            *end = 0;
    }
    return 0;
}

const char *ub_bpf_said(void)
{
    static char last[sizeof said];
    memcpy(last, said, sizeof said);
    said[0] = 0;
    return last;
}

static void load(void)
{
    const char *name = getenv("URING_BENCH_LIBBPF"); // NOLINT(concurrency-mt-unsafe): nothing here sets it
    void *library = dlopen(name ? name : "libbpf.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return;
    const struct {
        const char *name;
        void *to;
    } symbols[] = {
        {"libbpf_set_print", &bpf.set_print},
        {"bpf_object__open_mem", &bpf.open_mem},
        {"bpf_object__load", &bpf.load},
        {"bpf_object__close", &bpf.close},
        {"bpf_object__find_program_by_name", &bpf.find_program},
        {"bpf_program__set_autoload", &bpf.set_autoload},
        {"bpf_program__fd", &bpf.program_fd},
        {"bpf_program__attach", &bpf.attach},
        {"bpf_program__attach_perf_event", &bpf.attach_perf_event},
        {"bpf_link__destroy", &bpf.link_destroy},
        {"bpf_object__find_map_by_name", &bpf.find_map},
        {"bpf_map__fd", &bpf.map_fd},
        {"bpf_map_lookup_elem", &bpf.lookup},
        {"bpf_map_update_elem", &bpf.update},
        {"bpf_map_delete_elem", &bpf.delete},
        {"bpf_map_get_next_key", &bpf.next_key},
        {"bpf_obj_get_info_by_fd", &bpf.info},
        {"bpf_enable_stats", &bpf.enable_stats},
        {"libbpf_num_possible_cpus", &bpf.possible_cpus},
        {"btf__load_vmlinux_btf", &bpf.kernel_btf},
        {"btf__find_by_name_kind", &bpf.btf_find},
        {"btf__type_by_id", &bpf.btf_type},
        {"btf__free", &bpf.btf_free},
    };
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol) {
            dlclose(library);
            return;
        }
        *(void **)symbols[i].to = symbol; /* as dlsym(3) has it: C has no other way */
    }
    bpf.set_print(note);
    loaded = 1;
}

const struct ub_bpf *ub_bpf_library(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return loaded ? &bpf : NULL;
}
