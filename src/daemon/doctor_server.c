/*
 * doctor_server: the checks of a server: from its settings, as `sluice serve` would read them, and from the server itself, which is asked what anybody may ask (healthz, readyz, metrics).
 * The forges and repositories of its gates are asked here and now, by this process.
 */
#include "base/clock.h"
#include "base/command.h"
#include "base/file.h"
#include "daemon/doctor.h"
#include "daemon/settings.h"
#include "http/tls_files.h"
#include "net/http.h"
#include "service/gate_ask.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#define METRICS_MAX ((size_t)4 << 20)
#define EXPIRES_SOON (30 * DAY_MS)

struct server {
	struct settings_source from;
	const char *url; /* where the server is; NULL: where its settings say */
	struct settings *settings;
	struct config *config;
	const char *data;
	struct http_client *http;
	bool answers;
	int64_t asked_ms,
		forge_ms; /* wall: when a forge was asked, and what time it said it was; 0: none did */
};

/* ---- what it is made of ---- */

static void look_at_config(void *subject, struct doctor *d)
{
	struct server *s = subject;
	struct str data = STR("");
	struct err e;

	if (settings_load(&s->from, &s->settings, &e) != ERR_OK ||
		settings_config(s->settings, &s->config, &e) != ERR_OK ||
		settings_data(s->settings, &d->arena, &data, &e) != ERR_OK) {
		doctor_problem(d,
			"sluice.conf(5) tells about each setting; `sluice config` shows what is in force",
			"%s", e.text);
		return;
	}
	s->data = arena_cstr(&d->arena, data);
	doctor_ok(d, "%s",
		settings_file(s->settings) ? settings_file(s->settings)
					   : "no file: all settings are as they are without one");
}

static void look_at_data(void *subject, struct doctor *d)
{
	struct server *s = subject;
	struct stat st;

	if (stat(s->data, &st) != 0)
		doctor_problem(d, "sluice init, or store.data", "%s: %s", s->data, strerror(errno));
	else if (faccessat(AT_FDCWD, s->data, R_OK | W_OK | X_OK, AT_EACCESS) != 0)
		doctor_problem(d,
			doctor_text(d, "run this as the user of the server; or: chown -R USER %s", s->data),
			"%s may not be written to by this user (uid %lld)", s->data, (long long)geteuid());
	else if (st.st_mode & (S_IRWXG | S_IRWXO))
		doctor_warn(d, doctor_text(d, "chmod 700 %s", s->data),
			"%s may be entered by other users than its owner", s->data);
	else
		doctor_ok(d, "%s", s->data);
}

static void look_at_database(void *subject, struct doctor *d)
{
	struct server *s = subject;
	const struct store_options o = { .data = s->data, .read_only = true };
	struct store *store = NULL;
	struct err e;

	if (!file_exists(doctor_text(d, "%s/sluice.db", s->data)))
		doctor_problem(d, "sluice init", "there is none in %s", s->data);
	else if (store_open(&o, &store, &e) != ERR_OK)
		doctor_problem(d,
			"sluice serve takes an older database along when it starts; else see the text", "%s",
			e.text);
	else if (store_ping(store, &e) != ERR_OK)
		doctor_problem(d, "sluice verify", "it cannot be read: %s", e.text);
	else
		doctor_ok(d, "can be read, %lld MiB", (long long)(store_bytes(store) >> 20));
	store_close(store);
}

static void look_at_disk(void *subject, struct doctor *d)
{
	struct server *s = subject;
	uint64_t kept = (uint64_t)s->config->fleet.free_bytes;

	doctor_room(d, s->data, kept > DOCTOR_NONE ? kept : DOCTOR_NONE,
		"sluice janitor; lower janitor.log-days or janitor.log-bytes; a larger disk for store.data");
}

/* ---- the server ---- */

