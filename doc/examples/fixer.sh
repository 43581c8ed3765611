#!/bin/sh
# A fixer for `sluice fix`: clones the branch, lets a program work at it that reads a prompt on stdin, runs the tests, and pushes what passes them.
#
#	sluice fix --repo acme/widget --env FIXER_REMOTE --env FIXER_AGENT --env FIXER_TEST -- /etc/sluice/fixer
#
# FIXER_REMOTE	where repos are, without the name: https://forge.example.org (git asks its credential helper), or ssh://git@forge.example.org
# FIXER_AGENT	a program that changes the files of its folder as the prompt on its stdin says; its exit code 10 says that no change of code mends this
# FIXER_TEST	a program that says whether that is any good: the whole of the tests, or what is quick
#
# It works in a folder of its own, which is removed when it ends. All that it is told of is in variables, which stand in quotes; nothing of the prompt is ever in a command.
set -eu

give_up() { # the note, and an exit code: 10 is "no change of code mends this", which is remembered for a while; any other is "it was tried"
	printf 'note=%s\n' "$1" >"$SLUICE_OUTCOME_FILE"
	exit "$2"
}

git clone -q --branch "$SLUICE_BRANCH" -- "$FIXER_REMOTE/$SLUICE_REPO.git" repo
cd repo
[ "$(git rev-parse HEAD)" = "$SLUICE_SHA" ] || give_up "the branch has moved on" 1

code=0
"$FIXER_AGENT" <"$SLUICE_PROMPT_FILE" || code=$?
[ "$code" != 10 ] || give_up "the agent says that no change of code mends this" 10
[ "$code" = 0 ] || give_up "the agent failed with exit code $code" 1
git add -A
! git diff --cached --quiet || give_up "nothing was changed" 1
"$FIXER_TEST" || give_up "what was changed does not pass the tests" 1

git -c user.name=fixer -c user.email=fixer@localhost commit -q -m "Fix CI of $(git rev-parse --short "$SLUICE_SHA")

Dispatch $SLUICE_DISPATCH_ID, try $SLUICE_TRY of $SLUICE_TRIES_MAX."
git push -q origin "HEAD:refs/heads/$SLUICE_BRANCH" || give_up "the push was refused" 1
printf 'outcome=fixed\nsha=%s\n' "$(git rev-parse HEAD)" >"$SLUICE_OUTCOME_FILE"
