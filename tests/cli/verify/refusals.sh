mien train "$DATASET" -q
mien verify "$PHOTOS"/nobody.jpg | sed 's/.*: //'; echo "exit ${PIPESTATUS[0]}"
mien verify "$PHOTOS"/two_people.jpg | sed 's/.*: //'; echo "exit ${PIPESTATUS[0]}"
mien verify --user adda "$PHOTOS"/ada_held_out_1.jpg; echo "exit $?"
mien verify --user nobody-like-that "$PHOTOS"/ada_held_out_1.jpg; echo "exit $?"
mien verify absent.jpg; echo "exit $?"
mien verify --store absent.mien "$PHOTOS"/ada_held_out_1.jpg; echo "exit $?"
