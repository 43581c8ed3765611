#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H
/*
 * agent: the commands that run on other machines, beside a build. Each takes argv with its own name first and
 * returns the exit code.
 *
 * They never change what a build does: a server that is slow, absent or angry costs a line on stderr, not a
 * red step.
 */
int cmd_run(int argc, char **argv); /* ends as its command did; does not return when that was by a signal */
int cmd_post(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_work(int argc, char **argv); /* not in sluice-run */
int cmd_ci(int argc, char **argv);   /* the same */

#endif
