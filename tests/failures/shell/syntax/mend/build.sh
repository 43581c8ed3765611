echo "build"
if [ -d out ]; then
	echo "cleaning"
	rm -r out
fi
mkdir out
for i in 1 2 3; do
	echo "part $i" > out/$i
done
