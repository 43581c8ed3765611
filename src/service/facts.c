/* facts: rows of the database, and who may see them. */
#include "service/facts.h"

#include "store/nouns.h"

static enum err_code not_there(int64_t step_id, struct err *e)
{
	return err_set(
		e, ERR_NOT_FOUND, "there is no step %lld, or it is not for this token", (long long)step_id);
}

static enum err_code read_step(
	struct db *db, int64_t step_id, struct arena *a, struct step_view *ret, struct err *e)
{
	int64_t stored = 0;

	TRY(steps_get(db, a, step_id, &ret->step, &stored, e));
	TRY(logs_get(db, a, step_id, &ret->log, e));
	ret->has_text = stored >= 0;
	ret->stored_bytes = stored >= 0 ? stored : 0;
	return ERR_OK;
}

enum err_code facts_step(struct store *s, const struct identity *id, int64_t step_id, struct arena *a,
	struct step_view *ret, struct err *e)
{
	struct step_view v = { 0 };
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = read_step(db, step_id, a, &v, e);
	store_reader_put(s, db);
	if (code == ERR_NOT_FOUND ||
		(code == ERR_OK && id->token.repo_id != 0 && id->token.repo_id != v.step.repo_id))
		return not_there(step_id, e);
	TRY(code);
	*ret = v;
	return ERR_OK;
}

enum err_code facts_text(const struct step_view *v, struct err *e)
{
	char date[CLOCK_DATE_LEN];

	if (v->step.log_expired_at > 0)
		return err_set(e, ERR_GONE, "the text of step %lld expired on %s; its facts are kept",
			(long long)v->step.id, clock_date(v->step.log_expired_at, date));
	if (!v->has_text)
		return err_set(e, ERR_NOT_FOUND, "no text of step %lld was kept", (long long)v->step.id);
	return ERR_OK;
}
