mien train "$DATASET" -q
mien list
mien list --json | jq -c 'select(.label == "ada")'
mien list --store absent.mien; echo "exit $?"
