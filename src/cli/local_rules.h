#ifndef CLI_LOCAL_RULES_H
#define CLI_LOCAL_RULES_H
/*
 * local_rules: the rules of an offline command: those in the program, and those of the folders that were
 * named. Compiled ones are kept in $XDG_CACHE_HOME/sluice, else ~/.cache/sluice.
 */
#include "base/command.h"
#include "explain/rule.h"

MUST_CHECK enum err_code local_rules(const struct opt_many *folders, struct rules **ret, struct err *e);
void local_rules_done(struct rules **r);

#define AUTO_RULES __attribute__((cleanup(local_rules_done))) struct rules *

#endif
