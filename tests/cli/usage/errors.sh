# Parse first, open later: a usage error touches nothing.
mien; echo "exit $?"
mien fly; echo "exit $?"
mien train --jobs 0; echo "exit $?"
mien train --method eyes; echo "exit $?"
mien predict; echo "exit $?"
mien train a -d b; echo "exit $?"
mien --json train --jobs none 2> /dev/null | jq -r .error.code
ls -A
# Numbers are refused in words, not with the largest one that there is.
mien log 0; echo "exit $?"
mien undo 1e400; echo "exit $?"
mien undo 99999999999999999999; echo "exit $?"
