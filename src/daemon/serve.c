/*
 * serve: the life of the server.
 *
 *	settings -> store -> snapshot, limits, janitor -> listener -> READY -> signals until one says stop ->
 *	drain -> all down again, in reverse
 *
 * Signals are blocked in every thread and taken here by sigwait: no handler runs, but for the second SIGTERM,
 * which ends the process at once. SIGHUP makes a new snapshot; if the new file is wrong, the old settings stay
 * and diag says why.
 */
#include "daemon/daemon.h"

#include "base/command.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/notify.h"
#include "daemon/settings.h"
#include "http/server.h"
#include "service/dispatcher.h"
#include "service/explainer.h"
#include "service/forge_asker.h"
#include "service/gate.h"
#include "service/janitor.h"
#include "service/queue.h"
#include "service/rate.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define DRAIN_S 30
#define PASSWORDS_AT_ONCE 2 /* each takes PASSWORD_MEMORY_KIB and tens of milliseconds of a processor */
#define PASSWORDS_WAITING 64
#define FILES_AT_ONCE 2 /* they wait for the disk */
#define FILES_WAITING 64
#define ARCHIVES_AT_ONCE 2 /* a large one takes its time */
#define ARCHIVES_WAITING 16
#define FORGES_AT_ONCE 1 /* by admins, seldom; each may take 15 s */
#define FORGES_WAITING 8

struct serve {
	struct settings_source from;
	struct settings *settings;
	struct arena arena;
	struct app app;
	struct janitor *janitor;
	struct forge_asker *forge_asker;
	struct server *server;
	atomic_bool ready;
};

static bool is_ready(void *arg)
{
	return atomic_load(&((struct serve *)arg)->ready);
}

/* A thousand idle connections need a thousand descriptors; the soft limit is often 1024. */
static void raise_file_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void end_at_once(int sig)
{
	_exit(128 + sig);
}

