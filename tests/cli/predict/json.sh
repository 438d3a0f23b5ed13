mien train "$DATASET" -q
mien predict --json --top 1 "$PHOTOS"/ada_held_out_1.jpg | jq 'del(.ms, .detector, .threshold) | .faces[].quality |= (. > 0.8 and . <= 1)'
mien predict --json "$PHOTOS"/truncated.jpg | jq 'del(.ms)'
