#ifndef TABLE_H
#define TABLE_H
struct table {
	const char *name;
	int count[26];
};
void table_add(struct table *t, const char *word);
int table_sum(const struct table *t);
#endif
