figures() { mien evaluate "$DATASET" -q --draws 0 --json "$@" | jq -c '.identification'; }
for matcher in nearest centroid label-propagation svm; do figures --enrol 2 --matcher $matcher | jq -c '[.matcher, .method, .rank1 > 0.8, .gallery, .open_gallery]'; done
figures --enrol 2 --vote mean --held-out 0.5 | jq -c '[.matcher, .open_gallery]'
figures --matcher svm --svm-kernel linear | jq -c '[.matcher, .method]'
# A mean of one photo is that photo.
[ "$(figures | jq 'del(.matcher, .method)')" = "$(figures --matcher centroid | jq 'del(.matcher, .method)')" ] && echo same
for jobs in 1 3; do figures --enrol 2 --matcher svm --svm-c 10 -j $jobs | sha256sum; done | sort -u | wc -l
# The answers are those of a store of the enrolled photos with that matcher.
as_the_product() {
    rm -rf enrolled asked enrolled.mien; cp -r "$DATASET" enrolled; mkdir asked
    mien evaluate "$DATASET" -q --draws 0 --enrol 2 --csv scores.csv "$@" > /dev/null
    tail -n +2 scores.csv | cut -d, -f2 | while read -r photo; do mv "enrolled/$photo" "asked/${photo//\//+}"; done
    mien train enrolled -q -o enrolled.mien "$@"
    mien predict -s enrolled.mien --json asked/* |
        jq -r '[(.photo | sub("asked/"; "") | sub("[+]"; "/")), .faces[0].candidates[0].label, .faces[0].distance] | @csv' | tr -d '"' |
        LC_ALL=C sort > answers.csv
    tail -n +2 scores.csv | LC_ALL=C sort -t, -k2,2 | cut -d, -f2,3,5 | paste -d, answers.csv - |
        awk -F, '{ ++all; same += $1 == $4 && $2 == $5 && ($3 - $6) ^ 2 < 1e-8 } END { print (all > 30), all - same }'
}
for matcher in svm label-propagation centroid; do as_the_product --matcher $matcher; done
as_the_product --vote mean
mien evaluate "$DATASET" -q --enrol 2 --draws 20 --compare matcher=svm --report r.html --json | jq -c '[.identification.matcher, .compared.identification.matcher, (.difference.identification | keys)]'
grep -o '<h2>.*minus.*</h2>' r.html
mien evaluate "$DATASET" -q --enrol 2 --draws 0 --matcher svm --compare matcher=nearest,vote=2 --json | jq -c '.compared.identification.matcher'
mien evaluate "$DATASET" --enrol 2 --draws 0 --matcher label-propagation | sed -n 2p
printf '1\t1\nada\t1.jpg\t2.jpg\nada\t1.jpg\tbruno\t1.jpg\n' > pairs.txt
refused() { mien evaluate "$DATASET" --draws 0 "$@"; echo "exit $?"; }
refused --pairs pairs.txt --matcher svm
refused --pairs pairs.txt --no-identification --compare vote=mean
refused --matcher centroid --vote 2
refused --compare matcher=svm,vote=2
refused --compare matcher=clever
refused --matcher stored
refused --svm-c 10
SVM_C=10 mien evaluate "$DATASET" -q --draws 0 --no-identification --pairs pairs.txt | tail -1 | grep -c TAR
