/*
 * suite: `sluice suite import` and `export`: a suite as a folder, so that it lives in git: suite.yaml, and the files it names by their paths.
 *
 * The server knows files by their content. An import hashes each, sends those that are not there, and then the document with contents in the place of paths; an
 * export goes the other way. Names come from whoever made the suite: of them only harmless letters get into a path.
 */
#include "cli/cli.h"

#include "base/digest.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/sub.h"
#include "cli/suite_run.h"
#include "model/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOCUMENT "suite.yaml"
#define DOCUMENT_MAX ((size_t)16 << 20)
#define ASKED_AT_ONCE 1000
#define SILENCE_MS 60000

struct folder {
	struct client client;
	struct arena arena;
	const char *path;
};

static const char *path_in(struct folder *f, struct str name)
{
	return arena_fmt(&f->arena, "%s/%.*s", f->path, STR_FMT(name)).p;
}

static void folder_done(struct folder *f)
{
	client_done(&f->client);
	arena_done(&f->arena);
}
#define AUTO_FOLDER __attribute__((cleanup(folder_done))) struct folder

/* ---- import ---- */

struct local { /* a file of the folder */
	struct str path, digest;
	bool is_there; /* on the server */
};

struct import {
	struct folder *folder;
	struct local *files; /* each path once, in the order of paths */
	size_t n, cap;
};

static struct str digest_text(const struct sha256 *d, struct arena *a)
{
	struct str text;
	AUTO_BUF hex;

	buf_init(&hex, 100);
	hex_encode(d->b, sizeof d->b, &hex);
	text = arena_str(a, buf_view(&hex));
	return text;
}

static enum err_code hash_file(struct import *w, struct str path, struct str *ret, struct err *e)
{
	struct sha256 d;
	AUTO_FILE bytes = { 0 };

	TRY(file_map(path_in(w->folder, path), &bytes, e));
	d = sha256_of(bytes);
	*ret = digest_text(&d, &w->folder->arena);
	return ERR_OK;
}

