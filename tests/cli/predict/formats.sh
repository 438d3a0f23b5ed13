# The same photo in every format has the same face; wrongly named files are judged by their content.
mien train "$DATASET" -q
mien predict --json "$PHOTOS"/format* "$PHOTOS"/png_named.jpg | jq -c '[(.photo|split("/")[-1]), .verdict, .faces[0].label]'
mien predict "$PHOTOS"/{empty.jpg,text_as.jpg,bomb.png}; echo "exit $?"
