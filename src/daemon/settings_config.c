/*
 * settings_config: the snapshot that the services work with, made from the settings; and what a reload cannot
 * change.
 */
#include "daemon/settings_table.h"

#include "base/file.h"
#include "forge/forge_api.h"
#include "service/janitor.h"

#include <stdlib.h>
#include <string.h>

#define INTERNAL_MAX (sizeof((struct internal_tokens){ 0 }.digest) / sizeof(struct sha256))
#define TOKEN_FILE_MAX 4096
#define RECONCILE_MS (INT64_C(600) * 1000) /* as settings.tbl says it */

#ifndef SLUICE_DOWNLOADS
#define SLUICE_DOWNLOADS "/usr/local/share/sluice"
#endif

/* What could never be presented in an Authorization header would leave every runner outside, and say nothing. */
static enum err_code check_internal(struct str token, const char *from, struct err *e)
{
	if (token.len == 0)
		return err_set(e, ERR_CONFIG, "%s: the internal token is empty", from);
	if (token.len > ACCESS_TOKEN_MAX)
		return err_set(e, ERR_CONFIG, "%s: the internal token has %zu bytes; at most %d are accepted",
			from, token.len, ACCESS_TOKEN_MAX);
	for (size_t i = 0; i < token.len; i++) {
		char c = token.p[i];

		if (c <= ' ' || c > '~')
			return err_set(e, ERR_CONFIG,
				"%s: the internal token has %s in it, which no Authorization header brings; "
				"it must "
				"be of visible ASCII characters only",
				from,
				c == '\n' || c == '\r'  ? "a line break"
				: c == ' ' || c == '\t' ? "a blank"
							: "a character that is not visible ASCII");
	}
	return ERR_OK;
}

/* A token that is accepted; and masked, should it ever be printed in a log. */
static enum err_code add_internal(struct config *c, struct str token, const char *from, struct err *e)
{
	token = str_trim(token);
	TRY(check_internal(token, from, e));
	if (c->internal.n == INTERNAL_MAX)
		return err_set(e, ERR_CONFIG, "%s: more than %zu internal tokens", from, INTERNAL_MAX);
	c->internal.digest[c->internal.n++] = sha256_of(token);
	if (token.len >= MASK_ENV_MIN && token.len <= MASK_VALUE_MAX)
		TRY(mask_add(c->mask, token, e));
	return ERR_OK;
}

static enum err_code add_internal_file(struct config *c, const char *path, struct err *e)
{
	enum err_code code;
	AUTO_BUF text;

	buf_init(&text, TOKEN_FILE_MAX);
	code = file_read(path, TOKEN_FILE_MAX, &text, e);
	if (code != ERR_OK)
		return err_set(e, ERR_CONFIG, "internal.token-file: %s cannot be read (%s)", path,
			code == ERR_NOT_FOUND ? "no such file" : "see its permissions and size");
	code = add_internal(c, buf_view(&text), path, e);
	secret_wipe(text.p, text.len);
	return code;
}

static enum err_code add_internal_tokens(const struct settings *s, struct config *c, struct err *e)
{
	static const char *const names[] = { "SLUICE_INTERNAL_TOKEN", "CLAUDE_HOOKS_INTERNAL_TOKEN" };
	const struct setting_entry *token = setting_last(s, SET_INTERNAL_TOKEN);
	const struct setting_entry *file = setting_last(s, SET_INTERNAL_TOKEN_FILE);
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");

	if (token)
		TRY(add_internal(c, token->text, "internal.token", e));
	if (file)
		TRY(add_internal_file(c, file->text.p, e));
	if (!token && !file && credentials && *credentials) {
		const char *path = arena_fmt(&c->arena, "%s/internal-token", credentials).p;

		if (file_exists(path))
			TRY(add_internal_file(c, path, e));
	}
	for (size_t i = 0; i < sizeof names / sizeof *names && !token && !file; i++) {
		const char *value = getenv(names[i]);

		if (value && *value && c->internal.n == 0)
			TRY(add_internal(c, str_z(value), names[i], e));
	}
	return ERR_OK;
}

static enum err_code add_mask(const struct settings *s, struct config *c, struct err *e)
{
	c->mask = mask_new();
	for (const struct setting_entry *x = s->first; x; x = x->next)
		if (x->id == SET_MASK_VALUE && mask_add(c->mask, x->text, e) != ERR_OK)
			return err_in(e, "mask.value");
	return ERR_OK;
}

static bool is_of_forge(const struct setting_entry *x)
{
	return strncmp(setting_rows[x->id].name, "forge.", 6) == 0;
}

