/*
 * doctor_host: the checks of a host that ships. It reads what `sluice ship` reads, and asks the receiver what it thinks of this host (GET /v1/fleet/whoami): one
 * question, whose answer says whether it is there, whether the token is good, what time it is, and whether the gate would let in what is made here.
 */
#include "agent/ship_folder.h"
#include "agent/ship_options.h"
#include "agent/ship_scan.h"
#include "agent/ship_send.h"
#include "agent/ship_settle.h"
#include "base/clock.h"
#include "base/command.h"
#include "base/file.h"
#include "daemon/doctor.h"
#include "forge/commits.h"
#include "model/episode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_MAX ((size_t)1 << 20)
#define ANSWER_MAX ((size_t)1 << 20)
#define NAMED_MAX 3 /* of what there may be many of */

#define ENTRIES_MAX 1000000 /* counted of what waits */

struct host {
	struct ship_options options;
	const char *config, *operand, *commit, *code;
	const char *path; /* of the folder */
	struct ship_folder folder;
	struct peer peer;
	struct http_client *http;
	/* What was found in episodes/. */
	int64_t n_ready, bytes, oldest_ms, newest_ms, n_held, n_unfinished;
	int64_t n_entries;      /* files and folders that may still be counted */
	char newest_commit[65]; /* of what waits */
	char held[200], unfinished[SHIP_NAME_MAX];
	/* What the receiver said. */
	struct http_answer answer;
	struct json_doc *doc; /* NULL: nothing of use */
	int64_t asked_ms;     /* wall, in the middle of the question */
	bool lives;           /* a shipper */
};

static const struct json *told(const struct host *h)
{
	return h->doc ? json_root(h->doc) : NULL;
}

/* ---- config ---- */

static void look_at_config(void *subject, struct doctor *d)
{
	struct host *h = subject;
	struct err e;

	if (ship_options_end(&h->options, h->config, &d->arena, &e) != ERR_OK) {
		doctor_problem(d, "`sluice ship --help` lists the options, which are the keys of [ship]",
			"%s", e.text);
		return;
	}
	h->path = h->operand ? h->operand : h->options.folder;
	if (!h->path) {
		doctor_problem(
			d, "sluice doctor --ship FOLDER, or folder = FOLDER in [ship]", "no folder is named");
		return;
	}
	if (peer_init(&h->peer, h->options.url, h->options.token_file, &e) != ERR_OK)
		doctor_problem(d, "--url (url), --token-file (token-file) of `sluice ship`", "%s", e.text);
	else
		doctor_ok(d, "ships from %s as %s to %.*s", h->path, h->options.host,
			STR_FMT(buf_view(&h->peer.shown)));
}

/* ---- the folder ---- */

static bool is_live(void *arg, const char *id)
{
	(void)arg;
	(void)id;
	return false;
}

static void hold(struct host *h, const char *name, const char *why)
{
	if (h->n_held++ == 0)
		snprintf(h->held, sizeof h->held, "%.60s: %.130s", name, why);
}

static void ready(void *arg, const char *name, int64_t done_ms)
{
	struct host *h = arg;
	struct ship_meta meta;
	struct err e;

	h->n_ready++;
	if (h->oldest_ms == 0 || done_ms < h->oldest_ms)
		h->oldest_ms = done_ms;
	if (episode_id_check(str_z(name), &e) != ERR_OK ||
		ship_meta_read(&h->folder, name, &meta, &e) != ERR_OK) {
		hold(h, name, e.text);
		return;
	}
	h->bytes += ship_bytes_below(&h->folder, name, &h->n_entries);
	if (done_ms >= h->newest_ms) {
		h->newest_ms = done_ms;
		snprintf(h->newest_commit, sizeof h->newest_commit, "%s", meta.commit);
	}
}

/* One that is being made is not finished either; one that nobody has touched for a day is forgotten. */
static void unfinished(void *arg, const char *name)
{
	struct host *h = arg;
	char marker[SHIP_NAME_MAX + sizeof SHIP_DONE];
	struct stat st;

	snprintf(marker, sizeof marker, "%s/" SHIP_DONE, name);
	if (fstatat(h->folder.episodes, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode) ||
		ship_is_there(h->folder.episodes, marker))
		return;
	if (clock_wall_ms(&clock_system) - (int64_t)st.st_mtime * 1000 < DAY_MS)
		return;
	if (h->n_unfinished++ == 0)
		snprintf(h->unfinished, sizeof h->unfinished, "%s", name);
}

