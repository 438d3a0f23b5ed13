mien compare "$PHOTOS"/ada_held_out_1.jpg "$PHOTOS"/ada_held_out_2.jpg; echo "exit $?"
mien compare "$PHOTOS"/ada_held_out_1.jpg "$PHOTOS"/stranger_1.jpg; echo "exit $?"
mien compare --json "$PHOTOS"/ada_held_out_1.jpg "$PHOTOS"/group.jpg | jq -c '[.verdict, .distance]'; echo "exit ${PIPESTATUS[0]}"
mien compare --largest --json "$PHOTOS"/ada_held_out_1.jpg "$PHOTOS"/group.jpg | jq -c '[.verdict, .encoder]'
mien compare --tolerance 0 "$PHOTOS"/ada_held_out_1.jpg "$PHOTOS"/ada_held_out_2.jpg | cut -d' ' -f1
mien compare "$PHOTOS"/ada_held_out_1.jpg absent.jpg; echo "exit $?"
