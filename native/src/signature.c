/*
 * What is on a device: signatures of file systems, volumes and partition tables as libblkid knows them, also
 * those at its end. The library is loaded when it is asked for: it is there wherever mount is, but nothing
 * here needs it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/loop.h>
#include "job.h"
#include "ub_api.h"

/* blkid/blkid.h */
#define SUBLKS_TYPE     (1 << 5)
#define SUBLKS_USAGE    (1 << 7)
#define SUBLKS_MAGIC    (1 << 9)
#define SUBLKS_BADCSUM  (1 << 10)
#define PARTS_FORCE_GPT (1 << 1)
#define PARTS_MAGIC     (1 << 3)

typedef struct blkid_struct_probe *probe_t;

static struct {
    probe_t (*new_probe)(void);
    void (*free_probe)(probe_t);
    int (*set_device)(probe_t, int fd, int64_t offset, int64_t size);
    int (*enable_superblocks)(probe_t, int);
    int (*set_superblocks_flags)(probe_t, int);
    int (*enable_partitions)(probe_t, int);
    int (*set_partitions_flags)(probe_t, int);
    int (*do_probe)(probe_t);
    int (*lookup_value)(probe_t, const char *name, const char **value, size_t *len);
    int loaded;
} blkid;

static void load(void)
{
    const char *name = getenv("URING_BENCH_LIBBLKID"); // NOLINT(concurrency-mt-unsafe): nothing here sets it
    void *library = dlopen(name ? name : "libblkid.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return;
    const struct {
        const char *name;
        void *to;
    } symbols[] = {
        {"blkid_new_probe", &blkid.new_probe},
        {"blkid_free_probe", &blkid.free_probe},
        {"blkid_probe_set_device", &blkid.set_device},
        {"blkid_probe_enable_superblocks", &blkid.enable_superblocks},
        {"blkid_probe_set_superblocks_flags", &blkid.set_superblocks_flags},
        {"blkid_probe_enable_partitions", &blkid.enable_partitions},
        {"blkid_probe_set_partitions_flags", &blkid.set_partitions_flags},
        {"blkid_do_probe", &blkid.do_probe},
        {"blkid_probe_lookup_value", &blkid.lookup_value},
    };
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol) {
            dlclose(library);
            return;
        }
        *(void **)symbols[i].to = symbol; /* as dlsym(3) has it: C has no other way */
    }
    blkid.loaded = 1;
}

/* The first thing that is found, as "ext4 (filesystem)", or "gpt (partition table)". */
static int look(probe_t probe, char *what, size_t bytes)
{
    blkid.enable_superblocks(probe, 1);
    /* A damaged superblock is one, too: its owner may still want what is behind it. */
    blkid.set_superblocks_flags(probe, SUBLKS_TYPE | SUBLKS_USAGE | SUBLKS_MAGIC | SUBLKS_BADCSUM);
    blkid.enable_partitions(probe, 1);
    blkid.set_partitions_flags(probe, PARTS_FORCE_GPT | PARTS_MAGIC);
    int ret = blkid.do_probe(probe);
    if (ret != 0)
        return ret == 1 ? 0 : -EIO;
    const char *type, *usage;
    if (blkid.lookup_value(probe, "TYPE", &type, NULL) == 0) {
        if (blkid.lookup_value(probe, "USAGE", &usage, NULL) != 0)
            usage = "unknown use";
        snprintf(what, bytes, "%s (%s)", type, usage);
    } else if (blkid.lookup_value(probe, "PTTYPE", &type, NULL) == 0) {
        snprintf(what, bytes, "%s (partition table)", type);
    } else {
        snprintf(what, bytes, "a signature");
    }
    return 1;
}

int ub_signature(const char *path, char *what, uint64_t bytes)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    if (!blkid.loaded)
        return -ENOSYS;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    probe_t probe = blkid.new_probe();
    int ret = -ENOMEM;
    if (probe)
        /* A device of no size is refused, and holds nothing. */
        ret = blkid.set_device(probe, fd, 0, 0) == 0 ? look(probe, what, bytes) : -EIO;
    if (probe)
        blkid.free_probe(probe);
    close(fd);
    return ret;
}

int ub_loop_backing(const char *path, uint64_t *dev, uint64_t *inode, uint64_t *rdev)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    struct loop_info64 info = {0};
    int ret = ioctl(fd, LOOP_GET_STATUS64, &info) < 0 ? -errno : 0;
    close(fd);
    *dev = info.lo_device;
    *inode = info.lo_inode;
    *rdev = info.lo_rdevice;
    return ret;
}