/* An address that stands for all is asked on the loopback. */
static const char *url_of(struct server *s, struct doctor *d)
{
	struct str listen = setting_text(s->settings, SET_LISTEN);

	if (s->url)
		return s->url;
	if (str_starts(listen, STR("0.0.0.0:")))
		return doctor_text(d, "http://127.0.0.1%.*s", STR_FMT(str_from(listen, strlen("0.0.0.0"))));
	if (str_starts(listen, STR("[::]:")))
		return doctor_text(d, "http://[::1]%.*s", STR_FMT(str_from(listen, strlen("[::]"))));
	return doctor_text(d, "http://%.*s", STR_FMT(listen));
}

static enum err_code get(
	struct server *s, const char *url, size_t most, struct http_answer *ret, struct err *e)
{
	const struct http_request r = {
		.method = "GET", .url = url, .total_ms = DOCTOR_WAIT_MS, .max_answer = most
	};

	return http_send(s->http, &r, ret, e);
}

static void look_at_server(void *subject, struct doctor *d)
{
	struct server *s = subject;
	const char *url = url_of(s, d);
	struct http_answer alive = { 0 }, ready = { 0 };
	struct err e;

	if (get(s, doctor_text(d, "%s/healthz", url), 65536, &alive, &e) != ERR_OK) {
		doctor_problem(d,
			"systemctl start sluice (journalctl -u sluice says why it ended); or --url, when it "
			"is not where server.listen says",
			"%s", e.text);
		return;
	}
	s->answers = alive.status == 200;
	if (get(s, doctor_text(d, "%s/readyz", url), 65536, &ready, &e) != ERR_OK || ready.status != 200)
		doctor_problem(d, "journalctl -u sluice; the checks `database` and `disk`",
			"%s answers, and is not ready (%d)", url, ready.status);
	else if (!s->answers)
		doctor_problem(d, "server.listen, or --url", "what answers at %s is no Sluice (%d)", url,
			alive.status);
	else
		doctor_ok(d, "%s is ready", url);
	http_answer_done(&alive);
	http_answer_done(&ready);
}

static void look_at_internal(void *subject, struct doctor *d)
{
	struct server *s = subject;

	if (s->config->internal.n == 0)
		doctor_warn(d,
			"openssl rand -hex 32 > FILE, and internal.token-file = FILE; or runners have tokens "
			"of their "
			"repo: sluice token create",
			"no internal token is set: runners that have none of their own are answered 503");
	else
		doctor_ok(d, "is set");
}

/* ---- forges ---- */

static void look_at_forges(void *subject, struct doctor *d)
{
	struct server *s = subject;

	for (size_t i = 0; i < s->config->n_forges; i++) {
		const struct forge_config *f = &s->config->forges[i];
		struct http_answer a = { 0 };
		struct err e;
		enum err_code code;

		if (f->url.len == 0)
			continue;
		code = get(s, arena_cstr(&d->arena, f->url), METRICS_MAX, &a, &e);
		if (code == ERR_OK && a.date_s > 0) {
			s->asked_ms = clock_wall_ms(&clock_system);
			s->forge_ms = a.date_s * 1000;
		}
		if (code == ERR_OK && a.status >= 500)
			doctor_problem(d, "is the forge well?", "%.*s answers %d", STR_FMT(f->url), a.status);
		else if (code != ERR_OK && code != ERR_TOO_LARGE)
			doctor_problem(d,
				doctor_text(d, "curl -v %.*s; [forge \"%.*s\"] url", STR_FMT(f->url),
					STR_FMT(f->name)),
				"%s", e.text);
		else
			doctor_ok(d, "%.*s answers", STR_FMT(f->url));
		http_answer_done(&a);
	}
}

