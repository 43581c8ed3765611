#include <stdio.h>
#include <stdlib.h>
static const char table[200000] = { 1 };
int main(void)
{
	return table[rand() % 200000];
}
