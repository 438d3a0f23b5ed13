mien enroll --user a --quality 0 "$PHOTOS"/ada_held_out_1.jpg -q
# Somebody else's face, and the very same photo.
mien enroll --user b --quality 0 --json "$PHOTOS"/ada_held_out_2.jpg | jq -c '[.outcome, .rival]'
mien enroll --user b --quality 0 --json "$PHOTOS"/ada_held_out_1.jpg | jq -c '[.outcome, .rival]'
mien enroll --user b --quality 0 --json --force "$PHOTOS"/ada_held_out_2.jpg | jq -c '[.outcome, .rival, .encodings]'
# Bad photos: each with its reason, the rest is done.
mien enroll --user c --json "$PHOTOS"/blurred.jpg | jq -c '[.outcome, (.poor | length > 0)]'
mien enroll --user c --quality 0 --json "$PHOTOS"/nobody.jpg "$PHOTOS"/group.jpg "$PHOTOS"/truncated.jpg absent.jpg "$PHOTOS"/stranger_2.jpg | jq -r .outcome; echo "exit ${PIPESTATUS[0]}"
mien enroll --user c --quality 0 "$PHOTOS"/nobody.jpg -q | cut -f1; echo "exit ${PIPESTATUS[0]}"
mien enroll --user "$(printf 'a\tb')" "$PHOTOS"/stranger_3.jpg; echo "exit $?"
mien enroll "$PHOTOS"/stranger_3.jpg; echo "exit $?"
mien list | cut -f1,2
