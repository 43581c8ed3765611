#ifndef CLI_SUITE_RUN_H
#define CLI_SUITE_RUN_H
/* suite_run: `sluice suite run`: a run is asked for, and waited for. argv with its own name first; returns the exit code: 1 when the run did not pass. */
int suite_run(int argc, char **argv);

#endif
