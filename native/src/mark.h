/*
 * How a job tells the programs that trace a trial (explain.h) when it is in its window. A job that is not
 * traced has no mark, and all of this does nothing then.
 */
#ifndef UB_MARK_H
#define UB_MARK_H

#include "ub_abi.h"
#include "ub_explain.h"

/* The marks as a job has them mapped; NULL: not traced. */
struct ub_marks {
    struct ub_mark_head *head;
    struct ub_mark *own;
};

/* In a process of its own a job has the map by this descriptor, whatever the arena says. */
void ub_mark_inherit(int fd);
/* The calling thread is the job of this index from now on, if the arena is of a traced trial. */
void ub_mark_join(struct ub_marks *marks, const struct ub_arena *arena, uint32_t index);
/* Its window begins, or goes on; ends, or pauses. */
void ub_mark_open(const struct ub_marks *marks);
void ub_mark_close(const struct ub_marks *marks);
void ub_mark_leave(struct ub_marks *marks);

/* The thread that calls tells the programs who it is: slot of struct ub_mark, or UB_MARK_RUNNER. */
void ub_mark_announce(uint32_t nonce, uint32_t slot);
#define UB_MARKS_BYTES ((UB_EXPLAIN_JOBS + 1) * sizeof(struct ub_mark))
/* Opens and closes the window of all: count is how many jobs come or go. */
void ub_mark_window_open(struct ub_mark_head *head, uint64_t now);
void ub_mark_window_close(struct ub_mark_head *head, uint64_t now);

#endif
