# Altered copies are for the svm alone, the same for any number of jobs, and never records.
mien train "$DATASET" -q --augment 2; echo "exit $?"
mien train "$DATASET" -q --matcher svm --augment 1000 2>&1 | head -1; echo "exit ${PIPESTATUS[0]}"
mien train "$DATASET" -q -o plain.mien --matcher svm --svm-c 10 --svm-gamma 0.5
mien train "$DATASET" --matcher svm --svm-c 10 --svm-gamma 0.5 --augment 2 -j 1 --json | tail -1 | jq -c '.summary | [.encodings, .augmented, .changed]'
mien train "$DATASET" -q -o other.mien --matcher svm --svm-c 10 --svm-gamma 0.5 --augment 2 -j 3; cmp train.mien other.mien && echo same bytes
mien fit --json | jq -c '[.encodings, .description, .changed]'
mien fit -s plain.mien --json | jq -c '[.encodings, .description, .changed]'
mien train "$DATASET" | tail -1 | grep -o 'nothing changed'
ask() { mien predict --json "$PHOTOS"/ada_held_out_1.jpg "$PHOTOS"/stranger_1.jpg "$@" | jq -c '.faces[0] | [.verdict, .label, .distance]'; }
[ "$(ask --matcher nearest)" = "$(ask --matcher nearest -s plain.mien)" ] && echo nearest is not concerned
mien export -q --format csv | wc -l
# More copies leave the first ones as they are; fewer are the first of them.
mien train "$DATASET" --augment 3 --json | tail -1 | jq -c '.summary | [.augmented, .changed]'
mien train "$DATASET" -q --augment 2; mien fit -q --svm-c 10 --svm-gamma 0.5
mien export -q --format jsonl | grep '"extra":"augmented' | sort > now; mien export -q --store other.mien --format jsonl | grep '"extra":"augmented' | sort > then
cmp now then && wc -l < now
# They go and come back with their record, and a photo that is gone takes them along.
cp -r "$DATASET" fewer; rm -r fewer/ada; mien train fewer -q; mien export -q --format jsonl | grep -c '"extra":"augmented'
mien undo -q > /dev/null; mien export -q --format jsonl | grep -c '"extra":"augmented'
mien merge -q -o both.mien train.mien plain.mien > /dev/null; mien export -q --store both.mien --format jsonl | grep -c '"extra":"augmented'
mien train "$DATASET" -q --augment 0; mien export -q --format jsonl | grep -c '"extra":"augmented'
