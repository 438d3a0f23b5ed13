# Learns the sample people; flat files are labelled by their stems.
mien train "$DATASET" --jobs 2 && stat -c %a train.mien
