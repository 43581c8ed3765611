#ifndef BENCH_WORK_H
#define BENCH_WORK_H
/*
 * work: the posts that every bench program applies, so that Sluice, its ceiling and its rival do the same.
 *
 * Post i comes from client i % width. A client lives through one run after another: 5 jobs of 8 steps, each
 * step one post with a text of about 8 KiB that looks like the output of a build (zstd -1 makes some 1.8 KiB
 * of it, as it does of real ones). So at any moment `width` runs grow side by side, and a batch touches as
 * many runs as there are clients. No key comes twice. Everything follows from a fixed seed.
 */
#include "model/step.h"

#define WORK_TEXTS 64
#define WORK_JOBS 5
#define WORK_STEPS 8
#define WORK_REPO "acme/widget"
#define WORK_JSON_BYTES 8192 /* of a post's body, as near as lines allow from below */

struct work_key {
	uint64_t run; /* from 1 */
	unsigned job, step;
};

struct work_key work_key(uint64_t i, unsigned width);

/* The texts, made at the first call. Not for threads to call first. */
struct str work_text(uint64_t i);

struct work_names { /* room for the strings that a work's facts point into */
	char sha[41], run_id[24], job[16], step[16];
};
/* Everything a post of that key tells, as the server would hand it to the store. */
struct step_facts work_facts(struct work_key k, struct work_names *names);

#endif
