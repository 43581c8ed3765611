#ifndef EXPLAIN_INPUT_COMMAND_H
#define EXPLAIN_INPUT_COMMAND_H
/*
 * input_command: lines by which a step tells its CI system what went wrong.
 *
 *   ::error file=a.c,line=1,col=2,title=T::message     GitHub, Forgejo, Gitea ("workflow commands"); also
 *                                                      ::warning and ::notice; %25 %0A %0D, in values %3A %2C
 *   ##[error]message                                   what a runner makes of that; also ##[warning]
 *   ##vso[task.logissue type=error;sourcepath=a.c;linenumber=1;columnnumber=2;code=C1]message    Azure
 *   ##teamcity[testFailed name='n' message='m']        TeamCity's service messages; |' |n |r || |[ |] |0x2764
 *
 * Between ::stop-commands::TOKEN and ::TOKEN:: GitHub's are only text. What the runner itself says at the end
 * ("Process completed with exit code 1.") is a consequence, not a cause.
 */
#include "explain/input.h"

/* All lines of the log. in->name and in->tool are set by it. */
void input_command(struct input *in);

#endif
