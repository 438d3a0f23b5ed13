# One writer at a time; the message names the other, unless somebody else wrote that name.
python3 -c '
import fcntl, os, sys, time
lock = open("train.mien.lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print(os.getpid(), "confirm", end="", file=lock, flush=True)
open("held", "w").close()
time.sleep(120)' & holder=$!
for _ in $(seq 1500); do [ -e held ] && break; sleep 0.02; done
mien train "$DATASET" 2>&1 | sed "s/: $holder /: PROCESS /"; echo "exit ${PIPESTATUS[0]}"
mien --json train "$DATASET" --wait 0.1 2>/dev/null | jq -r .error.code
echo -n "999999999 confirm" > train.mien.lock
mien train "$DATASET"; status=$?; kill $holder; exit $status
