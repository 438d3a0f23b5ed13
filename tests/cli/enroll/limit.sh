enrol() { mien enroll --user ada --quality 0 --max-per-user 2 --json "$@" | jq -c '[.outcome, ([.dropped[]? | split("/")[-1]]), .encodings]'; }
enrol "$DATASET"/ada/1.jpg "$DATASET"/ada/2.jpg
enrol --on-limit reject "$DATASET"/ada/3.jpg
# The blurred one is no better than what is there.
enrol --on-limit worst "$PHOTOS"/blurred.jpg
enrol --on-limit oldest "$DATASET"/ada/4.jpg
mien show ada --json | jq -c '[.encodings, ([.records[].photo | split("/")[-1]] | sort)]'
# One undo brings both back: the new one goes, the dropped one comes.
mien undo -q >/dev/null; mien show ada --json | jq -c '[.encodings, ([.records[].photo | split("/")[-1]] | sort)]'