static struct forge_config *find_forge(struct config *c, struct str name)
{
	for (size_t i = 0; i < c->n_forges; i++)
		if (str_eq_nocase(c->forges[i].name, name))
			return &c->forges[i];
	return NULL;
}

/* How it is asked, but for its address. Under systemd its token may be a credential. */
static void read_forge(const struct settings *s, struct config *c, struct forge_config *f)
{
	const struct setting_entry *kind = setting_last_of(s, SET_FORGE_KIND, f->name),
				   *token = setting_last_of(s, SET_FORGE_TOKEN_FILE, f->name),
				   *pull = setting_last_of(s, SET_FORGE_PULL, f->name),
				   *reconcile = setting_last_of(s, SET_FORGE_RECONCILE, f->name);
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");

	f->has_kind = kind != NULL;
	f->kind = kind && str_eq(kind->text, STR("github"))  ? COMMITS_GITHUB
		  : kind && str_eq(kind->text, STR("gitea")) ? COMMITS_GITEA
							     : COMMITS_FORGEJO;
	f->known = forge_known_new();
	f->pull = !pull || pull->number != 0;
	f->reconcile_ms = reconcile ? reconcile->number * 1000 : RECONCILE_MS;
	if (token)
		f->token_file = arena_cstr(&c->arena, token->text);
	else if (credentials && *credentials) {
		const char *path = arena_fmt(&c->arena, "%s/forge-%.*s", credentials, STR_FMT(f->name)).p;

		f->token_file = file_exists(path) ? arena_cstr(&c->arena, str_z(path)) : NULL;
	}
}

/* The forges in the order of the file, the default one moved to the front. */
static void add_forges(const struct settings *s, struct config *c)
{
	size_t most = 1, def = 0;

	for (const struct setting_entry *x = s->first; x; x = x->next)
		most += is_of_forge(x);
	c->forges = arena_array(&c->arena, most, sizeof *c->forges);
	for (const struct setting_entry *x = s->first; x; x = x->next) {
		struct forge_config *f;

		if (!is_of_forge(x))
			continue;
		f = find_forge(c, x->sub);
		if (!f) {
			f = &c->forges[c->n_forges++];
			f->name = arena_str(&c->arena, x->sub);
			read_forge(s, c, f);
		}
		if (x->id == SET_FORGE_URL) {
			struct str url = x->text;

			while (url.len > 0 && url.p[url.len - 1] == '/')
				url.len--;
			f->url = arena_str(&c->arena, url);
		} else if (x->id == SET_FORGE_DEFAULT && x->number) {
			def = (size_t)(f - c->forges);
		}
	}
	if (c->n_forges == 0)
		c->forges[c->n_forges++] = (struct forge_config){
			.name = STR("default"), .url = STR(""), .pull = true, .reconcile_ms = RECONCILE_MS
		};
	if (def > 0) {
		struct forge_config first = c->forges[def];

		memmove(&c->forges[1], &c->forges[0], def * sizeof first);
		c->forges[0] = first;
	}
}

static enum err_code no_such_chore(const struct setting_entry *x, struct err *e)
{
	AUTO_BUF names;

	buf_init(&names, 1000);
	for (enum chore c = 0; c < CHORE_N; c++)
		buf_fmt(&names, "%s%s", c > 0 ? ", " : "", chore_name(c));
	return err_set(e, ERR_CONFIG, "%s: janitor.skip: there is no chore \"%.60s\"; there are %s", x->from,
		x->text.p, buf_cstr(&names));
}

static void add_explain(const struct settings *s, struct config *c)
{
	size_t n = 0;

	c->explain_bytes = setting_number(s, SET_EXPLAIN_BYTES);
	c->errors = setting_number(s, SET_ERRORS);
	for (const struct setting_entry *x = s->first; x; x = x->next)
		n += x->id == SET_RULES;
	c->rule_folders = arena_array(&c->arena, n + 1, sizeof *c->rule_folders);
	for (const struct setting_entry *x = s->first; x; x = x->next)
		if (x->id == SET_RULES)
			c->rule_folders[c->n_rule_folders++] = arena_cstr(&c->arena, x->text);
}

static enum err_code add_janitor(const struct settings *s, struct config *c, struct err *e)
{
	struct str mode = setting_text(s, SET_JANITOR_MODE);
	enum chore chore;

