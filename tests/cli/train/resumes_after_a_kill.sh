# Killed without warning in the middle: what was finished is not done again, and the store is that of an undisturbed run.
mien train "$DATASET" -q -o undisturbed.mien
mien train "$DATASET" -q -j 1 -o train.mien & pid=$!
for _ in $(seq 1500); do [ "$(stat -c %s train.mien.partial 2>/dev/null || echo 0)" -gt 2000 ] && break; sleep 0.02; done
kill -9 $pid; wait $pid 2>/dev/null; echo "killed, exit $?"; ls train.mien 2>/dev/null
mien --json train "$DATASET" -j 2 | tail -1 | jq '.summary.reused > 0 and .summary.encoded > 0'
cmp undisturbed.mien train.mien && echo same bytes; ls train.mien*
