#ifndef TABLE_H
#define TABLE_H
struct table {
	const char *name;
	int count[26];
};
int table_add(struct table *t, const char *word, int times);
int table_sum(const struct table *t);
#endif
