mien --version
mien --help | head -3
mien --help | sed -n '/^Subcommands/,$p'
mien train --help | tail -3
