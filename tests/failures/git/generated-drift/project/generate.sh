# The index is generated and committed; the step holds that nobody forgot to.
n=0
: > index.txt
for file in *.sh *.md; do
	n=$((n + 1))
	echo "$n $file" >> index.txt
done
