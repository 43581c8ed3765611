#ifndef TESTS_STORE_FAULTS_H
#define TESTS_STORE_FAULTS_H
/*
 * faults: everything below the store that can be made to fail, one call at a time.
 *
 * Three kinds of call are counted, each by itself: those that the driver makes to SQLite (the linker puts
 * ours in front,
 * --wrap), those that SQLite makes to its files (a VFS of ours around the usual one), and its requests for
 * memory. Armed for the n-th call of a kind, that one fails: once, or it and all that follow until it is
 * disarmed. The program itself knows nothing of this.
 *
 * faults_start() before anything else of SQLite.
 */
#include <stdbool.h>

enum fault_kind { FAULT_CALL, FAULT_FILE, FAULT_MEMORY, FAULT_KINDS };

void faults_start(void);
/* The n-th call from now on, from 1. code: what SQLite says then (not for memory). */
void faults_arm(enum fault_kind kind, int n, int code, bool stays);
void faults_disarm(void);
int faults_fired(void);                   /* how many calls were made to fail since armed */
int faults_counted(enum fault_kind kind); /* how many there were since armed */

#endif
