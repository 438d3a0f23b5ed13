mien train "$DATASET" -q
mkdir empty; mien calibrate --fpir 0.2 --impostors empty; echo "exit $?"; mien stats --json | jq -c .calibration
# One photo under many names is one stranger.
mkdir flat; for n in $(seq 300); do cp "$PHOTOS"/stranger_1.jpg flat/p$n.jpg; done; cp "$PHOTOS"/stranger_2.jpg flat/q.jpg
mien calibrate --fpir 0.01 --impostors flat; echo "exit $?"
mien calibrate --fpir 0.2 --impostors flat --dry-run --json | jq -c '[.impostor_photos, .impostor_people, .impostor_copies, .calibration.stranger_people]'
mkdir -p people/p people/q; cp "$PHOTOS"/stranger_1.jpg people/p; cp "$PHOTOS"/stranger_2.jpg people/q
mien calibrate --fpir 0.2 --impostors people --dry-run | tail -2
