/*
 * ceiling: the posts of work.h put into the store as the server's writer puts them, without HTTP, JSON,
 * masking or compressing: what the database alone can do. One thread, transactions of 64 posts.
 *
 *	ceiling DATA_FOLDER [SECONDS] [WIDTH]
 *
 * WIDTH is how many runs grow side by side, as the number of clients in load. Prints one line: posts=, rate=.
 */
#include "work.h"

#include "base/clock.h"
#include "base/zst.h"
#include "store/nouns.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH 64

struct ceiling {
	struct store_op op; /* first: the writer hands it back */
	struct buf frames[WORK_TEXTS];
	int64_t repo_id, now;
	uint64_t next; /* number of the first post of the batch */
	unsigned width;
};

static void must(enum err_code code, const struct err *e)
{
	if (code == ERR_OK)
		return;
	fprintf(stderr, "ceiling: %s\n", e->text);
	exit(1);
}

static enum err_code watch_repo(struct store_op *op, struct db *db, struct err *e)
{
	struct ceiling *c = (struct ceiling *)(void *)op;
	bool new;

	return repos_add(db, STR("default"), STR(WORK_REPO), c->now, &c->repo_id, &new, e);
}

static enum err_code put_batch(struct store_op *op, struct db *db, struct err *e)
{
	struct ceiling *c = (struct ceiling *)(void *)op;

	for (uint64_t i = c->next; i < c->next + BATCH; i++) {
		struct work_names names;
		struct step_facts f = work_facts(work_key(i, c->width), &names);
		struct tail_size size = { .n_lines = 100, .n_bytes = (int64_t)work_text(i).len };
		int64_t id;

		TRY(steps_put(
			db, c->repo_id, &f, &size, buf_view(&c->frames[i % WORK_TEXTS]), c->now, &id, e));
	}
	return ERR_OK;
}

int main(int argc, char **argv)
{
	struct ceiling c = { .op.bytes = 1, .width = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 128 };
	int64_t for_ms = argc > 2 ? (int64_t)(atof(argv[2]) * 1000) : 3000, begun, at;
	struct store_options o = { .data = argc > 1 ? argv[1] : NULL };
	struct store *s = NULL;
	struct err e;

	if (!o.data || for_ms <= 0 || c.width == 0) {
		fprintf(stderr, "usage: ceiling DATA_FOLDER [SECONDS] [WIDTH]\n");
		return 2;
	}
	must(store_open(&o, &s, &e), &e);
	for (size_t t = 0; t < WORK_TEXTS; t++) {
		buf_init(&c.frames[t], 65536);
		must(zst_compress(work_text(t), 1, &c.frames[t], &e), &e);
	}
	c.now = clock_wall_ms(&clock_system);
	c.op.apply = watch_repo;
	must(store_write(s, &c.op, &e), &e);
	c.op.apply = put_batch;
	begun = clock_steady_ms(&clock_system);
	do {
		must(store_write(s, &c.op, &e), &e);
		c.next += BATCH;
		at = clock_steady_ms(&clock_system);
	} while (at - begun < for_ms);
	printf("posts=%llu rate=%.1f\n", (unsigned long long)c.next,
		(double)c.next * 1000 / (double)(at - begun));
	for (size_t t = 0; t < WORK_TEXTS; t++)
		buf_done(&c.frames[t]);
	store_close(s);
	return 0;
}
