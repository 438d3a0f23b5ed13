# What is no regular file is written to, never replaced.
source "$SUPPORT/tiny_store.sh"
{ head_of tiny; face Ada 1.jpg 0 1; face Ada 2.jpg 0 1.25; } | mien import -q -
mkfifo pipe; ln -s pipe link; touch real; ln -s real to_real
for name in pipe link; do
    cat pipe > got & mien export -o $name; wait; wc -l < got; test -p pipe && test -L link && echo "still there"
done
mien export -o to_real -q; test -L to_real && wc -l < real
mien merge train.mien -o pipe; echo "exit $?"; test -p pipe && echo "still there"
mkdir folder; mien export -o folder; echo "exit $?"
