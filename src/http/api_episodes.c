/*
 * api_episodes: episodes of hosts: taken, listed, and given back.
 *
 * One is taken while it comes, by the thread that receives it, and kept by another, for to sync a large file takes seconds. What an archive holds is read by
 * another thread too.
 */
#include "api_table.h"

#include "base/file.h"
#include "http/gate_reply.h"
#include "http/part.h"
#include "http/upload.h"
#include "service/arrival.h"

#include <string.h>

#define FILES_TOLD_MAX 10000

/* ---- taken ---- */

struct taking {               /* in the call's arena */
	struct errand errand; /* first */
	struct call *call;
	struct episode_offer offer;
	struct arrival *arrival;
};

static struct str id_of_file(struct str file)
{
	return (struct str){ file.p, file.len - strlen(EPISODE_ENDING) };
}

static enum err_code must_agree(const struct call *c, const char *header, struct str path, struct err *e)
{
	if (!arg_has(c, header) || str_eq(arg_str(c, header), path))
		return ERR_OK;
	return err_field(e, header, "does not agree with the path, which says otherwise");
}

/* Two headers may tell it. */
static enum err_code read_commit(const struct call *c, struct str *ret, struct err *e)
{
	struct str ours = arg_str(c, "X-Sluice-Code-Commit"), older = arg_str(c, "X-Cis490-Code-Commit");

	if (ours.len > 0 && older.len > 0 && !str_eq_nocase(ours, older))
		return err_field(e, "X-Cis490-Code-Commit",
			"tells another commit than X-Sluice-Code-Commit; send one of them");
	*ret = ours.len > 0 ? ours : older;
	return ERR_OK;
}

static enum err_code read_offer(struct call *c, struct episode_offer *ret, struct err *e)
{
	struct str file = arg_str(c, "file");
	int64_t bytes = -1;

	ret->host = arg_str(c, "host");
	ret->id = id_of_file(file);
	ret->sha256 = upload_digest(c, arg_str(c, "X-Content-SHA256"));
	ret->schema_version = arg_str(c, "X-Schema-Version");
	str_to_int(call_header(c, "Content-Length"), &bytes);
	ret->n_bytes = bytes;
	TRY(must_agree(c, "X-Lab-Host", ret->host, e));
	TRY(must_agree(c, "X-Episode-Id", ret->id, e));
	return read_commit(c, &ret->commit, e);
}

static void note(const struct call *c, const struct episode_offer *o, const struct err *e)
{
	episodes_note(c->app->episodes, c->cfg, o->host, o->commit, c->now, e ? err_http(e->code) : 0,
		e ? str_z(e->text) : STR(""));
}

/* A fault of ours is none of the host's. */
static bool is_refusal(const struct err *e)
{
	return err_http(e->code) < 500;
}

static void put_kept(struct call *c, const struct episode_offer *o, bool is_new, int64_t bytes)
{
	struct json_out j = reply_json(c, is_new ? 201 : 200);

	json_open_object(&j, NULL);
	json_put_str(&j, "host", o->host);
	json_put_str(&j, "id", o->id);
	json_put_str(&j, "sha256", o->sha256);
	json_put_int(&j, "bytes", bytes);
	json_close_object(&j);
}

/* Before it is answered: who has the answer finds the name free, and nothing of what was refused. */
static void leave(struct taking *t)
{
	arrival_end(t->arrival);
	t->arrival = NULL;
}

static enum err_code write_piece(void *arg, struct str bytes, struct err *e)
{
	struct taking *t = arg;
	enum err_code code = arrival_add(t->arrival, bytes, e);

	if (code == ERR_OK)
		return ERR_OK;
	if (is_refusal(e))
		note(t->call, &t->offer, e);
	leave(t);
	return code;
}

static void end(void *arg)
{
	leave(arg);
}

static bool waits_for_100(const struct call *c)
{
	return str_eq_nocase(str_trim(call_header(c, "Expect")), STR("100-continue"));
}

enum err_code api_put_episode_begin(struct call *c, struct err *e)
{
	struct taking *t = arena_alloc(&c->arena, sizeof *t);
	struct gate_verdict verdict;
	enum err_code code;

	t->call = c;
	code = read_offer(c, &t->offer, e);
	if (code != ERR_OK) {
		note(c, &t->offer, e);
		return code;
	}
	code = arrival_begin(
		c->app->episodes, c->app->gates, c->cfg, &t->offer, &c->arena, &verdict, &t->arrival, e);
	if (verdict.answer != GATE_ADMITTED)
		code = gate_refuse(c, &verdict, e);
	if (code != ERR_OK) {
		if (is_refusal(e))
			note(c, &t->offer, e);
		return code;
	}
	c->sink = (struct call_sink){ write_piece, end, t };
	if (arrival_is_here(t->arrival) && waits_for_100(c)) {
		note(c, &t->offer, NULL);
		put_kept(c, &t->offer, false, arrival_bytes(t->arrival));
		leave(t);
	}
	return ERR_OK;
}

