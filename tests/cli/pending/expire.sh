# Old uploads go for good, when somebody says so.
mkdir dataset; cp "$PHOTOS/stranger_1.jpg" dataset/old.jpg; cp "$PHOTOS/stranger_2.jpg" dataset/new.jpg; touch -d '40 days ago' dataset/old.jpg
mien pending -q > list; mien pending --keep-days 30 --dry-run -q | head -1
mien pending --keep-days 30 < /dev/null; echo "exit $?"; ls dataset
mien --json pending --keep-days 30 --yes | jq -c '[.photo, .outcome]' | head -1; ls dataset
mien pending --keep-days 30 --yes -q | wc -l; mien --json pending | tail -1
