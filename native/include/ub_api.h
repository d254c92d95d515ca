/*
 * The functions that the library exports; src/native/library.ts is the only caller. Integers, buffers and
 * handles only. A negative result is -errno; where a stage is asked for it says what failed.
 */
#ifndef UB_API_H
#define UB_API_H

#include "ub_abi.h"
#include "ub_explain.h"
#include "ub_series.h"

#define UB_EXPORT __attribute__((visibility("default")))

/* Of what the functions below fill in; src/native/look.ts has them too. */
#define UB_LOOK_FACTS  5
#define UB_LOOK_OPS    256
#define UB_FILE_LIMITS 6

/* Ends the process at once with this exit code: nothing that exit(3) calls is run, no stream is flushed. */
UB_EXPORT void ub_leave(int code);

/* Version of the library and of the ABI: "0.1.0 abi 8". Static. */
UB_EXPORT const char *ub_version(void);
/* Version of glibc at run time, static; NULL with another C library. */
UB_EXPORT const char *ub_glibc(void);

/* A zeroed arena of size bytes in a memfd (close-on-exec) -> fd, its mapping in *arena; or -errno. */
UB_EXPORT int ub_arena_create(uint64_t size, void **arena);
UB_EXPORT int ub_arena_destroy(void *arena, int fd);
/* Copies in and out; -ERANGE outside the arena. */
UB_EXPORT int ub_arena_read(const void *arena, uint64_t offset, void *to, uint64_t bytes);
UB_EXPORT int ub_arena_write(void *arena, uint64_t offset, const void *from, uint64_t bytes);
/* Tells all jobs to end. Safe in any state. */
UB_EXPORT int ub_arena_stop(void *arena);
/*
 * Adds up operation op's latency kind lat over jobs first..first+count-1: counts (UB_HIST_COUNTS) and total.
 */
UB_EXPORT int ub_arena_merge(const void *arena, uint32_t op, uint32_t lat, uint32_t first, uint32_t count,
                             uint64_t *counts, struct ub_latency *total);
/*
 * A trial as it goes on: what its jobs have counted since the look before this one, over all of them. It
 * only reads, so jobs know nothing of it; what they do meanwhile is in this look or in the next one, and the
 * looks add up to what the jobs have counted in the end. Histograms are counts as HdrHistogram's V2 has them:
 * ZigZag LEB128, of so many empty buckets the negative number -> 0 or -errno. One thread at a time.
 */
UB_EXPORT int ub_series_open(const void *arena, void **series);
UB_EXPORT int ub_series_take(void *series, struct ub_series_look *look, void *to, uint64_t room);
UB_EXPORT int ub_series_close(void *series);
/* Picks and calibrates the clock once a process (about 10 ms) -> UB_CLOCK_*; *hz is 0 without TSC. */
UB_EXPORT int ub_clock_init(uint64_t *hz);

/* Starts jobs first..first+count-1 of the arena, each on its own native thread -> 0 or -errno. */
UB_EXPORT int ub_jobs_start(void *arena, uint32_t first, uint32_t count);
/* Waits for the threads of the last ub_jobs_start of this arena. */
UB_EXPORT int ub_jobs_join(void *arena);
/* Runs job index on the calling thread, which belongs to a runtime: returns when the job has ended. */
UB_EXPORT int ub_job_call(void *arena, uint32_t index);
/*
 * The thread that was to call ub_job_call has ended: unless the job has run, tells the others to stop and
 * not to wait for it.
 */
UB_EXPORT int ub_job_absent(void *arena, uint32_t index);

/*
 * How fast a CPU among these (bits; none: any that the caller may use) is now, by UB_CALIBRATED_*, in some
 * 10 ms -> 0 or -errno. Not beside jobs of this process: it runs one of its own.
 */
UB_EXPORT int ub_calibrate(const uint64_t cpus[UB_MAX_CPUS / 64], uint64_t ps[UB_CALIBRATED]);

/* Whether the kernel counts this (UB_COUNT_*) for a thread of this process: 0 or -errno. */
UB_EXPORT int ub_count_possible(uint32_t count);

/*
 * Whether the kernel lets this backend with these features work here, with that many jobs of this depth and
 * buffer size at a time -> 0 or -errno with stage. Nothing is kept.
 */
UB_EXPORT int ub_probe(uint32_t backend, uint64_t features, uint32_t op_mask, uint32_t depth,
                       uint64_t buffer_bytes, uint32_t jobs, char stage[UB_STAGE_BYTES]);

/*
 * What this kernel's io_uring can do here. facts: IORING_FEAT_*, the IORING_SETUP_* that it knows, those of
 * them that it refuses to this process, whether IORING_REGISTER_QUERY answered (6.18), the number of
 * operations that it has by that. ops[n] is 1 for each IORING_OP_* that it supports -> 0 or -errno with
 * stage; facts that were learnt before that stay.
 */
