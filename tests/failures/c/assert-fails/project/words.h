#ifndef WORDS_H
#define WORDS_H
#include <stdio.h>
int words_next(FILE *in, char *word, int size);
#endif
