cp -r "$DATASET" dataset_training
mkdir dataset_training/byron; mv dataset_training/ada/[123].jpg dataset_training/byron
mv dataset_training/byron/1.jpg dataset_training/byron/4.jpg
mien train -q
mien rename byron ada; echo "exit $?"
mien rename --merge byron ada
mien list | grep ada | cut -f1,2
ls dataset_training/ada
mien rename ada ada; echo "exit $?"
mien rename nobody somebody; echo "exit $?"
mien rename ada ../ada; echo "exit $?"
