# What nobody was asked about has no figures.
mkdir -p one; for person in ada bruno chiara; do mkdir one/$person; cp "$DATASET"/$person/1.jpg one/$person; done
mien evaluate one --draws 20
mien evaluate one -q --draws 20 --json 2> /dev/null | jq -c '.identification | [.rank1, .cmc["1"], .fnir, .at_threshold.fnir, .at_threshold.fpir, .rank1_interval]'
mien evaluate "$DATASET"/ada --draws 0 2>&1 | grep warning
mien evaluate "$DATASET" --draws 20 --held-out 0 --json | jq -c '.identification | [.strangers, .at_threshold.fnir != null]'
mkdir two; cp -r "$DATASET"/ada "$DATASET"/bruno two
mien evaluate two --draws 0 --held-out 0 | tail -1
mien evaluate two --draws 0 --held-out 0 --json | jq -c '.identification | [.strangers, .at_threshold.fpir]'
# A report says no interval where none was drawn, and which setting differs.
mien evaluate "$DATASET" -q --draws 0 --report r.html --compare flip=off > /dev/null
grep -c '0.00–0.00' r.html; grep -o '<h2>.*minus.*</h2>' r.html; grep -c '<td>rank 1</td>' r.html
mien evaluate two --compare ''; echo "exit $?"
mien evaluate two --plots /proc/x; echo "exit $?"
printf 'label,site\nada,north\nada,south\n' > g.csv; mien evaluate two --groups g.csv --by site; echo "exit $?"
printf 'label,site\nada,"north\n' > g.csv; mien evaluate two --groups g.csv --by site; echo "exit $?"
