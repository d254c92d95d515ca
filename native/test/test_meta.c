/* Operations on names and lengths: what they leave in the tree, pass by pass, for every backend that has
 * them. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fixture.h"

#define ITEMS  24u
#define PASSES 3u
#define LENGTH 4096u

static const char *const names[UB_OPS] = {
    [UB_OP_CREATE] = "create",       [UB_OP_STAT] = "stat",   [UB_OP_OPEN] = "open",
    [UB_OP_RENAME] = "rename",       [UB_OP_LINK] = "link",   [UB_OP_UNLINK] = "unlink",
    [UB_OP_MKDIR] = "mkdir",         [UB_OP_RMDIR] = "rmdir", [UB_OP_FALLOCATE] = "fallocate",
    [UB_OP_FTRUNCATE] = "ftruncate",
};

/* What is in the tree, over all of its directories. */
struct seen {
    uint32_t first, second, directories; /* f.*, g.*, m.* */
    uint32_t long_ones, allocated;       /* files of LENGTH, and those that have blocks */
};

// NOLINTNEXTLINE(misc-no-recursion): as deep as the tree
static void look(const char *path, struct seen *seen)
{
    DIR *dir = opendir(path);
    CHECK(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char whole[512];
        struct stat st;
        if (entry->d_name[0] == '.')
            continue;
        CHECK(snprintf(whole, sizeof whole, "%s/%s", path, entry->d_name) < (int)sizeof whole);
        CHECK_EQ(lstat(whole, &st), 0);
        if (entry->d_name[0] == 'd')
            look(whole, seen);
        seen->first += entry->d_name[0] == 'f';
        seen->second += entry->d_name[0] == 'g';
        seen->directories += entry->d_name[0] == 'm';
        seen->long_ones += entry->d_name[0] == 'f' && st.st_size == LENGTH;
        seen->allocated += entry->d_name[0] == 'f' && st.st_blocks > 0;
    }
    closedir(dir);
}

/* After PASSES passes, an odd number: rename's and ftruncate's are on their way. */
static void check_tree(uint32_t op, const char *root, uint32_t jobs)
{
    struct seen seen = {0};
    uint32_t all = jobs * ITEMS;
    look(root, &seen);
    int removed = op == UB_OP_UNLINK || op == UB_OP_RMDIR || op == UB_OP_RENAME, dirs = op == UB_OP_MKDIR;
    CHECK_EQ(seen.first, removed || dirs ? 0 : all);
    CHECK_EQ(seen.second, op == UB_OP_RENAME || op == UB_OP_LINK ? all : 0);
    CHECK_EQ(seen.directories, dirs ? all : 0);
    if (op == UB_OP_FALLOCATE || op == UB_OP_FTRUNCATE)
        CHECK_EQ(seen.long_ones, all);
    if (op == UB_OP_FALLOCATE)
        CHECK_EQ(seen.allocated, all);
}

static struct ub_job tree_job(const struct variant *variant, uint32_t op, uint64_t ios)
{
    struct ub_job job = fixture_job(variant, 1u << op);
    job.items = ITEMS;
    job.item_bytes = op == UB_OP_CREATE || op == UB_OP_MKDIR || op == UB_OP_RMDIR ? 0 : LENGTH;
    job.dirs = 3;
    job.levels = 2;
    job.iodepth = 4;
    job.max_ios = ios;
    job.dist = UB_DIST_RANDOM;
    job.flags = job.flags & ~UB_FLAG_DIRECT;
    if (op == UB_OP_MKDIR || op == UB_OP_RMDIR)
        job.flags |= UB_FLAG_DIRECTORIES;
    return job;
}

static void check_result(const struct run *run, uint32_t op, uint64_t ios)
{
    for (uint32_t j = 0; j < run->njobs; j++) {
        const struct ub_result *result = &run->results[j];
        if (result->error)
            test_fail(__FILE__, __LINE__, "%s: %s", result->stage, strerror((int)result->error));
        CHECK_EQ(result->ops[op].ios, ios);
        CHECK_EQ(result->ops[op].lat[UB_LAT_TOTAL].count, ios);
        CHECK_EQ(result->ops[op].bytes, 0);
        CHECK_EQ(result->errors_total, 0);
        check_depth(run, j);
    }
}

static int opens(uint32_t op)
{
    return op == UB_OP_OPEN || op == UB_OP_CREATE;
}

/* Whether the backend and this kernel have the operation with these features. */
static int works(const struct variant *variant, uint32_t op)
{
    char stage[UB_STAGE_BYTES];
    if (!(variant->ops->op_mask & (1u << op)))
        return 0;
    int ret = ub_probe(variant->backend, variant->features, 1u << op, 4, 4096, 1, stage);
    if (ret < 0)
        test_note("%s: %s: %s", variant->name, stage, strerror(-ret));
    return ret == 0;
}

