/*
 * printer: a build, as far as `sluice run` sees one: it works, and prints a line now and then.
 *
 *	printer MIB ROUNDS
 *
 * After each write of some lines (1 KiB, as compilers write theirs: unbuffered) it does ROUNDS rounds of work. So its
 * time is that of its work and of whoever makes it wait. No clock is looked at: each run does the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 1024

static volatile uint64_t sink;

static void work(uint64_t rounds)
{
	uint64_t x = 88172645463325252u;

	for (uint64_t i = 0; i < rounds; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	sink = x;
}

static void fill(char piece[PIECE], unsigned n)
{
	size_t at = 0;

	while (PIECE - at > 160)
		at += (size_t)snprintf(piece + at, PIECE - at,
			"[%6u/%u] cc -Isrc -I../src -std=c17 -O2 -Wall -Wextra -c -o src/part%u/file%zu.o "
			"../src/file%zu.c\n",
			n, 99999, n % 37, at, at);
	memset(piece + at, '.', PIECE - 1 - at);
	piece[PIECE - 1] = '\n';
}

int main(int argc, char **argv)
{
	char piece[PIECE];
	unsigned long n, rounds;

	if (argc != 3) {
		fputs("printer MIB ROUNDS\n", stderr);
		return 2;
	}
	n = strtoul(argv[1], NULL, 10) * 1024;
	rounds = strtoul(argv[2], NULL, 10);
	for (unsigned long i = 0; i < n; i++) {
		fill(piece, (unsigned)i);
		if (write(STDOUT_FILENO, piece, sizeof piece) != (ssize_t)sizeof piece)
			return 1;
		work(rounds);
	}
	return 0;
}
