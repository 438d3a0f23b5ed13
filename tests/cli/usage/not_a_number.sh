# nan lies in no range: what such an option wrote could not be read again.
refused() { "$@" > said 2>&1; echo "$? $(grep -o 'Value nan not in range' said) ${*:2}"; }
mien train "$DATASET" -q; sha256sum train.mien > before
refused mien fit --matcher svm --svm-c nan
SVM_C=nan refused mien fit --matcher svm
refused mien fit --matcher svm --svm-gamma nan
refused mien fit --wait nan
refused mien calibrate --fpir nan
refused mien calibrate --far nan
refused mien calibrate --fpir 0.2 --strangers nan
refused mien cluster "$PHOTOS" --threshold nan
refused mien evaluate photos --held-out nan
refused mien evaluate photos --tolerance nan
refused mien predict a.jpg --tolerance nan
refused mien verify a.jpg --tolerance nan
refused mien compare a.jpg b.jpg --tolerance nan
refused mien enroll -u ada a.jpg --quality nan
refused mien confirm a.jpg --tolerance nan
refused mien pending --keep-days nan
refused mien pending --tolerance nan
sha256sum -c before
