cp -r "$DATASET" dataset_training
mien train -q
mien reencode --encoder starter; echo "exit $?"
mien reencode --encoder mobilefacenet 2>&1 | head -1 | cut -c1-60; echo "exit ${PIPESTATUS[0]}"
mien list | wc -l
