source "$SUPPORT/tiny_store.sh"
{ head_of tiny; face Ada 1.jpg 0 1; face Ada 2.jpg 0 1.25; face Zoé 3.jpg 1 1; denied Ada 3.jpg; } > faces.jsonl
mien import - < faces.jsonl
mien import faces.jsonl
mien export -q | cmp - faces.jsonl
# One bad line: nothing is taken over, or all the others
{ face Ada 4.jpg 0 1; echo '{"label":"","encoding":[1,2]}'; face Ada 5.jpg 0 1; } > more.jsonl
mien import --encoder tiny more.jsonl; echo "exit $?"
mien import --encoder tiny --skip-bad more.jsonl; echo "exit $?"
# Nothing says the model, or another one
face Ada 6.jpg 0 1 > bare.jsonl; mien import bare.jsonl; echo "exit $?"
{ head_of other; face Ada 6.jpg 0 1; } > other.jsonl; mien import other.jsonl; echo "exit $?"
mien import --encoder tiny other.jsonl; echo "exit $?"
# A face that has another label in the store
{ head_of tiny; face Grace 1.jpg 0 1; } | mien import -
mien import absent.jsonl; echo "exit $?"
printf 'label,e0,e1\nAda,1,x\n' > bad.csv; mien import --encoder tiny bad.csv; echo "exit $?"
mien export -q | jq -c 'select(.label) | [.label, .photo]'
