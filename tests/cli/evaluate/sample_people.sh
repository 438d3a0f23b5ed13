mien evaluate "$DATASET" --draws 50
printf '1\t2\nada\t1.jpg\t2.jpg\nbruno\t1.jpg\t3.jpg\nada\t1.jpg\tbruno\t1.jpg\nchiara\t2.jpg\tdario\t2.jpg\n' > pairs.txt
mien evaluate "$DATASET" --pairs pairs.txt --no-identification --json --draws 20 | jq -c '[.pairs.accuracy == 1, .pairs.not_found, .pairs.pairs, .pairs.tar, .reused, .encoder]'
for jobs in 1 3; do mien evaluate "$DATASET" -j $jobs --no-cache --json --draws 30 | jq -cS 'del(.seconds)' | sha256sum; done | sort -u | wc -l
