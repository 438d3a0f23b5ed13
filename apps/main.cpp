// SPDX-License-Identifier: MIT
#include <commands.hpp>

int main(int argc, char** argv) { return mien::app::run(argc, argv); }
