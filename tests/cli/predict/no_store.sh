mien predict "$PHOTOS"/ada_held_out_1.jpg; echo "exit $?"
mien predict --json "$PHOTOS"/ada_held_out_1.jpg 2> /dev/null | jq -r .error.code
echo hello > train.mien; mien predict "$PHOTOS"/ada_held_out_1.jpg; echo "exit $?"
