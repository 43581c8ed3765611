/* episodes: `sluice episodes`: what the hosts of a fleet sent, as a list, and one of them back. */
#include "cli/cli.h"

#include "base/digest.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/sub.h"
#include "cli/table.h"
#include "net/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_DEFAULT 50
#define PAGE 200
#define SILENCE_MS 60000 /* of a download */

/* ---- list ---- */

struct wanted {
	struct client_flags client;
	const char *host, *commit, *since, *until, *schema;
	int64_t limit;
	bool json;
};

static void put_row(struct table *t, const struct json *x)
{
	struct str at = json_str(json_get(x, "received_at")), commit = json_str(json_get(x, "commit")),
		   schema = json_str(json_get(x, "schema_version"));
	int64_t bytes = 0;

	json_int(json_get(x, "bytes"), &bytes);
	table_put(t, at.len >= 19 ? (struct str){ at.p, 19 } : at);
	table_put(t, json_str(json_get(x, "host")));
	table_put(t, json_str(json_get(x, "id")));
	table_put_int(t, bytes);
	table_put(t, commit.len > 12 ? (struct str){ commit.p, 12 } : commit.len > 0 ? commit : STR("-"));
	table_put(t, schema.len > 0 ? schema : STR("-"));
}

static void write_path(const struct wanted *w, int64_t limit, const char *cursor, struct buf *out)
{
	buf_z(out, "/api/v1/episodes");
	query_add_int(out, "limit", limit);
	query_add(out, "host", w->host);
	query_add(out, "commit", w->commit);
	query_add(out, "since", w->since);
	query_add(out, "until", w->until);
	query_add(out, "schema", w->schema);
	query_add(out, "cursor", cursor);
}

/* One page: its rows into t, or as JSON to stdout; where the next begins into cursor, empty when there is none. */
static enum err_code list_page(struct client *c, const struct wanted *w, int64_t *left, struct table *t,
	char cursor[50], bool *first, struct err *e)
{
	int64_t limit = w->limit > 0 && *left < PAGE ? *left : PAGE;
	const struct json *data;
	AUTO_BUF path, item;

	buf_init(&path, 16 * 1024);
	buf_init(&item, 256 * 1024);
	write_path(w, limit, *cursor ? cursor : NULL, &path);
	TRY(buf_check(&path, "request", e));
	TRY(client_call(c, "GET", buf_cstr(&path), NULL, e));
	data = json_get(client_root(c), "data");
	for (size_t i = 0; i < json_len(data); i++) {
		if (!w->json) {
			put_row(t, json_at(data, i));
			continue;
		}
		buf_reset(&item);
		json_write(json_at(data, i), &item);
		printf("%s\n%s", *first ? "" : ",", buf_cstr(&item));
		*first = false;
	}
	*left -= (int64_t)json_len(data);
	snprintf(cursor, 50, "%.*s", STR_FMT(json_str(json_get(client_root(c), "next_cursor"))));
	return ERR_OK;
}

static enum err_code list_all(struct client *c, const struct wanted *w, struct table *t, struct err *e)
{
	int64_t left = w->limit;
	char cursor[50] = "";
	bool first = true;

	if (w->json)
		fputs("[", stdout);
	do
		TRY(list_page(c, w, &left, t, cursor, &first, e));
	while (*cursor && (w->limit == 0 || left > 0));
	return w->json ? print_all(STR("\n]\n"), e) : ERR_OK;
}

static enum err_code list(const struct wanted *w, struct err *e)
{
	static const char *const headings[] = { "RECEIVED", "HOST", "EPISODE", "BYTES", "CODE", "SCHEMA" };
	AUTO_CLIENT c = { 0 };
	struct table t;
	enum err_code code;

	TRY(client_init(&c, &w->client, e));
	table_init(&t, headings, 6);
	code = list_all(&c, w, &t, e);
	if (code == ERR_OK && !w->json)
		code = table_print(&t, isatty(STDOUT_FILENO), e);
	table_done(&t);
	return code;
}

static int cmd_list(int argc, char **argv)
{
	struct wanted w = { .limit = LIMIT_DEFAULT };
	const struct opt opts[] = {
		{ "host", 0, OPT_STRING, "HOST", "only those of this host", &w.host },
		{ "commit", 0, OPT_STRING, "C", "only those made with this commit, or one that begins so",
			&w.commit },
		{ "since", 0, OPT_STRING, "TIME", "only from then on: 2026-01-31T00:00:00Z", &w.since },
		{ "until", 0, OPT_STRING, "TIME", "only before then", &w.until },
		{ "schema", 0, OPT_STRING, "V", "only those of this schema version", &w.schema },
		{ "limit", 0, OPT_INT, "N", "how many, 0 for all (50)", &w.limit },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &w.json },
		CLIENT_OPTS(&w.client),
		{ 0 },
	};
	const struct command_usage usage = { .name = "episodes list",
		.synopsis = "[OPTIONS]",
		.prose = "Lists episodes, the newest first.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 0)
		return command_usage_fail(
			"episodes list", "there is nothing to be done with \"%.60s\"", argv[0]);
	if (w.limit < 0)
		return command_usage_fail("episodes list", "--limit is 0 or more");
	return list(&w, &e) == ERR_OK ? 0 : command_fail("episodes list", &e);
}

/* ---- get ---- */

struct getting {
	struct client_flags client;
	const char *file, *out;
	bool json;
	int fd;
	struct sha256_state *state;
};