static void look_at_gate(struct server *s, const struct gate_config *g, struct doctor *d)
{
	const atomic_bool stop = false;
	const struct gate_asking q = { .http = s->http, .clock = &clock_system, .stop = &stop };
	const char *remedy = doctor_text(d,
		"url, owner, repo, branch, token-file, path of [gate \"%.*s\"]; what it says above",
		STR_FMT(g->name));
	struct gate_heard heard = { 0 };
	struct err e;

	if (!g->enabled)
		doctor_warn(d, doctor_text(d, "enabled = true in [gate \"%.*s\"]", STR_FMT(g->name)),
			"%.*s is off: everything is let in", STR_FMT(g->name));
	else if (gate_ask(&q, g, &d->arena, &heard, &e) != ERR_OK)
		doctor_problem(d, remedy, "%.*s: %s", STR_FMT(g->name), e.text);
	else if (heard.trouble.len > 0)
		doctor_warn(d, remedy, "%.*s goes by %.*s: %.*s", STR_FMT(g->name), STR_FMT(heard.from),
			STR_FMT(heard.trouble));
	else
		doctor_ok(d, "%.*s: %.*s has %zu commits, head %.12s", STR_FMT(g->name), STR_FMT(heard.from),
			heard.list.n < g->window ? heard.list.n : g->window, heard.list.ids[0].p);
}

static void look_at_gates(void *subject, struct doctor *d)
{
	struct server *s = subject;

	for (size_t i = 0; i < s->config->n_gates; i++)
		look_at_gate(s, &s->config->gates[i], d);
	if (s->config->n_gates == 0)
		doctor_ok(d, "there are none: whatever commit an episode is of, it is let in");
}

/* ---- TLS, the clock ---- */

static void look_at_certificate(
	const struct server *s, enum setting setting, const char *name, struct doctor *d)
{
	int64_t from = 0, until = 0, now = clock_wall_ms(&clock_system);
	struct str path = setting_text(s->settings, setting);
	const char *remedy = doctor_text(d,
		"a new one at %.*s (doc/fleet.md, Certificates), then systemctl restart sluice",
		STR_FMT(path));
	char date[CLOCK_DATE_LEN];
	struct err e;

	if (tls_file_dates(name, path.p, &from, &until, &e) != ERR_OK)
		doctor_problem(d, remedy, "%s", e.text);
	else if (now < from)
		doctor_problem(d, remedy, "%s is not good before %s", name, clock_date(from, date));
	else if (now >= until)
		doctor_problem(d, remedy, "%s was good until %s", name, clock_date(until, date));
	else if (until - now < EXPIRES_SOON)
		doctor_warn(d, remedy, "%s is good until %s", name, clock_date(until, date));
	else
		doctor_ok(d, "%s is good until %s", name, clock_date(until, date));
}

static void look_at_tls(void *subject, struct doctor *d)
{
	struct server *s = subject;

	if (setting_text(s->settings, SET_FLEET_LISTEN).len == 0)
		return;
	look_at_certificate(s, SET_FLEET_CERTIFICATE, "fleet.certificate", d);
	look_at_certificate(s, SET_FLEET_CLIENT_CA, "fleet.client-ca", d);
}

static void look_at_clock(void *subject, struct doctor *d)
{
	struct server *s = subject;
	struct timex t = { .modes = 0 };

	if (s->forge_ms > 0)
		doctor_clock(d, s->asked_ms, s->forge_ms, "the forge's");
	else if (adjtimex(&t) == TIME_ERROR || (t.status & STA_UNSYNC))
		doctor_warn(d, "timedatectl set-ntp true", "nothing keeps the clock of this machine right");
	else
		doctor_ok(d, "is kept right by a time server");
}

/* ---- how it goes ---- */

static void look_at_janitor(void *subject, struct doctor *d)
{
	struct server *s = subject;

	if (s->config->janitor_mode == JANITOR_HEAL)
		doctor_ok(d, "removes what is old");
	else
		doctor_warn(d, "janitor.mode = heal", "it only %s; nothing that is old is removed",
			s->config->janitor_mode == JANITOR_OFF ? "sleeps" : "says what it would do");
}

