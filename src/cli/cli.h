#ifndef CLI_CLI_H
#define CLI_CLI_H
/*
 * cli: the commands that ask a server something, and the offline ones, one file each. Each takes argv with its own name first and
 * returns the exit code.
 */
int cmd_context(int argc, char **argv);
int cmd_errors(int argc, char **argv);
int cmd_groups(int argc, char **argv);
int cmd_suite(int argc, char **argv);
int cmd_baseline(int argc, char **argv);
int cmd_logs(int argc, char **argv);
int cmd_episodes(int argc, char **argv);
int cmd_hosts(int argc, char **argv);
int cmd_mcp(int argc, char **argv);
int cmd_pin(int argc, char **argv);
int cmd_unpin(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_rules(int argc, char **argv);
int cmd_hook(int argc, char **argv);
int cmd_repo(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_user(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_janitor(int argc, char **argv);
int cmd_dispatch(int argc, char **argv);
int cmd_gate(int argc, char **argv);

#endif