static enum err_code take_piece(void *arg, struct str bytes, struct err *e)
{
	struct getting *g = arg;

	sha256_add(g->state, bytes);
	return fd_write_all(g->fd, bytes, e);
}

/* HOST/ID as the path of the episode. */
static enum err_code path_of(const char *name, struct buf *out, struct err *e)
{
	struct str whole = str_z(name);
	size_t slash = str_find(whole, '/');

	if (slash == 0 || slash + 1 >= whole.len)
		return err_set(e, ERR_INVALID, "name an episode as HOST/ID, as `sluice episodes list` does");
	buf_z(out, "/api/v1/episodes/");
	url_encode((struct str){ whole.p, slash }, out);
	buf_char(out, '/');
	url_encode(str_from(whole, slash + 1), out);
	return ERR_OK;
}

/* What is downloaded stands under its name when all of it is there, and right. */
static enum err_code download(
	struct client *c, struct getting *g, const char *path, struct str digest, struct err *e)
{
	struct sha256 came;
	enum err_code code;
	AUTO_BUF hex;

	buf_init(&hex, 100);
	g->state = sha256_begin();
	code = client_fetch(c, path, NULL, 0, 200, SILENCE_MS, take_piece, g, e);
	came = sha256_end(g->state);
	TRY(code);
	hex_encode(came.b, sizeof came.b, &hex);
	if (digest.len > 0 && !str_eq(buf_view(&hex), digest))
		return err_set(e, ERR_NETWORK,
			"the SHA-256 of what came is %s, not the %.*s of the episode; try again",
			buf_cstr(&hex), STR_FMT(digest));
	return ERR_OK;
}

static enum err_code save(struct client *c, struct getting *g, const char *path, const char *name,
	struct str digest, struct err *e)
{
	enum err_code code;
	const char *partial;
	AUTO_ARENA a;

	arena_init(&a);
	if (strcmp(name, "-") == 0) {
		g->fd = STDOUT_FILENO;
		return download(c, g, path, digest, e);
	}
	if (file_exists(name))
		return err_set(e, ERR_CONFLICT, "%.200s is there already; -o FILE names another", name);
	partial = arena_fmt(&a, "%s.partial", name).p;
	unlink(partial);
	TRY(file_open_new(partial, 0644, &g->fd, e));
	code = download(c, g, path, digest, e);
	fd_close(&g->fd);
	if (code == ERR_OK && rename(partial, name) != 0)
		code = err_set(e, ERR_STORAGE, "%.200s cannot be written", name);
	if (code != ERR_OK)
		unlink(partial);
	else
		fprintf(stderr, "%s\n", name);
	return code;
}

static const char *base_name(struct str path, struct arena *a)
{
	const char *slash = path.len > 0 ? memrchr(path.p, '/', path.len) : NULL;

	return arena_cstr(a, slash ? str_from(path, (size_t)(slash - path.p) + 1) : path);
}

static enum err_code get(struct getting *g, const char *name, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	const struct json *x;
	struct str digest;
	AUTO_ARENA a;
	AUTO_BUF path;

	arena_init(&a);
	buf_init(&path, 32 * 1024);
	TRY(client_init(&c, &g->client, e));
	TRY(path_of(name, &path, e));
	if (g->json) {
		TRY(client_call(&c, "GET", buf_cstr(&path), NULL, e));
		return print_all(buf_view(&c.body), e);
	}
	if (g->file) {
		buf_z(&path, "/file");
		query_add(&path, "path", g->file);
		return save(
			&c, g, buf_cstr(&path), g->out ? g->out : base_name(str_z(g->file), &a), STR(""), e);
	}
	TRY(client_call(&c, "GET", arena_fmt(&a, "%s?files=false", buf_cstr(&path)).p, NULL, e));
	x = json_get(client_root(&c), "episode");
	digest = arena_str(&a, json_str(json_get(x, "sha256")));
	buf_z(&path, "/archive");
	return save(&c, g, buf_cstr(&path),
		g->out ? g->out : arena_fmt(&a, "%s.tar.zst", base_name(str_z(name), &a)).p, digest, e);
}

static int cmd_get(int argc, char **argv)
{
	struct getting g = { .fd = -1 };
	const struct opt opts[] = {
		{ "file", 0, OPT_STRING, "PATH", "one file out of it, by its path in the archive", &g.file },
		{ "output", 'o', OPT_STRING, "FILE", "where to; - for standard output (else ID.tar.zst)",
			&g.out },
		{ "json", 0, OPT_FLAG, NULL, "print what is known of it, and its list of files", &g.json },
		CLIENT_OPTS(&g.client),
		{ 0 },
	};
	const struct command_usage usage = { .name = "episodes get",
		.synopsis = "[OPTIONS] HOST/ID",
		.prose = "Downloads an episode as it came (tar in zstd: tar --zstd -xf unpacks it), and\n"
			 "compares its digest. Never over a file that is there.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1)
		return command_usage_fail("episodes get", "one episode is needed, as HOST/ID");
	return get(&g, argv[0], &e) == ERR_OK ? 0 : command_fail("episodes get", &e);
}

int cmd_episodes(int argc, char **argv)
{
	static const struct sub subs[] = {
		{ "list", cmd_list, "list episodes" },
		{ "get", cmd_get, "download one, or a file of it" },
	};

	return sub_run("episodes", "What the hosts of the fleet sent.", subs, 2, argc, argv);
}
