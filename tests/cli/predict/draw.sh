mien train "$DATASET" -q
mien predict -q "$PHOTOS"/ada_held_out_1.jpg --draw one.png > /dev/null && head -c 4 one.png | tail -c 3
echo; mien predict -q "$PHOTOS"/ada_held_out_1.jpg "$PHOTOS"/bruno_held_out_1.jpg --draw out > /dev/null; ls out
mien predict -q "$PHOTOS"/ada_held_out_1.jpg --draw one.gif; echo "exit $?"