static void check_access(const struct host *h, struct doctor *d, const char *name)
{
	if (faccessat(h->folder.root, name, R_OK | W_OK | X_OK, AT_EACCESS) == 0 || errno == ENOENT)
		return;
	doctor_problem(d,
		doctor_text(d, "run the shipper, and this, as the owner of %s, or: chown -R %lld %s", h->path,
			(long long)geteuid(), h->path),
		"%s/%s may not be written to by this user (uid %lld)", h->path, name, (long long)geteuid());
}

static void look_at_folder(void *subject, struct doctor *d)
{
	struct host *h = subject;
	const struct ship_seen seen = {
		.arg = h, .is_live = is_live, .ready = ready, .unfinished = unfinished
	};
	int before = d->n_problems;
	struct err e;

	if (ship_folder_look(h->path, &h->folder, &e) != ERR_OK) {
		doctor_problem(d, doctor_text(d, "mkdir -p %s/episodes", h->path), "%s", e.text);
		return;
	}
	h->lives = ship_folder_is_taken(&h->folder);
	h->folder.episodes = openat(h->folder.root, "episodes", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	h->folder.quarantine = openat(h->folder.root, "quarantine", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check_access(h, d, ".");
	check_access(h, d, "episodes");
	check_access(h, d, "outbox");
	check_access(h, d, "quarantine");
	if (h->folder.episodes < 0)
		doctor_warn(d, doctor_text(d, "mkdir %s/episodes", h->path),
			"%s has no folder episodes that can be read", h->path);
	else if (ship_scan(&h->folder, &seen, &e) != ERR_OK)
		doctor_problem(d, "let this user read all of it", "%s", e.text);
	else if (d->n_problems == before)
		doctor_ok(d, "%s may be read and written", h->path);
}

static void look_at_disk(void *subject, struct doctor *d)
{
	struct host *h = subject;

	if (h->folder.root >= 0)
		doctor_room(d, h->path, DOCTOR_NONE,
			"`--keep remove` (keep = remove) removes what was shipped; old episodes in "
			"quarantine/ go after --quarantine-days");
}

/* ---- its shipper ---- */

static void look_at_shipper(void *subject, struct doctor *d)
{
	struct host *h = subject;

	if (h->folder.root < 0)
		return;
	if (h->lives)
		doctor_ok(d, "runs");
	else
		doctor_problem(d,
			doctor_text(d, "systemctl enable --now sluice-ship (or: sluice ship %s)", h->path),
			"no shipper runs for %s", h->path);
}

struct telling {
	struct doctor *d;
	const struct host *host;
	int n;
};

static const char *remedy_of(struct doctor *d, const struct host *h, struct str kind)
{
	if (str_eq(kind, STR("disk")) || str_eq(kind, STR("packing")))
		return "see what it says of the file, and the check `disk`";
	if (str_eq(kind, STR("quarantined")))
		return doctor_text(d, "mend what it says, then: sluice ship --requeue %s", h->path);
	return "see the checks `receiver` and `token`; sluice ship --once tries it now";
}

static bool tell_trouble(void *arg, struct str kind, struct json *value)
{
	struct telling *t = arg;

	t->n++;
	doctor_warn(t->d, remedy_of(t->d, t->host, kind), "%.*s, %.*s%s: %.*s", STR_FMT(kind),
		STR_FMT(json_str(json_get(value, "at"))),
		json_is_true(json_get(value, "lasts")) ? ", and it lasts" : "",
		STR_FMT(json_str(json_get(value, "message"))));
	return true;
}

static void look_at_errors(void *subject, struct doctor *d)
{
	struct host *h = subject;
	struct telling t = { .d = d, .host = h };
	struct json_doc *doc = NULL;
	struct err e;
	AUTO_BUF text;

	buf_init(&text, STATE_MAX);
	if (h->folder.root < 0)
		return;
	if (file_read(doctor_text(d, "%s/" SHIP_STATE, h->path), STATE_MAX, &text, &e) != ERR_OK ||
		json_parse(buf_view(&text), 0, &doc, &e) != ERR_OK) {
		doctor_warn(d, doctor_text(d, "sluice ship --once %s", h->path),
			"no shipper has told what it does here: %s", e.text);
		return;
	}
	json_each(json_get(json_root(doc), "last_errors"), tell_trouble, &t);
	if (t.n == 0)
		doctor_ok(d, "none since the shipper was started");
	json_free(doc);
}

/* ---- what waits ---- */

static void look_at_backlog(void *subject, struct doctor *d)
{
	struct host *h = subject;
	int64_t age = clock_wall_ms(&clock_system) - h->oldest_ms;

	if (h->folder.episodes < 0)
		return;
	if (h->n_held > 0)
		doctor_problem(d, "mend its meta.json (code_version.commit) or its name, or move it away",
			"%lld episodes cannot be shipped, as %s", (long long)h->n_held, h->held);
	if (h->n_unfinished > 0)
		doctor_warn(d,
			doctor_text(d, "touch %s/episodes/%s/" SHIP_DONE ", if it is whole; else remove it",
				h->path, h->unfinished),
			"%lld folders have no " SHIP_DONE " and were not touched for a day, as %s",
			(long long)h->n_unfinished, h->unfinished);
	if (h->n_ready > h->n_held && age > DAY_MS)
		doctor_warn(d, doctor_text(d, "sluice ship status %s", h->path),
			"%lld episodes wait, %lld bytes; the oldest for %lld hours", (long long)h->n_ready,
			(long long)h->bytes, (long long)(age / 3600000));
	else
		doctor_ok(d, "%lld episodes wait, %lld bytes", (long long)h->n_ready, (long long)h->bytes);
}

static void tell_refused(struct doctor *d, const struct host *h, const char *id)
{
	const struct json *root = NULL;
	struct json_doc *doc = NULL;
	int64_t status = 0;
	struct err e;
	AUTO_BUF text;

	buf_init(&text, ANSWER_MAX);
	if (file_read(doctor_text(d, "%s/quarantine/%s" SHIP_ANSWER, h->path, id), ANSWER_MAX, &text, &e) ==
			ERR_OK &&
		json_parse(buf_view(&text), JSON_REPAIR_TEXT, &doc, &e) == ERR_OK)
		root = json_root(doc);
	json_int(json_get(root, "status"), &status);
	doctor_warn(d,
		doctor_text(d,
			"mend what %s/quarantine/%s" SHIP_ANSWER " says, then: sluice ship --requeue %s %s",
			h->path, id, h->path, id),
		"%s was refused (%lld): %.*s", id, (long long)status,
		STR_FMT(json_str(json_get(json_get(root, "body"), "message"))));
	json_free(doc);
}

static bool take_refused(void *arg, const char *id)
{
	struct telling *t = arg;

	if (t->n++ < NAMED_MAX)
		tell_refused(t->d, t->host, id);
	return true;
}

static void look_at_quarantine(void *subject, struct doctor *d)
{
	struct host *h = subject;
	struct telling t = { .d = d, .host = h };
	struct err e;

	if (h->folder.root < 0)
		return;
	if (h->folder.quarantine >= 0 && ship_quarantined_each(&h->folder, take_refused, &t, &e) != ERR_OK)
		doctor_problem(d, "let this user read it", "%s", e.text);
	else if (t.n == 0)
		doctor_ok(d, "nothing is in it");
	else if (t.n > NAMED_MAX)
		doctor_warn(d, doctor_text(d, "ls %s/quarantine", h->path), "and %d more", t.n - NAMED_MAX);
}

/* ---- the receiver ---- */

static const char *installed_commit(const struct host *h, struct doctor *d, struct err *e)
{
	struct str head;

	if (h->commit)
		return h->commit;
	if (!h->code)
		return h->newest_commit;
	return commits_local_head(h->code, &d->arena, &head, e) == ERR_OK ? arena_cstr(&d->arena, head)
									  : NULL;
}

static enum err_code ask(struct host *h, struct doctor *d, struct err *e)
{
	const char *commit = installed_commit(h, d, NULL);
	struct http_request r = { .method = "GET",
		.bearer = peer_token(&h->peer),
		.total_ms = DOCTOR_WAIT_MS,
		.max_answer = ANSWER_MAX,
		.authorities = h->options.ca,
		.certificate = h->options.certificate,
		.key = h->options.key };
	int64_t began = clock_wall_ms(&clock_system);

	r.url = doctor_text(d, "%s/v1/fleet/whoami", buf_cstr(&h->peer.url));
	if (commit && commit_check(str_z(commit), NULL) == ERR_OK)
		r.url = doctor_text(d, "%s?host=%s&commit=%s", r.url, h->options.host, commit);
	TRY(http_send(h->http, &r, &h->answer, e));
	h->asked_ms = began + (clock_wall_ms(&clock_system) - began) / 2;
	return ERR_OK;
}

static void look_at_receiver(void *subject, struct doctor *d)
{
	struct host *h = subject;
	struct err e;

	if (ask(h, d, &e) != ERR_OK) {
		doctor_problem(d,
			doctor_text(d,
				"is it running (`sluice doctor` there), is --url right, does a firewall or "
				"proxy stand between: curl -v %.*s/healthz",
				STR_FMT(buf_view(&h->peer.shown))),
			"%s", e.text);
		return;
	}
	if (h->answer.status == 200 && (json_parse(buf_view(&h->answer.body), 0, &h->doc, &e) != ERR_OK ||
					       json_str(json_get(told(h), "server_time")).len == 0)) {
		json_free(h->doc);
		h->doc = NULL;
		doctor_problem(d, "--url of `sluice ship`", "what answers at %.*s is no receiver",
			STR_FMT(buf_view(&h->peer.shown)));
	} else if (h->answer.status == 404) {
		doctor_warn(d, "--url of `sluice ship`, unless it is an older receiver",
			"%.*s does not know /v1/fleet/whoami: more cannot be asked",
			STR_FMT(buf_view(&h->peer.shown)));
	} else if (h->answer.status >= 500 || h->answer.status == 429) {
		doctor_problem(d, "`sluice doctor` on the server", "it answered %d", h->answer.status);
	} else {
		doctor_ok(d, "%.*s answers", STR_FMT(buf_view(&h->peer.shown)));
	}
}

static const char *new_token(const struct host *h, struct doctor *d)
{
	return doctor_text(d,
		"on the server: sluice token create --host %s --machine-days 365; here: into --token-file "
		"(token-file)",
		h->options.host);
}

static void look_at_token(void *subject, struct doctor *d)
{
	struct host *h = subject;
	struct str host = json_str(json_get(told(h), "host"));
	struct str by = json_str(json_get(told(h), "by"));
	struct err e;

	if (!peer_token(&h->peer) && !h->options.certificate) {
		doctor_problem(d, new_token(h, d), "there is none, and no certificate");
	} else if (h->answer.status == 401 || h->answer.status == 403) {
		peer_error(&h->peer, &h->answer, &e);
		doctor_problem(d, new_token(h, d), "the receiver refuses it: %s", e.text);
	} else if (!h->doc) {
		return;
	} else if (host.len > 0 && !str_eq(host, str_z(h->options.host))) {
		doctor_problem(d,
			doctor_text(d, "--host %.*s (host = %.*s), or a token of this host", STR_FMT(host),
				STR_FMT(host)),
			"the %.*s is of the host %.*s, and episodes are shipped as %s", STR_FMT(by),
			STR_FMT(host), h->options.host);
	} else {
		doctor_ok(d, "the %.*s is good%s%.*s", STR_FMT(by), host.len > 0 ? ", of " : ", of any host",
			STR_FMT(host));
	}
}

static void look_at_clock(void *subject, struct doctor *d)
{
	struct host *h = subject;
	int64_t theirs = 0;

	if (h->doc && clock_parse(json_str(json_get(told(h), "server_time")), &theirs))
		doctor_clock(d, h->asked_ms, theirs, "the receiver's");
	else if (h->answer.date_s > 0)
		doctor_clock(d, h->asked_ms, h->answer.date_s * 1000, "the receiver's");
}

static void tell_verdict(const struct json *gate, const char *commit, struct doctor *d)
{
	struct str answer = json_str(json_get(gate, "answer"));
	struct str remedy = json_str(json_get(gate, "remediation"));
	int64_t behind = 0;

	if (str_eq(answer, STR("admitted")) && json_int(json_get(gate, "behind"), &behind))
		doctor_ok(d, "lets %.12s in, %lld behind the head", commit, (long long)behind);
	else if (str_eq(answer, STR("admitted")))
		doctor_ok(d, "lets %.12s in", commit);
	else if (str_eq(answer, STR("not-ready")))
		doctor_warn(d, "`sluice gate status` on the server", "%.*s",
			STR_FMT(json_str(json_get(gate, "message"))));
	else
		doctor_problem(d, arena_cstr(&d->arena, remedy), "%.*s",
			STR_FMT(json_str(json_get(gate, "message"))));
}

static void look_at_gate(void *subject, struct doctor *d)
{
	struct host *h = subject;
	struct err e;
	const char *commit = installed_commit(h, d, &e);
	const struct json *gate = json_get(told(h), "gate");

	if (!commit)
		doctor_problem(d, "--code DIR: the repository that this host's code runs from", "%s", e.text);
	else if (!*commit)
		doctor_ok(d, "not asked: name what is installed with --commit C or --code DIR");
	else if (commit_check(str_z(commit), &e) != ERR_OK)
		doctor_problem(d, "--commit C, 12 to 64 hexadecimal digits", "%s", e.text);
	else if (gate)
		tell_verdict(gate, commit, d);
	else if (h->doc)
		doctor_warn(d, "update the server", "an older receiver does not say whether it takes %.12s",
			commit);
}

/* ---- the command ---- */

static const struct doctor_check checks[] = {
	{ "config", look_at_config, true },
	{ "folder", look_at_folder, false },
	{ "disk", look_at_disk, false },
	{ "shipper", look_at_shipper, false },
	{ "receiver", look_at_receiver, false },
	{ "token", look_at_token, false },
	{ "clock", look_at_clock, false },
	{ "gate", look_at_gate, false },
	{ "backlog", look_at_backlog, false },
	{ "quarantine", look_at_quarantine, false },
	{ "errors", look_at_errors, false },
};

static const char prose[] =
	"Looks at all that a host needs to ship: its settings, folder, disk and shipper, whether\n"
	"the receiver is there and takes its token, its clock, whether the gate would let in what\n"
	"is made here, what waits, what was refused, the last errors. A line each: ok, warning or\n"
	"problem, and below it the command or setting that mends it. It changes nothing. Exits\n"
	"with 0 when there is no problem, else with 10.\n"
	"The commit that is asked about is --commit, else the one that is checked out in --code,\n"
	"else that of the newest episode that waits.";

int doctor_host(int argc, char **argv)
{
	struct host h = { .folder = SHIP_FOLDER_NONE, .n_entries = ENTRIES_MAX };
	struct doctor d = { 0 };
	bool ship = false;
	struct opt opts[SHIP_N_OPTIONS + 6] = {
		{ "ship", 0, OPT_FLAG, NULL, "look at a host that ships", &ship },
		{ "commit", 0, OPT_STRING, "C", "what is installed here", &h.commit },
		{ "code", 0, OPT_STRING, "DIR", "a git repository: what is checked out there is installed",
			&h.code },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &d.json },
		{ "config", 'c', OPT_STRING, "FILE", "as of `sluice ship`, like all below", &h.config },
	};
	const struct command_usage usage = {
		.name = "doctor", .synopsis = "--ship [OPTIONS] [FOLDER]", .prose = prose, .opts = opts
	};
	size_t n_opts = 5;
	int code;

	ship_options_init(&h.options);
	ship_options_rows(&h.options, opts, &n_opts);
	if (command_options(&usage, &argc, argv, &code) == COMMAND_DONE)
		return code;
	if (argc > 1)
		return command_usage_fail("doctor", "\"%.60s\" is too much", argv[1]);
	h.operand = argc > 0 ? argv[0] : NULL;
	h.http = http_client_new();
	code = doctor_run(&d, checks, sizeof checks / sizeof *checks, &h);
	json_free(h.doc);
	http_answer_done(&h.answer);
	http_client_free(h.http);
	peer_done(&h.peer);
	ship_folder_close(&h.folder);
	return code;
}
