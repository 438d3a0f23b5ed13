# Ctrl-C keeps what is finished and says how to go on.
mien train "$DATASET" -q -j 1 2> message & pid=$!
for _ in $(seq 1500); do [ "$(stat -c %s train.mien.partial 2>/dev/null || echo 0)" -gt 2000 ] && break; sleep 0.02; done
kill -INT $pid; wait $pid; echo "exit $?"
sed 's/[0-9]* of/N of/' message
ls train.mien 2>/dev/null; ls train.mien.partial
