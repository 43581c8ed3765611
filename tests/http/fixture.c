/* fixture: what the tests of the edge stand on. */
#include "tests/test.h"

#include "tests/http/conform.h"
#include "tests/service/compiled_rules.h"
#include "tests/store/migrated.h"

#include "base/digest.h"
#include "base/file.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct fixture fx;
const struct identity fixture_server = { .email = { "tests", 5 } };
bool fixture_time_runs;

static int64_t fixture_wall(void *arg)
{
	(void)arg;
	return atomic_load(&fx.wall);
}

static int64_t fixture_steady(void *arg)
{
	(void)arg;
	return atomic_load(&fx.steady) + (fixture_time_runs ? clock_steady_ms(&clock_system) : 0);
}

static bool fixture_ready(void *arg)
{
	(void)arg;
	return atomic_load(&fx.ready);
}

struct config *fixture_config(int64_t reads, int64_t writes)
{
	struct config *c = config_new();

	c->reads_per_minute = reads;
	c->writes_per_minute = writes;
	c->ingest_requests = 1000;
	c->downloads = arena_str(&c->arena, str_z(fx.folder));
	c->tail_lines = 200;
	c->tail_bytes = 32768;
	c->body_bytes = 64 * 1024 * 1024;
	c->chunk_bytes = 1 << 20;
	c->step_bytes = INT64_C(2) << 30;
	c->streams = 1000;
	c->lost_after_ms = 60000;
	c->suite_queue = 1000;
	c->suite_lease_ms = 60000;
	c->suite_names = 1000;
	c->scan_bytes = 64 << 20;
	c->scan_ms = 250;
	c->tails = 200;
	c->explain_bytes = 64 << 20;
	c->errors = 200;
	c->post_bytes = 65536;
	c->report_bytes = 1 << 20;
	c->reports = 50;
	c->blob_bytes = 1 << 20;
	c->fleet = (struct fleet_config){ .check = true,
		.episode_bytes = 1 << 20,
		.unpacked_bytes = 1 << 30,
		.ratio = 1000,
		.entries = 1000,
		.file_bytes = 1 << 20,
		.uploads = 8,
		.hosts = 100 };
	c->explain_bytes = 64 << 20;
	c->errors = 500;
	c->sign_ins = 8;
	c->session_idle_ms = 7 * DAY_MS;
	c->session_longest_ms = 30 * DAY_MS;
	c->sessions_each = 20;
	c->public_url = STR("https://sluice.example.org");
	c->log_days = 14;
	c->janitor_mode = JANITOR_HEAL;
	c->mask = mask_new();
	c->forges = arena_array(&c->arena, 2, sizeof *c->forges);
	c->forges[0] = (struct forge_config){ .name = STR("home"), .url = STR("https://git.example.org") };
	c->forges[1] = (struct forge_config){ .name = STR("hub"), .url = STR("https://hub.example.org") };
	c->n_forges = 2;
	c->internal.digest[0] = sha256_of(STR(INTERNAL));
	c->internal.n = 1;
	return c;
}

int fixture_up(void **state)
{
	struct store_options o = { .data = fx.folder };
	struct token token = { 0 };
	struct repo repo = { 0 };
	const struct config *cfg;
	bool is_new;
	struct err e;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, 200);
	snprintf(fx.folder, sizeof fx.folder, "/tmp/sluice-test-XXXXXX");
	if (!mkdtemp(fx.folder) || migrated_put(fx.folder) != 0 || compiled_rules_share(fx.folder) != 0 ||
		store_open(&o, &fx.app.store, &e) != ERR_OK)
		return -1;
	arena_init(&fx.arena);
	atomic_store(&fx.wall, NOW);
	atomic_store(&fx.steady, 1000000);
	atomic_store(&fx.ready, true);
	fx.clock = (struct clock){ fixture_wall, fixture_steady, NULL };
	fx.app.clock = &fx.clock;
	fx.app.config = config_box_new(fixture_config(0, 0));
	fx.app.rate = rate_new();
	fx.app.access = access_new(fx.app.store);
	if (errands_start(2, 64, &fx.app.passwords, &e) != ERR_OK ||
		errands_start(2, 64, &fx.app.files, &e) != ERR_OK ||
		errands_start(2, 64, &fx.app.archives, &e) != ERR_OK ||
		errands_start(1, 2, &fx.app.forges, &e) != ERR_OK)
		return -1;
	cfg = config_get(fx.app.config);
	if (signin_start(fx.app.store, cfg, &fx.clock, NULL, &fx.app.signin, &e) != ERR_OK)
		return -1;
	config_put(fx.app.config, cfg);
	fx.app.downloads = downloads_new();
	if (episodes_start(fx.app.store, &fx.app.episodes, &e) != ERR_OK)
		return -1;
	if (streams_start(fx.app.store, fx.app.config, &fx.clock, NULL, &fx.app.streams, &e) != ERR_OK)
		return -1;
	fx.app.ready = fixture_ready;
	cfg = config_get(fx.app.config);
	if (manage_repo_add(fx.app.store, cfg, &fixture_server, STR(""), STR(REPO), NOW, &fx.arena, &repo,
		    &is_new, &e) != ERR_OK ||
		manage_first_admin(fx.app.store, STR("root@example.org"), false, NOW, &token, &text, &e) !=
			ERR_OK)
		return -1;
	config_put(fx.app.config, cfg);
	fx.admin = arena_str(&fx.arena, buf_view(&text));
	fx.admin_user = token.user_id;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

