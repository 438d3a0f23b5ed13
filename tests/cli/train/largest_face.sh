# A photo with several people is skipped unless the largest face is asked for.
mkdir -p d/ada; cp "$PHOTOS"/group.jpg d/ada; cp "$PHOTOS"/ada_held_out_1.jpg d/ada
mien train d | cut -f1,2; mien train d --faces largest --json | jq -c 'select(.photo) | [.photo, .outcome]'
# The store keeps the choice: another run drops nothing.
mien train d -q; mien train d --json | jq -c 'select(.summary) | .summary | [.encodings, .changed]'
mien train d --faces one; mien train d -q | cut -f1; mien train d --json | jq -c 'select(.summary) | .summary.encodings'
