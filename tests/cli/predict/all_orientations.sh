# A phone's photo is upright whatever its EXIF orientation.
mien train "$DATASET" -q
mien predict --json --top 0 "$PHOTOS"/exif_?.jpg | jq -c '[.photo[-10:], .verdict, .faces[0].label, .width, .height]'