	c->janitor_mode = str_eq(mode, STR("off"))       ? JANITOR_OFF
			  : str_eq(mode, STR("dry-run")) ? JANITOR_DRY_RUN
							 : JANITOR_HEAL;
	c->janitor_interval_ms = setting_number(s, SET_JANITOR_INTERVAL) * 1000;
	c->log_days = setting_number(s, SET_LOG_DAYS);
	c->log_bytes = setting_number(s, SET_LOG_BYTES);
	c->green_bytes = setting_number(s, SET_GREEN_BYTES);
	c->green_logs = setting_number(s, SET_GREEN_LOGS);
	c->error_days = setting_number(s, SET_ERROR_DAYS);
	c->output_days = setting_number(s, SET_OUTPUT_DAYS);
	c->audit_days = setting_number(s, SET_AUDIT_DAYS);
	for (const struct setting_entry *x = s->first; x; x = x->next) {
		if (x->id != SET_JANITOR_SKIP)
			continue;
		if (!chore_find(x->text, &chore))
			return no_such_chore(x, e);
		c->chores_off |= 1u << chore;
	}
	return ERR_OK;
}

static enum err_code add_proxies(const struct settings *s, struct config *c, struct err *e)
{
	size_t n = 0;

	for (const struct setting_entry *x = s->first; x; x = x->next)
		n += x->id == SET_PROXIES;
	c->proxies = arena_array(&c->arena, n + 1, sizeof *c->proxies);
	for (const struct setting_entry *x = s->first; x; x = x->next) {
		if (x->id != SET_PROXIES)
			continue;
		if (!ip_net_parse(x->text, &c->proxies[c->n_proxies++]))
			return err_set(e, ERR_CONFIG,
				"%s: server.proxies: \"%.60s\" is neither an address nor a net like "
				"10.0.0.0/8 whose "
				"other bits are 0",
				x->from, x->text.p);
	}
	return ERR_OK;
}

static struct str downloads_folder(const struct settings *s, struct arena *a)
{
	struct str folder = setting_text(s, SET_DOWNLOADS);

	return arena_str(a, folder.len > 0 ? folder : STR(SLUICE_DOWNLOADS));
}

static enum err_code fill(const struct settings *s, struct config *c, struct err *e)
{
	c->downloads = downloads_folder(s, &c->arena);
	c->reads_per_minute = setting_number(s, SET_READS);
	c->writes_per_minute = setting_number(s, SET_WRITES);
	c->logins_per_window = setting_number(s, SET_LOGINS);
	c->ingest_requests = setting_number(s, SET_INGEST_REQUESTS);
	c->body_bytes = setting_number(s, SET_BODY_BYTES);
	c->post_bytes = setting_number(s, SET_POST_BYTES);
	c->chunk_bytes = setting_number(s, SET_CHUNK_BYTES);
	c->step_bytes = setting_number(s, SET_STEP_BYTES);
	c->streams = setting_number(s, SET_STREAMS);
	c->scan_bytes = setting_number(s, SET_SCAN_BYTES);
	c->scan_ms = setting_number(s, SET_SCAN_MS);
	c->tails = setting_number(s, SET_TAILS);
	c->lost_after_ms = setting_number(s, SET_LOST_AFTER) * 1000;
	c->tail_lines = setting_number(s, SET_TAIL_LINES);
	c->tail_bytes = setting_number(s, SET_TAIL_BYTES);
	c->report_bytes = setting_number(s, SET_REPORT_BYTES);
	c->blob_bytes = setting_number(s, SET_BLOB_BYTES);
	c->suite_queue = setting_number(s, SET_SUITE_QUEUE);
	c->suite_lease_ms = setting_number(s, SET_SUITE_LEASE) * 1000;
	c->suite_names = setting_number(s, SET_SUITE_NAMES);
	c->reports = setting_number(s, SET_REPORTS);
	add_explain(s, c);
	c->sign_ins = setting_number(s, SET_SIGN_INS);
	c->session_idle_ms = setting_number(s, SET_SESSION_IDLE) * 1000;
	c->session_longest_ms = setting_number(s, SET_SESSION_LONGEST) * 1000;
	c->sessions_each = setting_number(s, SET_SESSION_EACH);
	add_forges(s, c);
	TRY(add_proxies(s, c, e));
	TRY(add_mask(s, c, e));
	TRY(add_internal_tokens(s, c, e));
	TRY(settings_oauth(s, c, e));
	TRY(settings_fleet(s, c, e));
	TRY(settings_dispatch(s, c, e));
	return add_janitor(s, c, e);
}

enum err_code settings_config(const struct settings *s, struct config **ret, struct err *e)
{
	struct config *c = config_new();
	enum err_code code = fill(s, c, e);

	if (code != ERR_OK) {
		config_free(c);
		return code;
	}
	*ret = c;
	return ERR_OK;
}

const char *settings_needs_restart(const struct settings *before, const struct settings *after)
{
	for (enum setting i = 0; i < SET_N; i++)
		if (!setting_rows[i].reload && !str_eq(setting_text(before, i), setting_text(after, i)))
			return setting_rows[i].name;
	return NULL;
}
