# A good photo needs no reasons; a poor one says what is poor. Text tells it with -v only, on standard error.
mien train "$DATASET" -q
mien predict --json "$PHOTOS"/{ada_held_out_1,blurred,dark,tiny_face}.jpg |
    jq -c '[(.photo | split("/") | last), (.faces[0] | .quality >= 0.8, (.quality_reasons // []))]'
mien predict "$PHOTOS"/blurred.jpg --top 0 2>&1 | grep -c '^  quality'
mien predict -v "$PHOTOS"/blurred.jpg --top 0 2>&1 >/dev/null | grep '^  quality'
