source "$SUPPORT/tiny_store.sh"
{ head_of tiny; face Ada 1.jpg 0 1; face Zoé 2.jpg 1 0; denied Ada 9.jpg; } | mien import -q - --store a.mien
{ head_of tiny; face Bruno 3.jpg 1 1; face Ada 1.jpg 0 1; denied Ada 9.jpg; } | mien import -q - --store b.mien
{ head_of tiny; face Grace 1.jpg 0 1; face Zoé 4.jpg 1 0; denied Zoé 2.jpg; } | mien import -q - --store c.mien
{ head_of other; face Ada 5.jpg 0 1; } | mien import -q - --store other.mien
what() { mien export -q --store "$1" | jq -c '[.label, .denied, .photo] | select(.[2])'; }
mien merge a.mien b.mien -o ab.mien; what ab.mien
mien merge a.mien b.mien -o ab.mien; echo "exit $?"
mien merge a.mien b.mien c.mien -o abc.mien; echo "exit $?"; ls abc.mien
mien merge a.mien b.mien c.mien -o abc.mien --on-conflict first --dry-run; ls abc.mien
mien merge a.mien b.mien c.mien -o abc.mien --on-conflict first --json | jq -c '.outcome // .summary | if type == "object" then [.records, .duplicates, .conflicts, .people, .encodings, .changed] else . end'
what abc.mien
mien merge a.mien b.mien c.mien -o abc.mien --on-conflict last --force; what abc.mien
mien merge a.mien b.mien c.mien -o again.mien --on-conflict last -q > /dev/null
mien export -q --store abc.mien > 1; mien export -q --store again.mien | cmp - 1 && echo "the same"
mien merge a.mien other.mien -o x.mien; echo "exit $?"
mien merge a.mien absent.mien -o x.mien; echo "exit $?"
mien merge a.mien; echo "exit $?"