static size_t find_local(const struct import *w, struct str path)
{
	size_t low = 0, high = w->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(w->files[middle].path.p, path.p) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static enum err_code add_local(struct import *w, size_t at, struct str path, struct err *e)
{
	struct local file = { .path = path };

	TRY(hash_file(w, path, &file.digest, e));
	if (w->n == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 64;
		w->files = mem_grow(w->files, w->cap * sizeof *w->files);
	}
	memmove(&w->files[at + 1], &w->files[at], (w->n - at) * sizeof *w->files);
	w->files[at] = file;
	w->n++;
	return ERR_OK;
}

/* A path becomes a content; one that is a content already is on the server, or it says so. */
static enum err_code name_by_content(void *arg, struct str *file, struct err *e)
{
	struct import *w = arg;
	size_t at;

	if (suite_digest(*file).len > 0)
		return ERR_OK;
	at = find_local(w, *file);
	if (at == w->n || !str_eq(w->files[at].path, *file))
		TRY(add_local(w, at, *file, e));
	*file = arena_fmt(&w->folder->arena, "sha256:%.*s", STR_FMT(w->files[at].digest));
	return ERR_OK;
}

static void note_missing(struct import *w, size_t from, size_t to)
{
	const struct json *missing = json_get(client_root(&w->folder->client), "missing");

	for (size_t i = from; i < to; i++) {
		w->files[i].is_there = true;
		for (size_t k = 0; k < json_len(missing); k++)
			if (str_eq(json_str(json_at(missing, k)), w->files[i].digest))
				w->files[i].is_there = false;
	}
}

static enum err_code find_missing(struct import *w, struct err *e)
{
	for (size_t from = 0; from < w->n; from += ASKED_AT_ONCE) {
		size_t to = w->n - from < ASKED_AT_ONCE ? w->n : from + ASKED_AT_ONCE;
		struct json_out j;
		AUTO_BUF body;

		buf_init(&body, SIZE_MAX);
		json_out_init(&j, &body);
		json_open_object(&j, NULL);
		json_open_array(&j, "sha256");
		for (size_t i = from; i < to; i++)
			json_put_str(&j, NULL, w->files[i].digest);
		json_close_array(&j);
		json_close_object(&j);
		TRY(client_call(&w->folder->client, "POST", "/api/v1/blobs/missing", &body, e));
		note_missing(w, from, to);
	}
	return ERR_OK;
}

static enum err_code send_missing(struct import *w, size_t *ret_n, struct err *e)
{
	for (size_t i = 0; i < w->n; i++) {
		const char *path =
			arena_fmt(&w->folder->arena, "/api/v1/blobs/%.*s", STR_FMT(w->files[i].digest)).p;
		AUTO_FILE bytes = { 0 };

		if (w->files[i].is_there)
			continue;
		TRY(file_map(path_in(w->folder, w->files[i].path), &bytes, e));
		if (client_put_bytes(&w->folder->client, path, bytes, e) != ERR_OK)
			return err_in(e, "%.*s", STR_FMT(w->files[i].path));
		(*ret_n)++;
	}
	return ERR_OK;
}

static int64_t number(const struct client *c, const char *name)
{
	int64_t n = 0;

	json_int(json_get(client_root(c), name), &n);
	return n;
}

static enum err_code import_with(struct import *w, bool all, struct err *e)
{
	struct folder *f = w->folder;
	const char *path = path_in(f, STR(DOCUMENT));
	struct suite suite = { 0 };
	size_t n_sent = 0;
	AUTO_BUF text;

	buf_init(&text, DOCUMENT_MAX);
	TRY(file_read(path, DOCUMENT_MAX, &text, e));
	if (suite_parse(buf_view(&text), &f->arena, &suite, e) != ERR_OK)
		return err_in(e, "%s", path);
	TRY(suite_each_file(&suite, name_by_content, w, e));
	TRY(find_missing(w, e));
	TRY(send_missing(w, &n_sent, e));
	buf_reset(&text);
	suite_write(&suite, &text);
	TRY(buf_check(&text, "the suite", e));
	TRY(client_put_bytes(
		&f->client, all ? "/api/v1/suite?all=true" : "/api/v1/suite", buf_view(&text), e));
	printf("%zu of %zu files sent; the suite has %lld samples and %lld tests\n", n_sent, w->n,
		(long long)number(&f->client, "samples"), (long long)number(&f->client, "regression_tests"));
	return ERR_OK;
}

static enum err_code import_folder(
	const struct client_flags *flags, const char *path, bool all, struct err *e)
{
	AUTO_FOLDER f = { .path = path };
	struct import w = { .folder = &f };
	enum err_code code;

	arena_init(&f.arena);
	TRY(client_init(&f.client, flags, e));
	code = import_with(&w, all, e);
	free(w.files);
	return code;
}

static int cmd_suite_import(int argc, char **argv)
{
	struct client_flags flags = { 0 };
	bool all = false;
	const struct opt opts[] = {
		{ "all", 0, OPT_FLAG, NULL,
			"it is all of the suite: what is not in it is not active any more", &all },
		CLIENT_OPTS(&flags),
		{ 0 },
	};
	const struct command_usage usage = { .name = "suite import",
		.synopsis = "[OPTIONS] DIR",
		.prose = "Takes the suite of a folder: DIR/suite.yaml and the files that it names. Files "
			 "that the\n"
			 "server has are not sent. Again changes nothing. What is in force: sluice suite "
			 "export.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1)
		return command_usage_fail("suite import", "one folder is needed: sluice suite import DIR");
	return import_folder(&flags, argv[0], all, &e) == ERR_OK ? 0 : command_fail("suite import", &e);
}

/* ---- export ---- */

struct placed { /* a content, and where it is in the folder */
	struct str digest, path;
};

struct export
{
	struct folder *folder;
	struct placed *files;
	size_t n, cap;
};

/* Letters, digits, points and dashes; nothing that begins with a point. */
static struct str harmless(struct folder *f, struct str name)
{
	char *p = arena_cstr(&f->arena, name);

	for (size_t i = 0; i < name.len; i++) {
		bool fine = (p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'z') ||
			    (p[i] >= 'A' && p[i] <= 'Z') || p[i] == '-' || p[i] == '_' ||
			    (p[i] == '.' && i > 0);

		if (!fine)
			p[i] = '_';
	}
	return (struct str){ p, name.len };
}

static bool is_taken(const struct export *w, struct str path)
{
	for (size_t i = 0; i < w->n; i++)
		if (str_eq_nocase(w->files[i].path, path))
			return true;
	return false;
}

struct sink {
	int fd;
	struct sha256_state *state;
};

static enum err_code take_bytes(void *arg, struct str bytes, struct err *e)
{
	struct sink *s = arg;

	sha256_add(s->state, bytes);
	return fd_write_all(s->fd, bytes, e);
}

static enum err_code fetch(struct export *w, struct str digest, const char *path, struct err *e)
{
	const char *from = arena_fmt(&w->folder->arena, "/api/v1/blobs/%.*s", STR_FMT(digest)).p;
	struct sink s = { .fd = -1, .state = sha256_begin() };
	enum err_code code = file_open_new(path, 0644, &s.fd, e);
	struct sha256 d;

	if (code == ERR_OK)
		code = client_fetch(&w->folder->client, from, NULL, 0, 200, SILENCE_MS, take_bytes, &s, e);
	d = sha256_end(s.state);
	fd_close(&s.fd);
	TRY(code);
	if (!str_eq(digest_text(&d, &w->folder->arena), digest))
		return err_set(e, ERR_STORAGE, "%s is not what the server said that it is", path);
	return ERR_OK;
}

/* A content becomes a path: that which it has already, else one by this name, made different if another file has it. */
static enum err_code place(
	struct export *w, const char *folder, struct str name, struct str *file, struct err *e)
{
	struct arena *a = &w->folder->arena;
	struct str digest = suite_digest(*file), path;

	for (size_t i = 0; i < w->n; i++)
		if (str_eq(w->files[i].digest, digest)) {
			*file = w->files[i].path;
			return ERR_OK;
		}
	path = arena_fmt(a, "%s/%.*s", folder, STR_FMT(name));
	if (is_taken(w, path))
		path = arena_fmt(a, "%s/%.12s-%.*s", folder, digest.p, STR_FMT(name));
	TRY(dir_make(path_in(w->folder, str_z(folder)), 0755, e));
	TRY(fetch(w, digest, path_in(w->folder, path), e));
	if (w->n == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 64;
		w->files = mem_grow(w->files, w->cap * sizeof *w->files);
	}
	w->files[w->n++] = (struct placed){ digest, path };
	*file = path;
	return ERR_OK;
}

static enum err_code place_test(struct export *w, struct suite_test *t, struct err *e)
{
	const char *folder =
		arena_fmt(&w->folder->arena, "expected/%.*s", STR_FMT(harmless(w->folder, t->name))).p;

	TRY(place(w, "samples", STR("sample"), &t->sample, e)); /* was placed with the samples */
	for (size_t i = 0; i < t->n_outputs; i++)
		for (size_t k = 0; k < t->outputs[i].accepted.n; k++)
			TRY(place(w, folder, harmless(w->folder, t->outputs[i].file),
				&t->outputs[i].accepted.v[k], e));
	return ERR_OK;
}

static enum err_code place_all(struct export *w, struct suite *s, struct err *e)
{
	for (size_t i = 0; i < s->n_samples; i++)
		TRY(place(w, "samples", harmless(w->folder, s->samples[i].name), &s->samples[i].file, e));
	for (size_t i = 0; i < s->n_tests; i++)
		TRY(place_test(w, &s->tests[i], e));
	return ERR_OK;
}

static enum err_code export_with(struct export *w, struct err *e)
{
	struct folder *f = w->folder;
	const char *path = path_in(f, STR(DOCUMENT));
	struct suite suite = { 0 };
	AUTO_BUF text;

	buf_init(&text, DOCUMENT_MAX);
	if (file_exists(path))
		return err_set(
			e, ERR_CONFLICT, "%s is there already; export into a new folder, and compare", path);
	TRY(client_call(&f->client, "GET", "/api/v1/suite", NULL, e));
	TRY(suite_parse(buf_view(&f->client.body), &f->arena, &suite, e));
	TRY(dir_make(f->path, 0755, e));
	TRY(place_all(w, &suite, e));
	suite_write(&suite, &text);
	TRY(buf_check(&text, "the suite", e));
	TRY(file_create(path, buf_view(&text), 0644, e));
	printf("%zu samples, %zu tests and %zu files in %s\n", suite.n_samples, suite.n_tests, w->n, f->path);
	return ERR_OK;
}

static enum err_code export_folder(const struct client_flags *flags, const char *path, struct err *e)
{
	AUTO_FOLDER f = { .path = path };
	struct export w = { .folder = &f };
	enum err_code code;

	arena_init(&f.arena);
	TRY(client_init(&f.client, flags, e));
	code = export_with(&w, e);
	free(w.files);
	return code;
}

static int cmd_suite_export(int argc, char **argv)
{
	struct client_flags flags = { 0 };
	const struct opt opts[] = { CLIENT_OPTS(&flags), { 0 } };
	const struct command_usage usage = { .name = "suite export",
		.synopsis = "[OPTIONS] DIR",
		.prose = "Writes the suite into a new folder, as sluice suite import takes it: suite.yaml, "
			 "and its\n"
			 "files in samples/ and expected/.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1)
		return command_usage_fail("suite export", "one folder is needed: sluice suite export DIR");
	return export_folder(&flags, argv[0], &e) == ERR_OK ? 0 : command_fail("suite export", &e);
}

int cmd_suite(int argc, char **argv)
{
	static const struct sub subs[] = {
		{ "import", cmd_suite_import, "take the suite of a folder" },
		{ "export", cmd_suite_export, "write the suite into a folder" },
		{ "run", suite_run, "ask for a run, and wait for it" },
	};

	return sub_run("suite", "Samples, the tests that are run over them, and what is expected of these.",
		subs, sizeof subs / sizeof subs[0], argc, argv);
}
