mien train "$DATASET" -q
mien predict --json --tolerance 0 "$PHOTOS"/ada_held_out_1.jpg | jq -c '[.verdict, .threshold]'
mien predict --json --tolerance 2 "$PHOTOS"/stranger_1.jpg | jq -c '[.verdict, .threshold]'
