/*
 * main_run: sluice-run, the runner's half as a program of its own: one static file that needs nothing of the
 * machine it runs on, so that a bare container image can be a runner.
 *
 *	sluice-run [OPTIONS] -- COMMAND    as `sluice run`
 *	sluice-run post ...                as `sluice post`
 *	sluice-run report ...              as `sluice report`
 *	sluice-run flush                   as `sluice flush`
 *
 * A command named "post", "report" or "flush" is run by `sluice-run -- post`. Messages begin with "sluice run:", as those of the
 * whole program do: a log reads the same whichever of the two wrote it.
 */
#include "agent/agent.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
		puts("sluice-run " SLUICE_VERSION);
		return 0;
	}
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		puts("sluice-run is `sluice run`; `sluice-run post` is `sluice post`, and so are report and "
		     "flush; in one file.\n");
	if (argc > 1 && strcmp(argv[1], "post") == 0)
		return cmd_post(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "report") == 0)
		return cmd_report(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "flush") == 0)
		return cmd_flush(argc - 1, argv + 1);
	return cmd_run(argc, argv);
}
