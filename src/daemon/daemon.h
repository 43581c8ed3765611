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
int cmd_reindex(int argc, char **argv);
/* Needs what runners know and what reports say: no layer below has both. */
int cmd_results(int argc, char **argv);

/*
 * Tell the service manager (sd_notify(3)): "READY=1", "STOPPING=1", "RELOADING=1". Nothing happens when
 * $NOTIFY_SOCKET is unset; a failure is of no consequence to us and is not told.
 */
void notify(const char *state);

#endif
