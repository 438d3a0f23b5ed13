mien train "$DATASET" -q
mkdir in; cp "$PHOTOS"/ada_held_out_1.jpg "$PHOTOS"/bruno_held_out_1.jpg in; echo no photo > in/readme.txt
mien predict --json in | jq -c '[.photo, .faces[0].label]'
ls in/*.jpg | mien predict --json - | jq -c '[.photo, .faces[0].label]'
mien predict - < /dev/null; echo "exit $?"
