

#include "tests/test.h"

#include "base/file.h"
#include "daemon/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

static const char *write_conf(const char *text)
{
	static char path[100];
	struct err e;

	snprintf(path, sizeof path, "%s/sluice.conf", folder);
	assert_int_equal(file_write_atomic(path, str_z(text), 0600, &e), ERR_OK);
	return path;
}

static struct settings *load(const char *text)
{
	struct settings_source from = { .config = write_conf(text) };
	struct settings *s = NULL;
	struct err e = { 0 };

	if (settings_load(&from, &s, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return s;
}

static struct config *config_of(const char *text)
{
	struct settings *s = load(text);
	struct config *c = NULL;
	struct err e = { 0 };

	if (settings_config(s, &c, &e) != ERR_OK)
		fail_msg("%s", e.text);
	settings_free(s);
	return c;
}

/* The text is refused, and the message has each of the given words in it. */
static void refused(const char *text, const char *w1, const char *w2, const char *w3)
{
	struct settings_source from = { .config = write_conf(text) };
	struct settings *s = NULL;
	struct config *c = NULL;
	struct err e = { 0 };
	enum err_code code = settings_load(&from, &s, &e);

	if (code == ERR_OK)
		code = settings_config(s, &c, &e);
	settings_free(s);
	config_free(c);
	assert_int_equal(code, ERR_CONFIG);
	if (!strstr(e.text, w1) || !strstr(e.text, w2) || !strstr(e.text, w3))
		fail_msg("\"%s\" lacks one of: %s, %s, %s", e.text, w1, w2, w3);
}

static void an_empty_file_gives_the_defaults(void **state)
{
	struct config *c = config_of("");
	(void)state;

	assert_int_equal(c->reads_per_minute, 120);
	assert_int_equal(c->writes_per_minute, 20);
	assert_int_equal(c->post_bytes, 65536);
	assert_int_equal(c->tail_lines, 200);
	assert_int_equal(c->tail_bytes, 32768);
	assert_int_equal(c->log_days, 14);
	assert_int_equal(c->janitor_interval_ms, 600000);
	assert_int_equal(c->janitor_mode, JANITOR_HEAL);
	assert_int_equal(c->internal.n, 0);
	assert_int_equal(c->n_forges, 1);
	assert_true(str_eq(c->forges[0].name, STR("default")));
	config_free(c);
}

static void each_action_of_a_dispatch_is_one_that_there_is(void **state)
{
	struct config *c =
		config_of("[dispatch \"acme/pump\"]\naction = claim\naction = status\naction = claim\n");
	(void)state;

	assert_int_equal(c->dispatches[0].actions, DISPATCH_CLAIM | DISPATCH_STATUS);
	config_free(c);
	refused("[dispatch \"acme/pump\"]\naction = shout\n", "action", "shout", "rerun");
	refused("[dispatch \"acme/pump\"]\naction = claim\naction = shout\n", "action", "shout", "rerun");
}

static void units_are_understood(void **state)
{
	struct config *c =
		config_of("[limits]\npost-bytes = 48k\ntail-bytes=4096\n[janitor]\ninterval = 2h\n");
	(void)state;

	assert_int_equal(c->post_bytes, 48 * 1024);
	assert_int_equal(c->tail_bytes, 4096);
	assert_int_equal(c->janitor_interval_ms, 7200 * 1000);
	config_free(c);
}

static void a_wrong_value_names_file_name_and_what_is_right(void **state)
{
	(void)state;
	refused("[limits]\nreads = many\n", "sluice.conf", "limits.reads",
		"a whole number from 0 to 1000000");
	refused("[limits]\ntail-lines = 0\n", "limits.tail-lines", "from 1 to", "200");
	refused("[limits]\npost-bytes = 99999999999999999999g\n", "limits.post-bytes", "a size in bytes",
		"64k");
	refused("[janitor]\nmode = maybe\n", "janitor.mode", "heal", "dry-run");
	refused("[janitor]\nskip = dishes\n", "janitor.skip", "dishes", "log_retention");
	refused("[forge \"a b\"]\nurl = https://x.example\n", "forge", "a b", "sluice.conf");
	refused("[forge \"a\"]\ndefault = perhaps\n", "forge.a.default", "true", "false");
}

static void an_unknown_name_is_told_the_nearest(void **state)
{
	(void)state;
	refused("[limits]\nreed = 3\n", "limits.reed", "nearest is limits.reads", "sluice.conf");
	refused("[janitor]\nlogdays = 3\n", "janitor.logdays", "janitor.log-days", "nearest");
	refused("[forge \"a\"]\nurl = git.example.org\n", "forge.a.url", "git.example.org", "https://");
	refused("[server]\nlisten = localhost:80\n", "server.listen", "localhost:80", "127.0.0.1:4500");
	refused("[sever]\nlisten = 3\n", "sever.listen", "server.listen", "nearest");
}

static void a_file_that_does_not_parse_names_its_place(void **state)
{
	(void)state;
	refused("[limits\nreads = 3\n", "sluice.conf", "", "");
}

static void a_missing_file_says_how_to_make_it(void **state)
{
	struct settings_source from = { .config = "/nowhere/at/all.conf" };
	struct settings *s = NULL;
	struct err e;
	(void)state;

	assert_int_equal(settings_load(&from, &s, &e), ERR_CONFIG);
	assert_non_null(strstr(e.text, "sluice init"));
}

static void a_short_mask_value_is_refused_without_being_shown(void **state)
{
	(void)state;
	refused("[mask]\nvalue = zq\n", "mask.value", "3 to 4096", "2 bytes");
}

static void the_internal_token_comes_from_file_setting_or_environment(void **state)
{
	struct sha256 want = sha256_of(STR("a-long-token"));
	char path[100], conf[200];
	struct config *c;
	struct err e;
	(void)state;

	c = config_of("[internal]\ntoken = a-long-token\n");
	assert_int_equal(c->internal.n, 1);
	assert_true(sha256_equal(&c->internal.digest[0], &want));
	config_free(c);

	snprintf(path, sizeof path, "%s/token", folder);
	assert_int_equal(file_write_atomic(path, STR("  a-long-token\n"), 0600, &e), ERR_OK);
	snprintf(conf, sizeof conf, "[internal]\ntoken-file = %s\n", path);
	c = config_of(conf);
	assert_true(sha256_equal(&c->internal.digest[0], &want));
	config_free(c);

	setenv("CLAUDE_HOOKS_INTERNAL_TOKEN", "a-long-token", 1);
	c = config_of("");
	assert_true(c->internal.n == 1 && sha256_equal(&c->internal.digest[0], &want));
	config_free(c);
	setenv("SLUICE_INTERNAL_TOKEN", "the-newer-name", 1);
	c = config_of("");
	assert_true(c->internal.n == 1 && !sha256_equal(&c->internal.digest[0], &want));
	config_free(c);
	unsetenv("SLUICE_INTERNAL_TOKEN");
	unsetenv("CLAUDE_HOOKS_INTERNAL_TOKEN");

	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	snprintf(path, sizeof path, "%s/internal-token", folder);
	assert_int_equal(file_write_atomic(path, STR("a-long-token"), 0600, &e), ERR_OK);
	c = config_of("");
	assert_true(c->internal.n == 1 && sha256_equal(&c->internal.digest[0], &want));
	config_free(c);
	unsetenv("CREDENTIALS_DIRECTORY");
	unlink(path);
}

static void an_empty_token_file_stops_the_start(void **state)
{
	char path[100], conf[200];
	struct err e;
	(void)state;

	snprintf(path, sizeof path, "%s/empty", folder);
	assert_int_equal(file_write_atomic(path, STR("\n"), 0600, &e), ERR_OK);
	snprintf(conf, sizeof conf, "[internal]\ntoken-file = %s\n", path);
	refused(conf, "empty", path, "token");
	refused("[internal]\ntoken-file = /nowhere/token\n", "internal.token-file", "/nowhere/token",
		"no such file");
}

static void an_internal_token_that_no_header_can_carry_stops_the_start(void **state)
{
	char path[100], conf[200], longest[ACCESS_TOKEN_MAX + 2];
	struct config *c;
	struct err e;
	AUTO_BUF text;
	(void)state;

	refused("[internal]\ntoken = two words\n", "internal.token", "blank", "visible ASCII");
	refused("[internal]\ntoken = \"a\\tb\"\n", "internal.token", "blank", "visible ASCII");
	refused("[internal]\ntoken = schl\xc3\xbcssel\n", "internal.token", "visible ASCII", "");
	refused("[internal]\ntoken = \"a\\bb\"\n", "internal.token", "visible ASCII", "");

	snprintf(path, sizeof path, "%s/token", folder);
	snprintf(conf, sizeof conf, "[internal]\ntoken-file = %s\n", path);
	assert_int_equal(file_write_atomic(path, STR("old-token\nnew-token\n"), 0600, &e), ERR_OK);
	refused(conf, path, "line break", "visible ASCII");
	assert_int_equal(file_write_atomic(path, STR("\xef\xbb\xbftoken\n"), 0600, &e), ERR_OK);
	refused(conf, path, "visible ASCII", "");

	buf_init(&text, 1000);
	memset(longest, 'x', sizeof longest);
	longest[ACCESS_TOKEN_MAX + 1] = '\0';
	buf_fmt(&text, "[internal]\ntoken = %s\n", longest);
	refused(buf_cstr(&text), "internal.token", "513 bytes", "512");
	buf_reset(&text);
	buf_fmt(&text, "[internal]\ntoken = %s\n", longest + 1);
	c = config_of(buf_cstr(&text));
	assert_int_equal(c->internal.n, 1);
	config_free(c);
}

static void secrets_are_not_shown(void **state)
{
	struct settings *s = load("[internal]\ntoken = sentinel-one\n[mask]\nvalue = sentinel-two\n");
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	settings_show(s, &out);
	assert_null(strstr(buf_cstr(&out), "sentinel"));
	assert_non_null(strstr(buf_cstr(&out), "internal.token = (set)"));
	settings_free(s);
}

#define PUBLIC "[server]\npublic-url = https://sluice.example.org/\n"

static const char *oauth_conf(const char *more)
{
	static char text[4000];
	char path[100];
	struct err e;

	snprintf(path, sizeof path, "%s/secret", folder);
	assert_int_equal(file_write_atomic(path, STR(" a-client-secret\n"), 0600, &e), ERR_OK);
	snprintf(text, sizeof text,
		PUBLIC "[oauth \"Home\"]\nkind = gitea\nurl = https://git.example.org/\nclient-id = sluice\n"
		       "client-secret-file = %s\n%s",
		path, more);
	return text;
}

static void a_provider_is_read_with_its_lines_and_its_secret(void **state)
{
	struct config *c = config_of(
		oauth_conf("allow = ann\nallow = org:acme\nrole = admin:acme/ops\nlink-email\nmembers\n"
			   "[forge \"HOME\"]\nurl = https://git.example.org/\n"));
	const struct oauth_config *o = config_oauth(c, STR("home"));
	(void)state;

	assert_non_null(o);
	assert_int_equal(o->provider.kind, OAUTH_GITEA);
	assert_string_equal(o->provider.url.p, "https://git.example.org");
	assert_string_equal(o->provider.client_secret.p, "a-client-secret");
	assert_string_equal(o->redirect_uri.p, "https://sluice.example.org/oauth/Home/callback");
	assert_int_equal(o->n_allow, 2);
	assert_string_equal(o->allow[1].p, "org:acme");
	assert_int_equal(o->n_roles, 1);
	assert_int_equal(o->roles[0].role, ROLE_ADMIN);
	assert_true(o->link_email);
	assert_true(o->members);
	assert_null(config_oauth(c, STR("away")));
	assert_int_equal(c->n_forges, 1); /* an [oauth] is no forge */
	assert_true(str_eq(c->forges[0].name, STR("HOME")));
	config_free(c);
}

static void a_provider_that_cannot_work_is_refused_with_what_it_lacks(void **state)
{
	static const char *const rest =
		"url = https://git.example.org\nclient-id = x\nclient-secret-file = /nonexistent\n";
	char text[600];
	(void)state;

	refused(PUBLIC "[oauth \"a\"]\nkind = oidc\nurl = https://x.example\nclient-id = a\nmembers = "
		       "true\nclient-secret-file = /dev/null\n",
		"oauth.a.members", "OpenID", "repos");
	refused(oauth_conf("members\n"), "oauth.Home.members", "there is no [forge \"Home\"]",
		"https://git.example.org");
	refused(oauth_conf("members\n[forge \"home\"]\nurl = https://other.example\n"), "oauth.Home.members",
		"https://other.example", "https://git.example.org");
	refused(oauth_conf("members\n[forge \"home\"]\n"), "oauth.Home.members", "", "");
	refused("[oauth \"a\"]\nkind = gitea\n", "public-url", "oauth", "\"a\"");
	refused(PUBLIC "[oauth \"a\"]\nurl = https://x.example\n", "kind", "oauth", "\"a\"");
	refused(PUBLIC "[oauth \"a\"]\nkind = gitea\n", "url", "oauth", "\"a\"");
	refused(PUBLIC "[oauth \"a\"]\nkind = gitlab\n", "oauth.a.kind", "gitlab", "forgejo");
	refused(PUBLIC "[oauth \"a\"]\nkind = gitea\nurl = https://x.example\n", "client-id", "oauth",
		"\"a\"");
	refused(PUBLIC "[oauth \"a\"]\nkind = gitea\nurl = https://x.example\nclient-id = x\n",
		"client-secret-file", "oauth", "\"a\"");
	snprintf(text, sizeof text, PUBLIC "[oauth \"a\"]\nkind = gitea\n%s", rest);
	refused(text, "/nonexistent", "no such file", "client-secret-file");
	refused(PUBLIC "[oauth \"a\"]\nkind = oidc\nurl = http://id.example.org\nclient-id = x\n",
		"oauth.a.url", "https", "certificate");
	refused(PUBLIC "[oauth \"a b\"]\nkind = gitea\n", "oauth", "a b", "sluice.conf");
	refused(PUBLIC "[oauth \"..\"]\nkind = gitea\n", "oauth", "..", "path");
	refused(oauth_conf("allow = a b\n"), "oauth.Home.allow", "a b", "org:NAME");
	refused(oauth_conf("role = root:acme/ops\n"), "oauth.Home.role", "root", "admin");
	refused("[server]\npublic-url = https://x.example/sluice\n", "server.public-url", "sluice",
		"https://");
	refused("[server]\npublic-url = https://u:p@x.example\n", "server.public-url", "address", "https://");
	refused("[server]\npublic-url = x.example\n", "server.public-url", "x.example", "https://");
}

static void the_default_forge_is_the_marked_one_else_the_first(void **state)
{
	struct config *c = config_of(
		"[forge \"a\"]\nurl = https://a.example/\n[forge \"b\"]\nurl = https://b.example\n");
	(void)state;

	assert_int_equal(c->n_forges, 2);
	assert_true(str_eq(c->forges[0].name, STR("a")));
	assert_true(str_eq(c->forges[0].url, STR("https://a.example")));
	config_free(c);
	c = config_of("[forge \"a\"]\nurl = https://x\n[forge \"b\"]\nurl = https://y\ndefault\n[forge "
		      "\"c\"]\nurl = http://z\n");
	assert_true(str_eq(c->forges[0].name, STR("b")));
	assert_true(str_eq(c->forges[1].name, STR("a")));
	assert_true(str_eq(c->forges[2].name, STR("c")));
	config_free(c);
}

static void what_is_set_on_the_command_line_goes_over_the_file(void **state)
{
	static const char *const sets[] = { "limits.reads=7", "server.listen=127.0.0.1:0" };
	struct settings_source from = { write_conf("[limits]\nreads = 5\n"), sets, 2 };
	static const char *const wrong[] = { "limits.reads" };
	struct settings *s = NULL;
	struct err e;
	(void)state;

	assert_int_equal(settings_load(&from, &s, &e), ERR_OK);
	assert_int_equal(setting_number(s, SET_READS), 7);
	assert_true(str_eq(setting_text(s, SET_LISTEN), STR("127.0.0.1:0")));
	settings_free(s);
	from.sets = wrong;
	from.n_sets = 1;
	assert_int_equal(settings_load(&from, &s, &e), ERR_CONFIG);
	assert_non_null(strstr(e.text, "section.key=value"));
}

static void a_secret_is_not_taken_from_the_command_line(void **state)
{
	static const char *const sets[] = { "internal.token=sentinel-of-a-token", "mask.value=sentinel" };
	struct settings *s = NULL;
	struct err e;
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		struct settings_source from = { write_conf(""), &sets[i], 1 };

		assert_int_equal(settings_load(&from, &s, &e), ERR_CONFIG);
		assert_null(strstr(e.text, "sentinel"));
	}
}

static void a_changed_listener_needs_a_restart_a_changed_limit_does_not(void **state)
{
	struct settings *a = load("[limits]\nreads = 5\n"), *b = load("[limits]\nreads = 6\n");
	struct settings *c = load("[server]\nlisten = 127.0.0.1:1\n");
	(void)state;

	assert_null(settings_needs_restart(a, b));
	assert_string_equal(settings_needs_restart(a, c), "server.listen");
	settings_free(a);
	settings_free(b);
	settings_free(c);
}

static void the_example_is_itself_a_valid_file_of_defaults(void **state)
{
	AUTO_BUF text;
	struct settings *s;
	(void)state;

	buf_init(&text, 1 << 20);
	settings_example(STR(""), &text);
	s = load(buf_cstr(&text));
	assert_int_equal(setting_number(s, SET_READS), 120);
	settings_free(s);
	buf_reset(&text);
	settings_example(STR("/a \"quoted\\ folder"), &text);
	s = load(buf_cstr(&text));
	assert_true(str_eq(setting_text(s, SET_DATA), STR("/a \"quoted\\ folder")));
	settings_free(s);
}

static void the_data_folder_follows_the_environment(void **state)
{
	struct settings *s = load("");
	struct str data;
	struct err e;
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	unsetenv("XDG_DATA_HOME");
	setenv("HOME", "/home/x", 1);
	assert_int_equal(settings_data(s, &a, &data, &e), ERR_OK);
	assert_string_equal(data.p, "/home/x/.local/share/sluice");
	setenv("XDG_DATA_HOME", "/xdg", 1);
	assert_int_equal(settings_data(s, &a, &data, &e), ERR_OK);
	assert_string_equal(data.p, "/xdg/sluice");
	setenv("STATE_DIRECTORY", "/var/lib/sluice:/other", 1);
	assert_int_equal(settings_data(s, &a, &data, &e), ERR_OK);
	assert_true(str_eq(data, STR("/var/lib/sluice")));
	unsetenv("STATE_DIRECTORY");
	unsetenv("XDG_DATA_HOME");
	unsetenv("HOME");
	assert_int_equal(settings_data(s, &a, &data, &e), ERR_CONFIG);
	settings_free(s);
}

static int make_folder(void **state)
{
	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	unsetenv("SLUICE_INTERNAL_TOKEN");
	unsetenv("CLAUDE_HOOKS_INTERNAL_TOKEN");
	snprintf(folder, sizeof folder, "/tmp/sluice-settings-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "sluice.conf", "token", "empty", "internal-token", "secret" };
	char path[100];
	(void)state;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_gives_the_defaults),
		cmocka_unit_test(units_are_understood),
		cmocka_unit_test(each_action_of_a_dispatch_is_one_that_there_is),
		cmocka_unit_test(a_wrong_value_names_file_name_and_what_is_right),
		cmocka_unit_test(an_unknown_name_is_told_the_nearest),
		cmocka_unit_test(a_file_that_does_not_parse_names_its_place),
		cmocka_unit_test(a_missing_file_says_how_to_make_it),
		cmocka_unit_test(a_short_mask_value_is_refused_without_being_shown),
		cmocka_unit_test(the_internal_token_comes_from_file_setting_or_environment),
		cmocka_unit_test(an_empty_token_file_stops_the_start),
		cmocka_unit_test(an_internal_token_that_no_header_can_carry_stops_the_start),
		cmocka_unit_test(secrets_are_not_shown),
		cmocka_unit_test(a_provider_is_read_with_its_lines_and_its_secret),
		cmocka_unit_test(a_provider_that_cannot_work_is_refused_with_what_it_lacks),
		cmocka_unit_test(the_default_forge_is_the_marked_one_else_the_first),
		cmocka_unit_test(what_is_set_on_the_command_line_goes_over_the_file),
		cmocka_unit_test(a_secret_is_not_taken_from_the_command_line),
		cmocka_unit_test(a_changed_listener_needs_a_restart_a_changed_limit_does_not),
		cmocka_unit_test(the_example_is_itself_a_valid_file_of_defaults),
		cmocka_unit_test(the_data_folder_follows_the_environment),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