/* From now on a further SIGTERM or SIGINT does not wait for anything. */
static void arm_second_signal(void)
{
	struct sigaction sa = { .sa_handler = end_at_once };
	sigset_t set;

	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static enum err_code start_store(struct serve *s, struct err *e)
{
	struct store_options o = { .queue_bytes = (size_t)setting_number(s->settings, SET_QUEUE_BYTES) };
	struct str data;

	TRY(settings_data(s->settings, &s->arena, &data, e));
	o.data = data.p;
	return store_open(&o, &s->app.store, e);
}

static enum err_code start_listener(struct serve *s, struct err *e)
{
	struct server_tls tls = {
		.listen = setting_text(s->settings, SET_FLEET_LISTEN).p,
		.certificate = setting_text(s->settings, SET_FLEET_CERTIFICATE).p,
		.key = setting_text(s->settings, SET_FLEET_KEY).p,
		.client_ca = setting_text(s->settings, SET_FLEET_CLIENT_CA).p,
	};
	struct server_options o = {
		.listen = setting_text(s->settings, SET_LISTEN).p,
		.n_threads = (unsigned)setting_number(s->settings, SET_THREADS),
		.max_connections = (unsigned)setting_number(s->settings, SET_CONNECTIONS),
		.header_timeout_s = (int)setting_number(s->settings, SET_HEADER_TIME),
		.body_timeout_s = (int)setting_number(s->settings, SET_BODY_TIME),
		.idle_timeout_s = (int)setting_number(s->settings, SET_IDLE_TIME),
		.tls = setting_text(s->settings, SET_FLEET_LISTEN).len > 0 ? &tls : NULL,
	};

	return server_start(&o, &s->app, &s->server, e);
}

static enum err_code start_signin(struct serve *s, struct err *e)
{
	const struct config *cfg = config_get(s->app.config);
	enum err_code code =
		signin_start(s->app.store, cfg, s->app.clock, s->app.membership, &s->app.signin, e);

	config_put(s->app.config, cfg);
	return code;
}

static enum err_code wait_for_workers(struct serve *s, struct err *e)
{
	const struct config *cfg = config_get(s->app.config);
	enum err_code code = queue_resume(s->app.store, cfg, clock_wall_ms(s->app.clock), e);

	config_put(s->app.config, cfg);
	return code;
}

static void hear(void *arg, const struct hook_heard *x)
{
	struct serve *s = arg;

	dispatcher_wake(s->app.dispatcher);
	forge_asker_heard(s->forge_asker, x);
}

static enum err_code start_dispatcher(struct serve *s, struct err *e)
{
	TRY(dispatcher_start(s->app.store, s->app.config, s->app.clock, &s->app.dispatcher, e));
	TRY(forge_asker_start(s->app.store, s->app.config, s->app.clock, s->app.streams, s->app.dispatcher,
		&s->forge_asker, e));
	s->app.ear = (struct hook_ear){ hear, s };
	return ERR_OK;
}

static enum err_code start(struct serve *s, struct err *e)
{
	struct config *config = NULL;

	TRY(settings_load(&s->from, &s->settings, e));
	TRY(settings_config(s->settings, &config, e));
	s->app.config = config_box_new(config);
	s->app.rate = rate_new();
	s->app.downloads = downloads_new();
	s->app.clock = &clock_system;
	s->app.ready = is_ready;
	s->app.ready_arg = s;
	TRY(gates_start(s->app.config, s->app.clock, &s->app.gates,
		e)); /* early: they are known when the first comes */
	TRY(start_store(s, e));
	s->app.access = access_new(s->app.store);
	TRY(errands_start(PASSWORDS_AT_ONCE, PASSWORDS_WAITING, &s->app.passwords, e));
	TRY(errands_start(FILES_AT_ONCE, FILES_WAITING, &s->app.files, e));
	TRY(errands_start(ARCHIVES_AT_ONCE, ARCHIVES_WAITING, &s->app.archives, e));
	TRY(errands_start(FORGES_AT_ONCE, FORGES_WAITING, &s->app.forges, e));
	TRY(membership_start(s->app.store, s->app.config, s->app.clock, &s->app.membership, e));
	TRY(start_signin(s, e));
	TRY(explainer_start(s->app.store, s->app.config, s->app.clock, &s->app.explainer, e));
	TRY(wait_for_workers(s, e));
	TRY(episodes_start(s->app.store, &s->app.episodes, e));
	TRY(streams_start(s->app.store, s->app.config, s->app.clock, s->app.explainer, &s->app.streams, e));
	TRY(start_dispatcher(s, e));
	TRY(start_listener(s, e));
	s->janitor = janitor_start(s->app.store, s->app.config, s->app.clock);
	return ERR_OK;
}

/* What can be read on the way. */
static void tell_plain(const struct config *cfg)
{
	for (size_t i = 0; i < cfg->n_oauths; i++)
		if (!oauth_url_is_private(cfg->oauths[i].provider.url))
			diag(DIAG_WARNING,
				"[oauth \"%s\"] is asked without TLS: who can read or change what goes there "
				"signs in as anybody",
				cfg->oauths[i].provider.name.p);
	for (size_t i = 0; i < cfg->n_gates; i++)
		if (cfg->gates[i].token_file && cfg->gates[i].forge.url.len > 0 &&
			!oauth_url_is_private(cfg->gates[i].forge.url))
			diag(DIAG_WARNING,
				"[gate \"%s\"] is asked without TLS: its token can be read on the way",
				cfg->gates[i].name.p);
	if (cfg->n_oauths > 0 && !oauth_url_is_private(cfg->public_url))
		diag(DIAG_WARNING, "server.public-url is not https: cookies of those who sign in can be read "
				   "on the way");
}

static void tell_start(const struct serve *s)
{
	const struct config *cfg = config_get(s->app.config);

	if (settings_file(s->settings))
		diag(DIAG_INFO, "settings from %s", settings_file(s->settings));
	if (cfg->internal.n == 0)
		diag(DIAG_WARNING, "no internal token is configured: /internal takes only slc_ tokens, with "
				   "logs:write for logs and runs:write for runs");
	if (cfg->log_days == 0)
		diag(DIAG_INFO, "janitor.log-days is 0: logs are kept for ever");
	tell_plain(cfg);
	config_put(s->app.config, cfg);
	if (server_tls_port(s->server) != 0)
		diag(DIAG_INFO, "listening on https://%s for hosts of the fleet",
			server_tls_address(s->server));
	diag(DIAG_INFO, "listening on http://%s", server_address(s->server));
}

static enum err_code reload(struct serve *s, struct err *e)
{
	struct settings *next = NULL;
	struct config *config = NULL;
	const char *restart;
	enum err_code code;

	TRY(settings_load(&s->from, &next, e));
	code = settings_config(next, &config, e);
	if (code != ERR_OK) {
		settings_free(next);
		return code;
	}
	restart = settings_needs_restart(s->settings, next);
	if (restart)
		diag(DIAG_WARNING, "%s has changed; it takes effect at a restart", restart);
	config_swap(s->app.config, config);
	settings_free(next);
	janitor_wake(s->janitor);
	explainer_wake(s->app.explainer);
	gates_wake(s->app.gates, STR(""));
	forge_asker_reload(s->forge_asker);
	dispatcher_wake(s->app.dispatcher);
	return ERR_OK;
}

static void tell_reload(struct serve *s)
{
	char state[100];
	struct timespec ts;
	struct err e;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
	notify(state);
	if (reload(s, &e) == ERR_OK)
		diag(DIAG_INFO, "settings re-read");
	else
		diag(DIAG_ERROR, "settings not re-read, the old ones stay: %s", e.text);
	notify("READY=1");
}

static void serve_until_told(struct serve *s, const sigset_t *set)
{
	int sig = 0;

	while (sig != SIGTERM && sig != SIGINT) {
		if (sigwait(set, &sig) != 0)
			continue;
		if (sig == SIGHUP)
			tell_reload(s);
	}
	diag(DIAG_INFO, "%s: answering what is under way, then stopping",
		sig == SIGINT ? "SIGINT" : "SIGTERM");
}

static void stop(struct serve *s)
{
	if (s->server) {
		server_drain(s->server, DRAIN_S);
		errands_stop(s->app.passwords); /* which answer requests: before there are none to answer */
		errands_stop(s->app.files);
		errands_stop(s->app.archives);
		errands_stop(s->app.forges);
		signin_stop(s->app.signin);
		server_stop(s->server);
	}
	errands_free(s->app.passwords);
	errands_free(s->app.files);
	errands_free(s->app.archives);
	errands_free(s->app.forges);
	gates_free(s->app.gates);
	janitor_stop(s->janitor);
	forge_asker_stop(s->forge_asker);
	dispatcher_stop(s->app.dispatcher);
	streams_stop(s->app.streams);
	explainer_stop(s->app.explainer);
	signin_free(s->app.signin);
	membership_free(s->app.membership);
	episodes_free(s->app.episodes);
	access_free(s->app.access);
	store_close(s->app.store);
	config_box_free(s->app.config);
	rate_free(s->app.rate);
	downloads_free(s->app.downloads);
	settings_free(s->settings);
	arena_done(&s->arena);
}

static int serve(struct serve *s)
{
	sigset_t set;
	struct err e;

	block_signals(&set);
	raise_file_limit();
	mallopt(M_ARENA_MAX, 2); /* an arena a thread would keep what every thread once needed */
	/* A stream takes and gives back some MiB with each chunk: as fresh pages that would be a tenth of its time. */
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	mallopt(M_TRIM_THRESHOLD, 4 << 20);
	arena_init(&s->arena);
	if (start(s, &e) != ERR_OK) {
		stop(s);
		return command_fail("serve", &e);
	}
	atomic_store(&s->ready, true);
	tell_start(s);
	notify("READY=1");
	serve_until_told(s, &set);
	atomic_store(&s->ready, false);
	notify("STOPPING=1");
	arm_second_signal();
	stop(s);
	diag(DIAG_INFO, "stopped");
	return 0;
}

int cmd_serve(int argc, char **argv)
{
	struct serve s = { 0 };
	struct opt_many sets = { 0 };
	const struct opt opts[] = {
		{ "config", 'c', OPT_STRING, "FILE",
			"settings (else $SLUICE_CONFIG, else /etc/sluice/sluice.conf)", &s.from.config },
		{ "set", 0, OPT_MANY, "NAME=VALUE", "a setting over the file's, as server.listen=127.0.0.1:0",
			&sets },
		{ 0 },
	};
	const struct command_usage usage = { .name = "serve",
		.synopsis = "[OPTIONS]",
		.prose = "Runs the server in the foreground. SIGTERM: answers what is under way and stops;\n"
			 "a second one stops at once. SIGHUP: reads the settings again.",
		.opts = opts };
	int code;

	if (command_options(&usage, &argc, argv, &code) == COMMAND_DONE)
		return code;
	s.from.sets = sets.values;
	s.from.n_sets = sets.n;
	code = serve(&s);
	free(sets.values);
	return code;
}