static void keep(struct errand *errand)
{
	struct taking *t = (struct taking *)(void *)errand;
	struct call *c = t->call;
	struct err result = { .code = ERR_OK };
	bool is_new = false;

	result.code = arrival_finish(t->arrival, clock_wall_ms(c->app->clock), &is_new, &result);
	if (result.code == ERR_OK)
		put_kept(c, &t->offer, is_new, arrival_bytes(t->arrival));
	if (result.code == ERR_OK || is_refusal(&result))
		note(c, &t->offer, result.code == ERR_OK ? NULL : &result);
	leave(t);
	call_finish(c, &result);
}

static enum err_code on_errand(struct call *c, struct errands *errands, struct errand *errand,
	void (*run)(struct errand *x), struct err *e)
{
	enum err_code code;

	errand->run = run;
	call_defer(c, NULL, NULL);
	code = errands_submit(errands, errand, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}

enum err_code api_put_episode(struct call *c, struct err *e)
{
	struct taking *t = c->sink.arg;

	return on_errand(c, c->app->files, &t->errand, keep, e);
}

/* ---- listed ---- */

static void put_episode(struct json_out *j, const char *key, const struct episode *x)
{
	json_open_object(j, key);
	json_put_str(j, "host", x->host);
	json_put_str(j, "id", x->name);
	json_put_str(j, "sha256", x->sha256);
	json_put_int(j, "bytes", x->n_bytes);
	json_put_time(j, "received_at", x->received_at);
	json_put_told(j, "commit", x->code_commit);
	json_put_told(j, "schema_version", x->schema_version);
	json_put_json(j, "meta", x->meta);
	json_put_number(j, "entries", x->n_entries >= 0, x->n_entries);
	json_put_number(j, "unpacked_bytes", x->unpacked_bytes >= 0, x->unpacked_bytes);
	json_close_object(j);
}

/* RECEIVED_AT.ID of the last of the page before; the document has checked how it looks. */
static void read_cursor(struct str cursor, struct episode_query *q)
{
	size_t dot = str_find(cursor, '.');

	str_to_int((struct str){ cursor.p, dot }, &q->before_at);
	str_to_int(str_from(cursor, dot + 1), &q->before_id);
}

static struct str lower(struct call *c, struct str hex)
{
	return upload_digest(c, hex);
}

enum err_code api_list_episodes(struct call *c, struct err *e)
{
	struct episode_query q = { .host = arg_str(c, "host"),
		.code_commit = lower(c, arg_str(c, "commit")),
		.schema_version = arg_str(c, "schema"),
		.since = arg_time(c, "since"),
		.until = arg_time(c, "until"),
		.limit = arg_int(c, "limit") + 1 };
	struct episode *rows = NULL;
	struct json_out j;
	size_t n = 0, n_told;

	read_cursor(arg_str(c, "cursor"), &q);
	TRY(episodes_see_host(&c->identity, &q.host, e));
	TRY(episodes_of_query(c->app->store, &q, &c->arena, &rows, &n, e));
	n_told = n < (size_t)q.limit ? n : n - 1;
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_open_array(&j, "data");
	for (size_t i = 0; i < n_told; i++)
		put_episode(&j, NULL, &rows[i]);
	json_close_array(&j);
	json_put_told(&j, "next_cursor",
		n_told < n ? arena_fmt(&c->arena, "%lld.%lld", (long long)rows[n_told - 1].received_at,
				     (long long)rows[n_told - 1].id)
			   : STR(""));
	json_close_object(&j);
	return ERR_OK;
}

static enum err_code find_episode(struct call *c, struct episode *ret, struct err *e)
{
	struct str host = arg_str(c, "host");

	TRY(episodes_see_host(&c->identity, &host, e));
	return episodes_one(c->app->store, host, arg_str(c, "episode_id"), &c->arena, ret, e);
}

/* ---- given back ---- */

struct reading {
	struct errand errand; /* first */
	struct call *call;
	struct episode episode;
	int fd;
};

static enum err_code open_reading(struct call *c, struct reading **ret, struct err *e)
{
	struct reading *r = arena_alloc(&c->arena, sizeof *r);

	r->call = c;
	TRY(find_episode(c, &r->episode, e));
	TRY(episodes_open(c->app->store, &r->episode, &r->fd, e));
	*ret = r;
	return ERR_OK;
}

static const char *kind_name(enum tarball_kind kind)
{
	static const char *const names[] = { "file", "folder", "link", "other" };

	return names[kind];
}

static void put_detail(
	struct call *c, const struct episode *x, const struct tarball_entry *entries, size_t n, bool complete)
{
	struct json_out j = reply_json(c, 200);

	json_open_object(&j, NULL);
	put_episode(&j, "episode", x);
	json_open_array(&j, "files");
	for (size_t i = 0; i < n; i++) {
		json_open_object(&j, NULL);
		json_put_str(&j, "path", entries[i].path);
		json_put_z(&j, "kind", kind_name(entries[i].kind));
		json_put_int(&j, "bytes", entries[i].bytes);
		json_close_object(&j);
	}
	json_close_array(&j);
	json_put_bool(&j, "complete", complete);
	json_close_object(&j);
}

static void list_files(struct errand *errand)
{
	struct reading *r = (struct reading *)(void *)errand;
	struct call *c = r->call;
	struct tarball_entry *entries = NULL;
	struct err result = { .code = ERR_OK };
	size_t n = 0;
	enum err_code code = episodes_files(
		r->fd, FILES_TOLD_MAX, c->cfg->fleet.unpacked_bytes, &c->arena, &entries, &n, &result);

	fd_close(&r->fd);
	/* What is no archive, or a huge one, is an episode all the same. */
	if (code == ERR_OK || code == ERR_UNPROCESSABLE || code == ERR_TOO_LARGE) {
		put_detail(c, &r->episode, entries, code == ERR_OK ? n : 0, code == ERR_OK);
		result.code = ERR_OK;
	}
	call_finish(c, &result);
}

static enum err_code read_beside(
	struct call *c, struct reading *r, void (*run)(struct errand *x), struct err *e)
{
	enum err_code code = on_errand(c, c->app->archives, &r->errand, run, e);

	if (code != ERR_OK)
		fd_close(&r->fd);
	return code;
}

enum err_code api_get_episode(struct call *c, struct err *e)
{
	struct reading *r = NULL;

	if (!arg_bool(c, "files")) {
		struct episode x;

		TRY(find_episode(c, &x, e));
		put_detail(c, &x, NULL, 0, false);
		return ERR_OK;
	}
	TRY(open_reading(c, &r, e));
	return read_beside(c, r, list_files, e);
}

enum err_code api_download_episode(struct call *c, struct err *e)
{
	struct episode x;
	struct part_piece p;
	const char *tag;
	AUTO_FD fd = -1;

	TRY(find_episode(c, &x, e));
	TRY(episodes_open(c->app->store, &x, &fd, e));
	tag = arena_fmt(&c->arena, "\"%.*s\"", STR_FMT(x.sha256)).p;
	reply_header(c, "ETag", tag);
	reply_header(c, "Accept-Ranges", "bytes");
	if (part_is_known(c, tag)) {
		reply_empty(c, 304);
		return ERR_OK;
	}
	TRY(part_choose(c, tag, x.n_bytes, "the episode", &p, e));
	reply_file(c, p.ranged ? 206 : 200, "application/octet-stream", fd, p.from, p.len);
	fd = -1;
	return ERR_OK;
}

static enum err_code extract(struct reading *r, struct err *e)
{
	struct call *c = r->call;
	int64_t bytes = 0;
	AUTO_FD out = -1;

	TRY(episodes_extract(
		c->app->store, r->fd, arg_str(c, "path"), c->cfg->fleet.file_bytes, &out, &bytes, e));
	reply_file(c, 200, "application/octet-stream", out, 0, bytes);
	out = -1;
	return ERR_OK;
}

static void extract_file(struct errand *errand)
{
	struct reading *r = (struct reading *)(void *)errand;
	struct err result = { .code = ERR_OK };

	result.code = extract(r, &result);
	fd_close(&r->fd);
	call_finish(r->call, &result);
}

enum err_code api_get_episode_file(struct call *c, struct err *e)
{
	struct reading *r = NULL;

	TRY(open_reading(c, &r, e));
	return read_beside(c, r, extract_file, e);
}

/* ---- hosts ---- */

static void put_host(const struct call *c, struct json_out *j, const struct fleet_host *h)
{
	int64_t behind = c->app->gates ? gates_behind(c->app->gates, c->cfg, h->code_commit) : -1;

	json_open_object(j, NULL);
	json_put_str(j, "host", h->name);
	json_put_time(j, "first_seen_at", h->first_seen_at);
	json_put_time(j, "last_seen_at", h->last_seen_at);
	json_put_told(j, "commit", h->code_commit);
	json_put_number(j, "behind", behind >= 0, behind);
	json_put_int(j, "accepted", h->n_accepted);
	json_put_int(j, "bytes", h->bytes);
	json_put_time(j, "accepted_at", h->accepted_at);
	json_put_int(j, "refused", h->n_refused);
	json_put_time(j, "refused_at", h->refused_at);
	json_put_number(j, "refused_status", h->refused_status > 0, h->refused_status);
	json_put_told(j, "refused_why", h->refused_why);
	json_close_object(j);
}

enum err_code api_list_hosts(struct call *c, struct err *e)
{
	int64_t limit = arg_int(c, "limit"), offset = arg_int(c, "offset"), total = 0;
	struct str host = arg_str(c, "host");
	struct fleet_host *hosts = NULL;
	struct json_out j;
	size_t n = 0;

	TRY(episodes_see_host(&c->identity, &host, e));
	TRY(episodes_hosts(c->app->store, host, limit, offset, &c->arena, &hosts, &n, &total, e));
	j = reply_page(c, limit, offset, n, total);
	for (size_t i = 0; i < n; i++)
		put_host(c, &j, &hosts[i]);
	reply_page_end(&j);
	return ERR_OK;
}
