cp -r "$DATASET" photos; rm photos/README.md
mien cluster photos --score --json | tail -1 | jq -c '.summary | [.photos, .faces, .no_face, .unreadable, .encoder, .quality.pair_precision > 0.9, .quality.bcubed_f > 0.8]'
mien cluster photos --seed 1 --json | jq -c 'del(.summary.seconds)' | sha256sum > one; mien cluster photos -j 1 --no-cache --json | jq -c 'del(.summary.seconds)' | sha256sum | diff - one && echo same
mien cluster photos -q --output people > /dev/null; find people -name '*.jpg' | wc -l; ls people | head -3
mien cluster photos --output people; echo "exit $?"
mien cluster photos -q --output links --link > /dev/null; find links -type l | wc -l
mkdir empty; mien cluster empty; echo "exit $?"
