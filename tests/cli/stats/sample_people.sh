mien train "$DATASET" -q; mien stats | sed 's/, [0-9.]* [kM]*B,/, SIZE,/'
mien stats --json --verify | jq -c '[.integrity, .people, .encodings, .metric, .dim, .bad_encodings]'
mien stats absent.mien; echo "exit $?"
