#ifndef TEXT_MASK_COMMAND_H
#define TEXT_MASK_COMMAND_H
/*
 * mask_command: the values that a text itself asks to be masked. For mask_*.c, and for who keeps them (agent/job_masks.c).
 */
#include "text/mask.h"

/* The longest start of value that is allowed, and no half of a character at its end. */
struct str mask_value_start(struct str value);
/*
 * Calls back with the value of each command in text, %25 %0D %0A decoded, and as it was written, where that
 * differs (else empty). Values that are no secret (too short, masked already) are left out. Stops on false.
 */
typedef bool mask_command_fn(void *arg, struct str value, struct str written);
void mask_commands_each(struct str text, mask_command_fn *each, void *arg);

#endif
