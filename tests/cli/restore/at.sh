# Back to a change by its number or by a time; a second store shows that the archive before comes back too.
mkdir -p dataset_training && cp -r "$DATASET"/ada "$DATASET"/bruno dataset_training/
mien train -q; rm dataset_training/ada/1.jpg; mien train -q; rm dataset_training/ada/2.jpg; mien train -q
mien restore --at 1 --json | jq -c '[.change, .to, .encodings]'
mien restore --at 2 --dry-run --json | jq -c '[.change, .to, .encodings]'
mien restore --at 2999-01-01T00:00:00Z --json | jq -c '[.change, .to, .encodings]'
mien restore --at 2001-01-01; echo "exit $?"
mien restore --at yesterday; echo "exit $?"
mien restore --at 77; echo "exit $?"
mien stats --json | jq .encodings
