# Labels are NFC whatever the file system says; bytes that are not UTF-8 are no label but do no harm in a path.
mkdir -p d/Zoe$'\xcc\x81' d/Zo$'\xc3\xa9' d/$'b\xffd' d/ok
cp "$PHOTOS"/ada_held_out_1.jpg d/Zoe$'\xcc\x81'/1.jpg
cp "$PHOTOS"/ada_held_out_2.jpg d/Zo$'\xc3\xa9'/2.jpg
cp "$PHOTOS"/bruno_held_out_1.jpg d/$'b\xffd'/1.jpg
cp "$PHOTOS"/bruno_held_out_2.jpg d/ok/$'\xff 2.JPG'
mien --json train d | jq -c 'select(.photo) | [.photo, .outcome, .label]'
mien --json stats | jq -c .encodings_by_person
