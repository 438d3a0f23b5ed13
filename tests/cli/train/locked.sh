# One writer at a time; the message names the other.
exec 9> train.mien.lock; flock 9; echo -n "1234 confirm" >&9
mien train "$DATASET"; echo "exit $?"
mien --json train "$DATASET" --wait 0.1 2>/dev/null | jq -r .error.code
