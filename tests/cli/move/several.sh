# Several photos are one change: all of them or none, and one undo.
cp -r "$DATASET" dataset_training
mien train -q; sha256sum train.mien > before
mien move dataset_training/ada/1.jpg dataset_training/absent.jpg --to grace; echo "exit $?"
mien move dataset_training/ada/1.jpg dataset_training/ada/2.jpg --box 1,2,3,4 --to grace; echo "exit $?"
sha256sum -c before; ls dataset_training/grace 2>&1
mien move dataset_training/ada/1.jpg dataset_training/bruno/1.jpg dataset_training/ada/2.jpg dataset_training/ada/2.jpg --to grace
ls dataset_training/grace; mien log | head -1 | cut -f4-
mien move --from ada --to grace -- dataset_training/bruno/2.jpg; echo "exit $?"
mien move --from bruno --to grace -- dataset_training/bruno/2.jpg | tail -1
mien undo -q 2; ls dataset_training/ada dataset_training/bruno; ls -d dataset_training/grace 2>/dev/null || echo "no empty folder"
