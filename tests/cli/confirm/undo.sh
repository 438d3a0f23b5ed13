# One undo takes a confirmation back, files included, and another does it again.
mien train -q -d "$DATASET"; mkdir dataset; cp "$PHOTOS/stranger_1.jpg" dataset/door.jpg; cp "$PHOTOS/stranger_2.jpg" out.jpg
mien confirm -q dataset/door.jpg --label Nils; mien confirm -q out.jpg --label Olga; find dataset dataset_training out.jpg -type f | sort
mien log | cut -f4- | tail -2
mien undo 2 -q; find dataset dataset_training out.jpg -type f | sort; mien --json predict dataset/door.jpg | jq -r .verdict; mien --json pending | tail -1
mien undo -q; find dataset dataset_training out.jpg -type f | sort; mien --json predict dataset_training/Nils/door.jpg | jq -r .verdict
mien fsck -q; echo "exit $?"
