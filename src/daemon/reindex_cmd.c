/*
 * reindex_cmd: `sluice reindex`: DATA/episodes/index.jsonl made anew, and the rows of episodes from their files where these are gone. It opens the store for writing, so no server
 * may run on it.
 */
#include "daemon/daemon.h"

#include "base/command.h"
#include "daemon/settings.h"
#include "service/episode_verify.h"
#include "service/episodes.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME "reindex"

/* What a crash left on its way in goes first: it is completed, or was never acknowledged. */
static enum err_code reindex_store(
	struct store *store, const struct config *cfg, struct reindex_sum *ret, struct err *e)
{
	struct episodes *episodes = NULL;

	TRY(episodes_start(store, &episodes, e));
	episodes_free(episodes);
	return episode_reindex(store, &cfg->fleet, cfg->fleet.hosts, ret, e);
}

static enum err_code open_and_reindex(
	const struct settings *s, const struct config *cfg, struct reindex_sum *ret, struct err *e)
{
	struct store_options o = { 0 };
	struct store *store = NULL;
	enum err_code code;
	struct str data;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(settings_data(s, &a, &data, e));
	o.data = data.p;
	TRY(store_open(&o, &store, e));
	code = reindex_store(store, cfg, ret, e);
	store_close(store);
	return code;
}

static enum err_code reindex(const struct settings_source *from, struct reindex_sum *ret, struct err *e)
{
	struct settings *s = NULL;
	struct config *cfg = NULL;
	enum err_code code;

	TRY(settings_load(from, &s, e));
	code = settings_config(s, &cfg, e);
	if (code == ERR_OK) {
		code = open_and_reindex(s, cfg, ret, e);
		config_free(cfg);
	}
	settings_free(s);
	return code;
}

int cmd_reindex(int argc, char **argv)
{
	struct settings_source from = { 0 };
	struct opt_many sets = { 0 };
	const struct opt opts[] = {
		{ "config", 'c', OPT_STRING, "FILE",
			"settings (else $SLUICE_CONFIG, else /etc/sluice/sluice.conf)", &from.config },
		{ "set", 0, OPT_MANY, "NAME=VALUE", "a setting over the file's, as store.data=/srv/sluice",
			&sets },
		{ 0 },
	};
	const struct command_usage usage = { .name = NAME,
		.synopsis = "[OPTIONS]",
		.prose = "Writes episodes/index.jsonl of the data folder again. Episodes that the database\n"
			 "does not know are taken in first, from their files and what an old index says of\n"
			 "them: so both come back when the database is gone. Not while the server runs.",
		.opts = opts };
	struct reindex_sum sum = { 0 };
	int code;
	struct err e;

	if (command_options(&usage, &argc, argv, &code) == COMMAND_DONE)
		return code;
	from.sets = sets.values;
	from.n_sets = sets.n;
	code = reindex(&from, &sum, &e) == ERR_OK ? 0 : command_fail(NAME, &e);
	if (code == 0)
		printf("%lld episodes in the index; %lld files were taken in; %lld episodes have no file%s\n",
			(long long)sum.n_lines, (long long)sum.n_adopted, (long long)sum.n_lost,
			sum.n_lost > 0 ? " (`sluice verify` names them; sent again they are taken again)"
				       : "");
	if (code == 0 && sum.n_gone > 0)
		printf("%lld lines of the old index told of episodes that are nowhere any more\n",
			(long long)sum.n_gone);
	if (code == 0 && sum.n_differ > 0) {
		printf("%lld files are not what the old index says of them: they may be damaged\n",
			(long long)sum.n_differ);
		code = err_exit(ERR_STORAGE);
	}
	free(sets.values);
	return code;
}
