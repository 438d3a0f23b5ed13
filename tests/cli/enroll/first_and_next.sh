# The first enrolment makes the store; ids may be anything that is a label.
mien enroll --user emp-7 "$PHOTOS"/ada_held_out_1.jpg | cut -f1
mien enroll --user emp-7 --json "$PHOTOS"/ada_held_out_1.jpg "$PHOTOS"/ada_held_out_2.jpg | jq -c '[.outcome, .encodings]'
mien list | cut -f1,2
mien verify --user emp-7 "$DATASET"/ada/1.jpg | sed 's/.*: //'; echo "exit ${PIPESTATUS[0]}"
stat -c %a train.mien
