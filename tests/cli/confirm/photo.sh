# Somebody new by one photo: learned, copied, and not twice.
mien train -q -d "$DATASET"
mien confirm "$PHOTOS/stranger_1.jpg" --label Nils; echo "exit $?"
cmp "$PHOTOS/stranger_1.jpg" dataset_training/Nils/stranger_1.jpg && ls dataset_training
mien predict "$PHOTOS/stranger_1.jpg" --top 1 | cut -d' ' -f2; echo "exit ${PIPESTATUS[0]}"
mien confirm "$PHOTOS/stranger_1.jpg" --label Nils; echo "exit $?"
mien --json confirm "$PHOTOS/stranger_1.jpg" --label Nils | jq -c '[.outcome, .label, .kept_as, .upload_removed, .change]'
ls dataset_training/Nils; ls "$PHOTOS/stranger_1.jpg" | wc -l
# Another photo of that name, and a label that needs composing.
cp "$PHOTOS/stranger_2.jpg" stranger_1.jpg
mien confirm stranger_1.jpg --label "$(printf ' Zoe\xcc\x81 2 ')"; mien confirm stranger_1.jpg --label 'Zoé 2'; ls dataset_training/*
# The next training neither loses nor doubles what was confirmed.
cp -r "$DATASET"/ada dataset_training/; mien --json train | tail -1 | jq -c '.summary | [.reused, .failed, .people, .encodings]'
mien --json train | tail -1 | jq -c '.summary | [.failed, .changed]'
