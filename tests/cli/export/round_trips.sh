mien train "$DATASET" -q > /dev/null
mien export -o all.jsonl
for format in csv npz pickle; do
    mien export -o "all.$format"
    mkdir "from_$format"
    mien --workspace "from_$format" import "all.$format" | sed "s/$format/FORMAT/"
    mien --workspace "from_$format" export -q | tail -n +2 > "$format.lines"
    tail -n +2 all.jsonl | cmp - "$format.lines" && echo "$format: the same lines"
done
mkdir from_jsonl; mien --workspace from_jsonl import -q all.jsonl > /dev/null
mien --workspace from_jsonl export -q | cmp - all.jsonl && echo "jsonl: the same file"
stat -c '%a %n' all.*
mien export --json -o again.npz | jq -c '.summary | [.format, .people, .encodings]'
cmp all.npz again.npz && echo "the same bytes"
mien export --store absent.mien; echo "exit $?"
