# Folding changes nothing that anybody sees; forgetting asks where somebody is there, else it wants --yes.
mkdir -p dataset_training && cp -r "$DATASET"/ada dataset_training/
mien compact; echo "exit $?"
mien train -q; rm dataset_training/ada/1.jpg; mien train -q
mien stats --json | jq -c .encodings_by_person
mien compact --json | jq -c '[.encodings, .forgot_history, .bytes_after > 0]'
mien stats --json | jq -c .encodings_by_person
mien compact --dry-run; mien compact --forget-history --dry-run
mien compact --forget-history; echo "exit $?"; mien log | wc -l
mien compact --forget-history --yes | sed 's/[0-9.]* [kM]*B/SIZE/g'; mien log | wc -l; ls -a | grep -v '^\.*$'
mien fsck
