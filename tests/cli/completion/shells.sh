for shell in bash zsh fish; do mien completion $shell > $shell || echo failed; wc -l < $shell | awk '{print ($1 > 10)}'; done
bash -n bash && echo bash reads it
source ./bash; COMP_WORDS=(mien tr); COMP_CWORD=1; _mien; echo "${COMPREPLY[@]}"
COMP_WORDS=(mien models f); COMP_CWORD=2; _mien; echo "${COMPREPLY[@]}"
COMP_WORDS=(mien train --re); COMP_CWORD=2; _mien; echo "${COMPREPLY[@]}"
mien completion csh; echo "exit $?"
