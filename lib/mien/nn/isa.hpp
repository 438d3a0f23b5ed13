// SPDX-License-Identifier: MIT
#pragma once

namespace mien::nn {

/// The instructions that our kernels come in.
enum class Isa { plain, avx2, avx512 };

/// The most that this processor has, or less where limit_isa said so. Any thread.
Isa isa();

/// For tests and measurements: isa() gives no more than `most` from now on. A layer asks once, when it is made.
void limit_isa(Isa most);

}  // namespace mien::nn