UB_EXPORT int ub_uring_look(uint64_t facts[UB_LOOK_FACTS], unsigned char ops[UB_LOOK_OPS],
                            char stage[UB_STAGE_BYTES]);
/* The features of io_uring (bits) of which the kernel says by itself whether it has them, and those of them
 * that it has not -> 0, or -errno where it does not say (before 6.18). */
UB_EXPORT int ub_uring_tells(uint64_t told[2]);
/*
 * What statx says of a file or device, in bytes: O_DIRECT's alignment of memory, of offset and length, of
 * reads alone; the smallest and largest untorn write, and the largest that is not slower -> 0 or -errno. 0:
 * not said.
 */
UB_EXPORT int ub_file_limits(const char *path, uint32_t limits[UB_FILE_LIMITS]);
/* Whether reads of this file may have RWF_DONTCACHE: 0, -ENOSYS (the kernel), -EOPNOTSUPP (the file system).
 */
UB_EXPORT int ub_dontcache(const char *path);

/*
 * Files: drop clean cached pages; memory and offset alignment of O_DIRECT (0: not said); where the first hole
 * (data = 0) or data (data = 1) at or after from begins, the file's size when there is none.
 */
UB_EXPORT int ub_drop_cache(const char *path);
/* Empties a file, makes room for so many bytes (UB_ROOM_*), and has all that on the device -> 0 or -errno. */
UB_EXPORT int ub_make_room(const char *path, uint64_t bytes, uint32_t how);
UB_EXPORT int ub_dio_align(const char *path, uint32_t *memory, uint32_t *offset);
UB_EXPORT int64_t ub_seek(const char *path, int64_t from, int data);
/* An exclusive flock(2) on an open file, without waiting -> 0, -EAGAIN when another holds it, -errno. */
UB_EXPORT int ub_lock(int fd);
/*
 * What libblkid finds on a device, also at its end -> 1 with its name, at most bytes of text, 0 for nothing,
 * -ENOSYS without libblkid, -errno.
 */
UB_EXPORT int ub_signature(const char *path, char *what, uint64_t bytes);
/* What a loop device reads and writes (LOOP_GET_STATUS64), in numbers of stat(2) -> 0, -ENXIO when it is
 * free, -errno. */
UB_EXPORT int ub_loop_backing(const char *path, uint64_t *dev, uint64_t *inode, uint64_t *rdev);
/*
 * A log page of an NVMe drive; bytes: a multiple of 4 -> 0, -ENOTTY when it is none, -EREMOTEIO when the
 * drive refuses, with its status code, -errno.
 */
UB_EXPORT int ub_nvme_log(const char *path, uint32_t page, void *to, uint32_t bytes, uint32_t *status);
/* Everything on a device goes: UB_PURGE_*. Returns as ub_nvme_log. */
UB_EXPORT int ub_purge(const char *path, uint32_t how, uint32_t *status);
/*
 * Tracing (ub_explain.h). A tracer's programs are in the kernel from open to close, at their trace points
 * from start to stop; all of it goes with the process, whatever way that ends. says: what went wrong, in
 * words.
 */
/* 0 when it can be done here; UB_EXPLAIN_NO_*; or -errno. */
UB_EXPORT int ub_explain_probe(void);
/* full: with the hooks that cost much -> the descriptor of the map of marks, or -errno. */
UB_EXPORT int ub_explain_open(uint32_t full, void **tracer, char says[UB_EXPLAIN_SAYS_BYTES]);
/*
 * Forgets what was seen before, and looks on: at jobs that have the map's descriptor in their arena (pid 0),
 * at all processes that this one starts from now on (its own pid), or at those of another process and what
 * they start. Unless pid is 0 the window lasts from start to stop -> 0 or -errno.
 */
UB_EXPORT int ub_explain_start(void *tracer, int pid, char says[UB_EXPLAIN_SAYS_BYTES]);
UB_EXPORT int ub_explain_stop(void *tracer);
/* Records of this kind (UB_EXPLAIN_READ_*), as many as fit in bytes -> how many, or -errno. After stop. */
UB_EXPORT int ub_explain_read(void *tracer, uint32_t kind, void *to, uint64_t bytes);
UB_EXPORT int ub_explain_close(void *tracer);
/* A system call of this machine by its number; static, NULL when it is not known. */
UB_EXPORT const char *ub_syscall_name(uint32_t number);

/*
 * One job of an arena given by descriptor, in this process and on this thread: the worker executable, which
 * ends with its parent. Of a traced trial the next descriptor is that of the map of marks.
 */
UB_EXPORT int ub_worker_main(int fd, uint32_t index, int parent);

#endif