/* "sluice_x_failed_total 3" */
static bool read_failures(struct str line, struct str *ret_name, int64_t *ret_n)
{
	size_t space = str_find(line, ' ');
	struct str name = { line.p, space };

	if (space == line.len || !str_starts(line, STR("sluice_")) || !str_ends(name, STR("_failed_total")))
		return false;
	*ret_name = name;
	return str_to_int(str_trim(str_from(line, space + 1)), ret_n) && *ret_n > 0;
}

static void look_at_errors(void *subject, struct doctor *d)
{
	struct server *s = subject;
	struct http_answer a = { 0 };
	int before = d->n_warnings;
	struct err e;

	if (!s->answers)
		return;
	if (get(s, doctor_text(d, "%s/metrics", url_of(s, d)), METRICS_MAX, &a, &e) != ERR_OK ||
		a.status != 200) {
		doctor_warn(d, "run it on the machine of the server", "/metrics is not told (%d)", a.status);
		http_answer_done(&a);
		return;
	}
	for (struct str rest = buf_view(&a.body); rest.len > 0;) {
		size_t end = str_find(rest, '\n');
		struct str name;
		int64_t n = 0;

		if (read_failures((struct str){ rest.p, end }, &name, &n))
			doctor_warn(d, "journalctl -u sluice -p warning",
				"%.*s is %lld since the server was started", STR_FMT(name), (long long)n);
		rest = str_from(rest, end < rest.len ? end + 1 : end);
	}
	if (d->n_warnings == before)
		doctor_ok(d, "nothing has failed since the server was started");
	http_answer_done(&a);
}

/* ---- the command ---- */

static const struct doctor_check checks[] = {
	{ "config", look_at_config, true },
	{ "data", look_at_data, false },
	{ "database", look_at_database, false },
	{ "disk", look_at_disk, false },
	{ "server", look_at_server, false },
	{ "internal", look_at_internal, false },
	{ "forge", look_at_forges, false },
	{ "gate", look_at_gates, false },
	{ "tls", look_at_tls, false },
	{ "clock", look_at_clock, false },
	{ "janitor", look_at_janitor, false },
	{ "errors", look_at_errors, false },
};

static const char prose[] =
	"Looks at all that a server needs: its settings, data folder, database and disk, whether\n"
	"it runs, the forges and the repositories of its gates, certificates, the clock, what has\n"
	"failed since it was started. A line each: ok, warning or problem, and below it the\n"
	"command or setting that mends it. It changes nothing. Exits with 0 when there is no\n"
	"problem, else with 10.\n"
	"With --ship it looks at a host that ships to a server: `sluice doctor --ship --help`.";

int doctor_server(int argc, char **argv)
{
	struct server s = { 0 };
	struct doctor d = { 0 };
	struct opt_many sets = { 0 };
	const struct opt opts[] = {
		{ "config", 'c', OPT_STRING, "FILE",
			"settings (else $SLUICE_CONFIG, else /etc/sluice/sluice.conf)", &s.from.config },
		{ "set", 0, OPT_MANY, "NAME=VALUE", "a setting over the file's, as store.data=/srv/sluice",
			&sets },
		{ "url", 0, OPT_STRING, "URL", "where the server is (else where server.listen says)",
			&s.url },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &d.json },
		{ 0 },
	};
	const struct command_usage usage = {
		.name = "doctor", .synopsis = "[OPTIONS]", .prose = prose, .opts = opts
	};
	int code;

	if (command_options(&usage, &argc, argv, &code) == COMMAND_DONE)
		return code;
	if (argc > 0)
		return command_usage_fail("doctor", "\"%.60s\" is too much", argv[0]);
	s.from.sets = sets.values;
	s.from.n_sets = sets.n;
	s.http = http_client_new();
	code = doctor_run(&d, checks, sizeof checks / sizeof *checks, &s);
	http_client_free(s.http);
	if (s.config)
		config_free(s.config);
	settings_free(s.settings);
	free(sets.values);
	return code;
}
