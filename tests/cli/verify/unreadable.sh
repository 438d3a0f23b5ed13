# A photo that cannot be decoded is no negative answer.
mien train -q -d "$DATASET"
mien verify "$PHOTOS/truncated.jpg"; echo "exit $?"
mien compare "$PHOTOS/truncated.jpg" "$PHOTOS/ada_held_out_1.jpg"; echo "exit $?"
mien compare "$PHOTOS/ada_held_out_1.jpg" "$PHOTOS/ada_held_out_1.jpg"; echo "exit $?"
mien compare --json "$PHOTOS/ada_held_out_1.jpg" "$PHOTOS/ada_held_out_1.jpg" | jq -c '.distance >= 0 and (.distance | tostring | startswith("-") | not)'
