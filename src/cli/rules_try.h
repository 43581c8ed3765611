#ifndef CLI_RULES_TRY_H
#define CLI_RULES_TRY_H
/* rules_try: `sluice rules try FILE [LOG]`: rules are tried by a server, on its logs and on what passed there. */

int cmd_rules_try(int argc, char **argv);

#endif
