# A group photo: one face for a label, never two faces one person, and the photo stays confirmed through trainings.
mien train -q -d "$DATASET" -o train.mien; cp "$PHOTOS/two_people.jpg" pair.jpg
mien --json predict pair.jpg | jq -c '[.faces[] | .verdict]'
mien confirm pair.jpg --label Nils 2>&1 | sed -E 's/at [0-9,]+/at BOX/g'; echo "exit ${PIPESTATUS[0]}"
mien confirm pair.jpg --face 1 --label Nils --force; echo "exit $?"
mien confirm pair.jpg --face 2 --label Nils --force 2>&1 | sed -E 's/at [0-9,]+/at BOX/g'; echo "exit ${PIPESTATUS[0]}"
mien confirm pair.jpg --label Olga --force; echo "exit $?"
find dataset_training -type f | sort
mien --json train dataset_training | jq -c '[.outcome, .label, .summary.reused, .summary.failed, .summary.encodings]'
mien --json predict pair.jpg | jq -c '[.faces[] | [.verdict, .label, .distance]]'
