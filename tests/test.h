#ifndef TESTS_TEST_H
#define TESTS_TEST_H
/* cmocka, with what it needs in front of it. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#endif
