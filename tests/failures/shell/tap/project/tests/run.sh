. ./slug.sh
n=0 failed=0
is() { # is GOT WANTED NAME
	n=$((n + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $n - $3"
	else
		failed=$((failed + 1))
		echo "not ok $n - $3"
		echo "  ---"
		echo "  got: '$1'"
		echo "  wanted: '$2'"
		echo "  at: tests/run.sh"
		echo "  ..."
	fi
}
echo "TAP version 13"
echo "1..5"
is "$(slug abc)" abc "lower case stays"
is "$(slug ABC)" abc "upper case goes"
is "$(slug 'a b')" a-b "a blank is a dash"
is "$(slug 'a  b')" a-b "two blanks are one dash"
is "$(slug 'hi!')" hi "signs go"
[ $failed = 0 ] || { echo "# failed $failed of $n tests"; exit 1; }
