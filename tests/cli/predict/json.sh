mien train "$DATASET" -q
mien predict --json --top 1 "$PHOTOS"/ada_held_out_1.jpg | jq 'del(.ms, .detector, .threshold)'
mien predict --json "$PHOTOS"/truncated.jpg | jq 'del(.ms)'
