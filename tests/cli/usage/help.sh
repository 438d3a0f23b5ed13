mien --version
mien --help | head -3
for verb in train predict stats log undo restore compact fsck models doctor completion; do mien $verb --help | head -1; done
mien train --help | tail -3
