mien train "$DATASET" -q
mien verify "$PHOTOS"/bruno_held_out_1.jpg | sed 's/.*: //'; echo "exit ${PIPESTATUS[0]}"
mien verify "$PHOTOS"/stranger_1.jpg | sed 's/.*: //'; echo "exit ${PIPESTATUS[0]}"
mien verify --user bruno "$PHOTOS"/bruno_held_out_1.jpg | sed 's/.*: //'; echo "exit ${PIPESTATUS[0]}"
mien verify --user bruno "$PHOTOS"/ada_held_out_1.jpg | sed 's/.*: //'; echo "exit ${PIPESTATUS[0]}"
mien verify --json --user bruno "$PHOTOS"/ada_held_out_1.jpg | jq -c '[.verdict, .label, .face.label, .confidence_kind, (.confidence < 0.5)]'
