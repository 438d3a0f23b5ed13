mien evaluate "$DATASET" --draws 0 --assert 'rank1>=0.5' --assert 'not_found<1' -q > /dev/null; echo "exit $?"
mien evaluate "$DATASET" --draws 0 --assert 'rank1>100%' | tail -1; echo "exit ${PIPESTATUS[0]}"
mien evaluate "$DATASET" --draws 0 --assert 'fnir@fpir=0.00001<=1' --json | jq -c .assertions
mien evaluate "$DATASET" --assert 'accuracy>0.9'; echo "exit $?"
mien evaluate "$DATASET" --assert 'speed>1'; echo "exit $?"
printf 'label,site,age\nada,north,30\nbruno,"south, far",41\nzo\xc3\xa9,north,25\n' > groups.csv
mien evaluate "$DATASET" --draws 20 --groups groups.csv --by site --json | jq -c '.groups[] | [.group, .people, .probes + .strangers > 0]'
mien evaluate "$DATASET" --groups groups.csv --by colour; echo "exit $?"
mien evaluate "$DATASET" --draws 20 --compare flip=off --report r.html --csv scores.csv --plots plots -q --json | jq -c '.difference.identification | keys'
head -1 scores.csv; ls plots; stat -c %a r.html "$HOME"/.cache/mien/encodings/*.encodings | sort | uniq -c | tr -s ' '
grep -c '<svg' r.html; grep -Eo '(src|href)="[^"]{0,10}' r.html | sort | uniq -c | tr -s ' ' | sed 's/^ [0-9]* / N /'
mien evaluate "$DATASET" --compare colour=red; echo "exit $?"
mien evaluate nowhere; echo "exit $?"
