#ifndef TESTS_SERVICE_COMPILED_RULES_H
#define TESTS_SERVICE_COMPILED_RULES_H
/* compiled_rules: to compile the program's rules takes a second of a processor, with sanitizers several. Programs that tools/runtests runs keep them in one place,
   SLUICE_TEST_SHARED, so that it is done once; one that is run by hand compiles for each test. That they are compiled and kept is for test_rules. */

/* The folder of a store keeps its compiled rules where all do. 0, or -1. */
int compiled_rules_share(const char *folder);

#endif