int fixture_down(void **state)
{
	(void)state;

	errands_free(fx.app.passwords);
	errands_free(fx.app.files);
	errands_free(fx.app.archives);
	errands_free(fx.app.forges);
	streams_stop(fx.app.streams);
	signin_free(fx.app.signin);
	episodes_free(fx.app.episodes);
	access_free(fx.app.access);
	store_close(fx.app.store);
	config_box_free(fx.app.config);
	rate_free(fx.app.rate);
	downloads_free(fx.app.downloads);
	arena_done(&fx.arena);
	if (nftw(fx.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
		return -1;
	memset(&fx, 0, sizeof fx);
	return 0;
}

int router_up(void **state)
{
	struct err e;

	return fixture_up(state) != 0 || router_init(&router_api, &e) != ERR_OK ? -1 : 0;
}

int router_down(void **state)
{
	router_done(&router_api);
	return fixture_down(state);
}

static struct str new_token(scope_set scopes, enum role role, const char *repo)
{
	const struct config *cfg = config_get(fx.app.config);
	struct identity by = {
		.kind = IDENTITY_NONE, .user_id = fx.admin_user, .scopes = SCOPE_ALL, .role = role
	};
	struct token_request r = { .name = STR("t"), .scopes = scopes, .days = 7, .repo = str_z(repo) };
	struct token token = { 0 };
	struct str ret;
	struct err e;
	AUTO_BUF text;

	buf_init(&text, 200);
	if (manage_token_create(fx.app.store, cfg, &by, &r, NOW, &fx.arena, &token, &text, &e) != ERR_OK)
		fail_msg("%s", e.text);
	config_put(fx.app.config, cfg);
	ret = arena_str(&fx.arena, buf_view(&text));
	return ret;
}

struct str token_with(scope_set scopes, enum role role)
{
	return new_token(scopes, role, NULL);
}

struct str token_of_repo(const char *repo)
{
	const struct config *cfg = config_get(fx.app.config);
	struct repo added = { 0 };
	bool is_new;
	struct err e;

	if (manage_repo_add(fx.app.store, cfg, &fixture_server, STR(""), str_z(repo), NOW, &fx.arena, &added,
		    &is_new, &e) != ERR_OK)
		fail_msg("%s", e.text);
	config_put(fx.app.config, cfg);
	return new_token(SCOPE_ALL, ROLE_ADMIN, repo);
}

static struct str ask_header(void *arg, const char *name)
{
	static _Thread_local char bearer[1000]; /* the arena is not for many threads that ask at once */
	const struct ask *a = arg;

	if (strcasecmp(name, "Authorization") == 0) {
		snprintf(bearer, sizeof bearer, "Bearer %s", a->token ? a->token : "");
		return a->authorization ? str_z(a->authorization) : a->token ? str_z(bearer) : STR("");
	}
	if (strcasecmp(name, "Content-Type") == 0)
		return a->type ? str_z(a->type) : a->body ? STR("application/json") : STR("");
	if (a->header[0] && strcasecmp(name, a->header[0]) == 0)
		return str_z(a->header[1]);
	if (a->more[0] && strcasecmp(name, a->more[0]) == 0)
		return str_z(a->more[1]);
	if (a->third[0] && strcasecmp(name, a->third[0]) == 0)
		return str_z(a->third[1]);
	for (const char *const *h = a->headers; h && h[0]; h += 2)
		if (strcasecmp(name, h[0]) == 0)
			return str_z(h[1]);
	return STR("");
}

/* The two headers of the test's own may have one name: then the second is the last. */
static bool ask_from_end(void *arg, const char *name, size_t i, struct str *ret)
{
	const struct ask *a = arg;
	const char *values[2];
	size_t n = 0;

	if (a->header[0] && strcasecmp(name, a->header[0]) == 0)
		values[n++] = a->header[1];
	if (a->more[0] && strcasecmp(name, a->more[0]) == 0)
		values[n++] = a->more[1];
	if (i >= n)
		return false;
	*ret = str_z(values[n - 1 - i]);
	return true;
}

struct readiness {
	pthread_mutex_t lock;
	pthread_cond_t told;
	int n;
};

static void ask_ready(void *arg, struct call *c)
{
	struct readiness *r = arg;
	(void)c;

	pthread_mutex_lock(&r->lock);
	r->n++;
	pthread_cond_signal(&r->told);
	pthread_mutex_unlock(&r->lock);
}

static void ask_feed(const struct ask *a, struct call *c)
{
	struct str rest = { a->body, a->body_len ? a->body_len : a->body ? strlen(a->body) : 0 };
	size_t piece = a->chunked ? 1000 : SIZE_MAX;

	while (rest.len > 0 && !router_replied(c)) {
		size_t n = rest.len < piece ? rest.len : piece;

		router_body(c, (struct str){ rest.p, n });
		rest = str_from(rest, n);
	}
}

/* All that a source gives; what it gives later is not waited for. */
static void ask_read(const struct reply_source *source, struct answer *ret)
{
	struct buf all;
	char piece[777];
	ssize_t n;

	buf_init(&all, SIZE_MAX);
	while ((n = source->read(source->arg, piece, sizeof piece)) > 0)
		buf_add(&all, piece, (size_t)n);
	assert_true(n == REPLY_END || n == REPLY_LATER);
	assert_true(source->length < 0 || source->length == (int64_t)all.len);
	free(ret->body);
	ret->len = all.len;
	ret->body = buf_take(&all);
}

static void ask_copy(struct call *c, struct answer *ret)
{
	struct reply_file file;
	const char *name, *value;

	ret->status = c->status;
	ret->len = c->reply.len;
	ret->body = mem_dup(buf_view(&c->reply));
	if (router_take_file(c, &file)) {
		free(ret->body);
		ret->len = (size_t)file.length;
		ret->body = mem_alloc(ret->len + 1);
		assert_int_equal(pread(file.fd, ret->body, ret->len, file.offset), file.length);
		fd_close(&file.fd);
	}
	if (router_source(c))
		ask_read(router_source(c), ret);
	for (size_t i = 0; router_header(c, i, &name, &value); i++) {
		snprintf(ret->headers[i].name, sizeof ret->headers[i].name, "%s", name);
		snprintf(ret->headers[i].value, sizeof ret->headers[i].value, "%s", value);
		ret->n_headers = i + 1;
	}
}

struct answer ask(struct ask a)
{
	struct readiness r = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };
	struct str target = str_z(a.target);
	size_t at = str_find(target, '?');
	size_t body_len = a.body_len ? a.body_len : a.body ? strlen(a.body) : 0;
	struct request_head head = {
		.method = str_z(a.method),
		.path = { target.p, at },
		.query = str_from(target, at + 1),
		.peer = str_z(a.peer ? a.peer : "192.0.2.1"),
		.peer_is_loopback = a.loopback,
		.headers = { .get = ask_header, .from_end = ask_from_end, .arg = &a },
		.has_length = a.length > 0 || (a.body && !a.chunked),
		.chunked = a.chunked,
		.bad_framing = a.bad_framing,
		.is_fleet = a.fleet,
		.tls_host = str_z(a.host ? a.host : ""),
		.length = a.length ? a.length : body_len,
	};
	struct answer ret = { 0 };
	struct call_events events = { .ready = ask_ready, .arg = &r };
	struct call *c = router_begin(a.table ? a.table : &router_api, &fx.app, &head, &events);

	ret.before_body = router_replied(c);
	if (!ret.before_body) {
		ask_feed(&a, c);
		if (a.between)
			a.between();
		router_end(c);
		if (router_deferred(c)) {
			pthread_mutex_lock(&r.lock);
			while (r.n == 0)
				pthread_cond_wait(&r.told, &r.lock);
			pthread_mutex_unlock(&r.lock);
		}
	}
	assert_true(router_replied(c));
	ask_copy(c, &ret);
	if (!a.table)
		conform_assert(c->op, head.method, &ret);
	router_free(c);
	return ret;
}

void answer_done(struct answer *r)
{
	free(r->body);
	json_free(r->doc);
	*r = (struct answer){ 0 };
}

const char *header_of(const struct answer *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return "";
}

struct json *json_of(struct answer *r)
{
	struct err e;

	if (!r->doc && json_parse((struct str){ r->body, r->len }, 0, &r->doc, &e) != ERR_OK)
		fail_msg("%s: %s", e.text, r->body);
	return json_root(r->doc);
}

void assert_error(struct answer *r, int status, const char *code)
{
	struct json *j;

	if (r->status != status)
		fail_msg("%d instead of %d: %s", r->status, status, r->body);
	j = json_of(r);
	assert_string_equal(header_of(r, "Content-Type"), "application/json");
	assert_true(str_eq(json_str(json_get(j, "code")), str_z(code)));
	assert_int_equal(json_kind(json_get(j, "message")), JSON_STRING);
	assert_true(json_str(json_get(j, "message")).len > 0);
	assert_int_equal(json_kind(json_get(j, "details")), JSON_OBJECT);
	if (status >= 500)
		assert_true(str_eq(json_str(json_get(json_get(j, "details"), "request_id")),
			str_z(header_of(r, "X-Request-Id"))));
}

struct str wrong_with(struct answer *r, const char *field)
{
	return json_str(json_get(json_get(json_get(json_of(r), "details"), "fields"), field));
}

void assert_wrong_field(struct answer *r, const char *field)
{
	assert_error(r, 400, "validation_error");
	if (wrong_with(r, field).len == 0)
		fail_msg("%s is not named: %s", field, r->body);
}
