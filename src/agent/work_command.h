#ifndef AGENT_WORK_COMMAND_H
#define AGENT_WORK_COMMAND_H
/*
 * work_command: what the suite calls a command, as arguments for execve(2).
 *
 * Without a shell it is words, split at blanks, with no quotes of any kind; then {input} and {output} in them are replaced, so that a path never becomes two words.
 * With one it is one text for `sh -c`, and there the paths stand as they are: a text may have them within quotes of either kind, in a here-document, in $(..), and no
 * way of quoting is right in all of these. So the paths that we make have no byte in them that means anything to a shell (work_harmless_name), whatever a sample
 * is called, and the folders that they lie in are refused if they have one (work_is_harmless).
 */
#include "base/arena.h"

/* Only letters and digits of ASCII, and . _ - + @ / */
bool work_is_harmless(struct str path);
/* The name of a sample as a name in a folder: what is not harmless becomes _. Ends with .EXTENSION, if there is one. At most 255 bytes. */
struct str work_harmless_name(struct str name, struct str extension, struct arena *a);

/* NULL-terminated; the first is NULL when the command has no word. input, output: harmless. */
char **work_argv(struct str command, bool shell, struct str input, struct str output, struct arena *a);

#endif
