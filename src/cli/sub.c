/* sub: the second word of a command. */
#include "cli/sub.h"

#include "base/buf.h"
#include "base/command.h"

#include <stdio.h>
#include <string.h>

static int print_help(const char *command, const char *prose, const struct sub *subs, size_t n)
{
	printf("usage: sluice %s COMMAND [OPTIONS] [ARGUMENTS]\n\n%s\n\n", command, prose);
	for (size_t i = 0; i < n; i++)
		printf("  %-8s %s\n", subs[i].name, subs[i].summary);
	printf("\n`sluice %s COMMAND --help` tells about one.\n", command);
	return fflush(stdout) == 0 ? 0 : err_exit(ERR_STORAGE);
}

int sub_run(const char *command, const char *prose, const struct sub *subs, size_t n, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	AUTO_BUF names = { 0 };

	if (word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0))
		return print_help(command, prose, subs, n);
	for (size_t i = 0; word && i < n; i++)
		if (strcmp(subs[i].name, word) == 0)
			return subs[i].run(argc - 1, argv + 1);
	buf_init(&names, 1000);
	for (size_t i = 0; i < n; i++)
		buf_fmt(&names, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", subs[i].name);
	if (!word)
		return command_usage_fail(command, "say what to do: %s", buf_cstr(&names));
	return command_usage_fail(command, "there is no \"%.60s\", only %s", word, buf_cstr(&names));
}
