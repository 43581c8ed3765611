/*
 * manage: repos and pins. Each change is one operation of the writer that is waited for, with its row of the audit: these are done by
 * people, a few a day.
 */
#include "service/manage.h"

#include "model/repo.h"
#include "service/audit.h"
#include "store/access_nouns.h"

struct repo_add {
	struct store_op op;
	const struct identity *by;
	struct str forge, name;
	int64_t now, id;
	bool new;
};

static enum err_code apply_repo_add(struct store_op *op, struct db *db, struct err *e)
{
	struct repo_add *w = (struct repo_add *)(void *)op;

	TRY(access_still(db, w->by, w->now, e));
	TRY(repos_add(db, w->forge, w->name, w->now, &w->id, &w->new, e));
	if (!w->new)
		return ERR_OK;
	return audit_deed(
		db, w->by, &(struct deed_done){ DEED_REPO_ADD, w->id, w->name, STR(""), w->now }, e);
}

static enum err_code read_repo(struct store *s, int64_t id, struct arena *a, struct repo *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = repos_get(db, a, id, ret, e);
	store_reader_put(s, db);
	return code;
}

enum err_code manage_repo_add(struct store *s, const struct config *cfg, const struct identity *by,
	struct str forge, struct str name, int64_t now, struct arena *a, struct repo *ret, bool *ret_new,
	struct err *e)
{
	struct repo_add w = {
		.op = { .apply = apply_repo_add, .bytes = sizeof w }, .by = by, .name = name, .now = now
	};

	TRY(repo_name_check(name, e));
	TRY(config_forge(cfg, forge, &w.forge, e));
	TRY(store_write(s, &w.op, e));
	TRY(read_repo(s, w.id, a, ret, e));
	*ret_new = w.new;
	return ERR_OK;
}

struct repo_op {
	struct store_op op;
	const struct identity *by;
	int64_t id, now;
	enum visibility visibility;
};

static enum err_code apply_repo_remove(struct store_op *op, struct db *db, struct err *e)
{
	struct repo_op *w = (struct repo_op *)(void *)op;
	struct repo repo;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(access_still(db, w->by, w->now, e));
	TRY(repos_get(db, &a, w->id, &repo, e));
	TRY(repos_remove(db, w->id, w->now, e));
	return audit_deed(
		db, w->by, &(struct deed_done){ DEED_REPO_REMOVE, w->id, repo.name, STR(""), w->now }, e);
}

static enum err_code write_repo(struct store *s, struct repo_op *w, struct err *e)
{
	enum err_code code = store_write(s, &w->op, e);

	if (code == ERR_NOT_FOUND)
		return err_set(
			e, code, "there is no repo %lld; `sluice repo list` shows them", (long long)w->id);
	return code;
}

enum err_code manage_repo_remove(
	struct store *s, const struct identity *by, int64_t id, int64_t now, struct err *e)
{
	struct repo_op w = {
		.op = { .apply = apply_repo_remove, .bytes = sizeof w }, .by = by, .id = id, .now = now
	};

	return write_repo(s, &w, e);
}

static enum err_code apply_visibility(struct store_op *op, struct db *db, struct err *e)
{
	struct repo_op *w = (struct repo_op *)(void *)op;
	struct repo repo;
	AUTO_ARENA a;
	AUTO_BUF detail;

	arena_init(&a);
	buf_init(&detail, AUDIT_DETAIL_MAX);
	TRY(access_still(db, w->by, w->now, e));
	TRY(repos_get(db, &a, w->id, &repo, e));
	if (repo.visibility == w->visibility)
		return ERR_OK;
	TRY(repos_set_visibility(db, w->id, w->visibility, e));
	buf_fmt(&detail, "{\"from\":\"%s\",\"to\":\"%s\"}", visibility_name(repo.visibility),
		visibility_name(w->visibility));
	return audit_deed(db, w->by,
		&(struct deed_done){ DEED_REPO_VISIBILITY, w->id, repo.name, buf_view(&detail), w->now }, e);
}

enum err_code manage_repo_set_visibility(struct store *s, const struct identity *by, int64_t id,
	enum visibility visibility, int64_t now, struct arena *a, struct repo *ret, struct err *e)
{
	struct repo_op w = { .op = { .apply = apply_visibility, .bytes = sizeof w },
		.by = by,
		.id = id,
		.now = now,
		.visibility = visibility };

	TRY(write_repo(s, &w, e));
	return read_repo(s, id, a, ret, e);
}

enum err_code manage_repo_list(struct store *s, struct str forge, struct str repo, int64_t limit,
	int64_t offset, struct arena *a, struct repo **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = repos_list(db, a, forge, repo, limit, offset, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	return code;
}

struct pin_op {
	struct store_op op;
	const struct identity *by;
	int64_t step_id, pinned_at, now, expired_at;
};

static enum err_code apply_pin(struct store_op *op, struct db *db, struct err *e)
{
	struct pin_op *w = (struct pin_op *)(void *)op;
	int64_t stored_bytes;
	struct step step;
	bool changed = false, visible = false;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(access_still(db, w->by, w->now, e));
	TRY(steps_get(db, &a, w->step_id, &step, &stored_bytes, e));
	TRY(repo_is_visible(db, step.repo_id, access_viewer(w->by), &visible, e));
	if (!visible)
		return err_set(e, ERR_NOT_FOUND, "there is no step %lld", (long long)w->step_id);
	TRY(texts_pin(db, w->step_id, w->by->token.repo_id, w->pinned_at, &w->expired_at, &changed, e));
	if (!changed)
		return ERR_OK;
	return audit_deed(db, w->by,
		&(struct deed_done){ w->pinned_at ? DEED_STEP_PIN : DEED_STEP_UNPIN, w->step_id,
			arena_fmt(&a, "%.*s: %.*s", STR_FMT(step.facts.repo), STR_FMT(step.facts.step_name)),
			STR(""), w->now },
		e);
}

enum err_code manage_pin(
	struct store *s, const struct identity *by, int64_t step_id, bool pinned, int64_t now, struct err *e)
{
	struct pin_op w = { .op = { .apply = apply_pin, .bytes = sizeof w },
		.by = by,
		.step_id = step_id,
		.pinned_at = pinned ? now : 0,
		.now = now };
	char date[CLOCK_DATE_LEN];

	TRY(store_write(s, &w.op, e));
	if (pinned && w.expired_at > 0)
		return err_set(e, ERR_GONE, "the text of step %lld expired on %s; its facts are kept",
			(long long)step_id, clock_date(w.expired_at, date));
	return ERR_OK;
}
