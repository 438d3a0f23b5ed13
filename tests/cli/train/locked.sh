# One writer at a time; the message names the other, unless somebody else wrote that name.
exec 9> train.mien.lock; flock 9; echo -n "$$ confirm" >&9
mien train "$DATASET" 2>&1 | sed "s/: $$ /: PROCESS /"; echo "exit ${PIPESTATUS[0]}"
mien --json train "$DATASET" --wait 0.1 2>/dev/null | jq -r .error.code
echo -n "999999999 confirm" > train.mien.lock
mien train "$DATASET"
