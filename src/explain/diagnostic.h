#ifndef EXPLAIN_DIAGNOSTIC_H
#define EXPLAIN_DIAGNOSTIC_H
/*
 * diagnostic: what compilers and linters say of a place in a file, each on its own line, whatever the tool.
 *
 *   a.c:1:2: warning: m      a.go:7: m        [a.proto:1:1] m      a.haml:33 [W] m       Gemfile:4:1: C: m
 *   a.cs(1,2): error CS1: m  a.ts[1, 2]: m    a.js: line 2, col 10, Error - m          a.pp - ERROR: m on line 7
 *   ERROR: a.py m            error file=a.scala message=m line=6 column=7              a.rb <TAB> 13 <TAB> m
 *   error[E1]: m             and on the next line:   --> a.rs:1:2
 *   a.py:1 in class `x`:     and on the next line, indented:   D101: m
 *   a/b.js                   and on the next lines:   1:2  error  m  rule
 *
 * Rules know tools and say what is a cause. These know only forms, so that a log full of findings of a linter that
 * nobody has heard of can be told by file, line and message. Notes are left out.
 */
#include "explain/input.h"

#define DIAGNOSTICS_MAX 500

/* All lines of in->log. They are context, at most DIAGNOSTICS_MAX, each with its lines. */
void diagnostics_find(struct input *in);

#endif
