#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H
/*
 * daemon: the commands that open the store themselves. Each takes argv with its own name first and returns
 * the exit code.
 */
int cmd_init(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_reindex(int argc, char **argv);
/* Needs what runners know and what reports say: no layer below has both. */
int cmd_results(int argc, char **argv);

#endif
