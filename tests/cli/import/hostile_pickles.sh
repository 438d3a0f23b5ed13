# What it takes is the old stores' form; what it must not do is run anything.
refused() { printf "$1" > evil.pickle; mien import --encoder dlib evil.pickle; echo "exit $?"; }
refused "cos\nsystem\n(S'touch owned'\ntR."
refused "(S'touch owned'\nios\nsystem\n."
refused '\200\004\214\002os\214\006system\223\214\013touch owned\205R.'
refused '\200\004\216\377\377\377\377\377\377\377\177.'
refused '\200\002\213\377\377\377\377.'
refused '\200\002]q\000h\000a.'
refused '\200\004}.'
printf 'cos\nsystem\n(S"touch owned"\ntR.' > evil.pickle; mien import --skip-bad --encoder dlib evil.pickle; echo "exit $?"
ls owned train.mien