static void test_passes(const struct variant *variant, uint32_t op, uint32_t jobs)
{
    static int trees;
    char path[256];
    if (!works(variant, op))
        return;
    test_context("%s, %s, %u jobs", variant->name, names[op], jobs);
    CHECK(snprintf(path, sizeof path, "%s/tree%d", test_dir(), trees++) < (int)sizeof path);
    CHECK_EQ(mkdir(path, 0755), 0);
    const struct target root = {.path = path, .kind = 3};
    struct spec spec = {
        .job = tree_job(variant, op, (uint64_t)PASSES * ITEMS), .njobs = jobs, .nfiles = 1, .targets = &root};
    /* Twice: the second finds the tree as the first has left it. */
    for (int trial = 0; trial < 2; trial++) {
        struct run run;
        run_open(&run, &spec);
        for (uint32_t j = 0; j < jobs; j++)
            run.jobs[j].owner = j;
        run_start(&run);
        run_join(&run);
        check_result(&run, op, spec.job.max_ios);
        if (variant->backend != UB_BACKEND_NULL)
            check_tree(op, path, jobs);
        run_close(&run);
    }
}

static void test_variant(uint32_t backend, uint64_t features, const char *name)
{
    struct variant variant = variant_of(backend);
    variant.features = features;
    snprintf(variant.name, sizeof variant.name, "%s", name);
    for (uint32_t op = UB_OP_CREATE; op <= UB_OP_FTRUNCATE; op++) { /* whole files: test_whole.c */
        if (features && !opens(op) && (features & UB_FEATURE_DIRECTFILES || op % 3))
            continue; /* other features are alike for all: rename, mkdir, ... stand for them */
        test_passes(&variant, op, 1);
        if (!features)
            test_passes(&variant, op, 2);
    }
}

/* An item that is missing is an error of the operation, counted or the end. */
static void test_missing(uint32_t backend)
{
    struct variant variant = variant_of(backend);
    const char *path = test_path("missing%u", backend);
    if (!works(&variant, UB_OP_UNLINK))
        return;
    test_context("%s, an item is gone", variant.name);
    CHECK_EQ(mkdir(path, 0755), 0);
    const struct target root = {.path = path, .kind = 3};
    /* rmdir of a directory that is not empty */
    struct spec spec = {
        .job = tree_job(&variant, UB_OP_RMDIR, ITEMS), .njobs = 1, .nfiles = 1, .targets = &root};
    spec.job.levels = 0;
    spec.job.dist = UB_DIST_SEQUENTIAL;
    char inside[300];
    for (const char *const *name = (const char *const[]){"m.0.7", "m.0.7/x", NULL}; *name; name++) {
        CHECK(snprintf(inside, sizeof inside, "%s/%s", path, *name) < (int)sizeof inside);
        CHECK_EQ(mkdir(inside, 0755), 0);
    }
    for (int counted = 0; counted < 2; counted++) {
        struct run run;
        spec.job.flags = counted ? spec.job.flags | UB_FLAG_CONTINUE_WRITE : spec.job.flags;
        run_threads(&run, &spec);
        const struct ub_result *result = &run.results[0];
        CHECK_EQ(result->error, counted ? 0 : ENOTEMPTY);
        CHECK_EQ(result->nerrors, 1);
        CHECK_EQ(result->errors[0].first_offset, 7);
        CHECK_EQ(result->errors[0].first_file, 0);
        if (counted)
            CHECK_EQ(result->ops[UB_OP_RMDIR].ios + result->errors_total, ITEMS);
        else
            CHECK(strcmp(result->stage, "rmdir") == 0);
        run_close(&run);
    }
}

int main(void)
{
    int before = test_open_descriptors();
    test_variant(UB_BACKEND_SYNC, 0, "sync");
    test_variant(UB_BACKEND_NULL, 0, "null");
    test_variant(UB_BACKEND_THREADPOOL, 0, "threadpool");
    test_variant(UB_BACKEND_THREADPOOL, UB_FEATURE_SPIN, "threadpool+spin");
    test_missing(UB_BACKEND_SYNC);
    test_missing(UB_BACKEND_THREADPOOL);
    if (works(&(struct variant){.backend = UB_BACKEND_IO_URING,
                                .ops = ub_backend_ops(UB_BACKEND_IO_URING),
                                .name = "io_uring"},
              UB_OP_STAT)) {
        const uint64_t deferred = UB_FEATURE_SINGLE_ISSUER | UB_FEATURE_DEFER_TASKRUN;
        test_variant(UB_BACKEND_IO_URING, 0, "io_uring");
        test_variant(UB_BACKEND_IO_URING, UB_FEATURE_DIRECTFILES, "io_uring+directfiles");
        test_variant(UB_BACKEND_IO_URING, UB_FEATURE_DIRECTFILES | UB_FEATURE_LINKED,
                     "io_uring+directfiles+linked");
        test_variant(UB_BACKEND_IO_URING, deferred, "io_uring+defer_taskrun");
        test_variant(UB_BACKEND_IO_URING, UB_FEATURE_NO_SQARRAY | UB_FEATURE_REGISTERRING,
                     "io_uring+no_sqarray");
        test_variant(UB_BACKEND_IO_URING, UB_FEATURE_SQPOLL, "io_uring+sqpoll");
        test_missing(UB_BACKEND_IO_URING);
    }
    CHECK_EQ(test_open_descriptors(), before);
    return 0;
}
