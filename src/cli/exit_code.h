#pragma once

namespace penstock {

// What the `penstock` command ends with; 0 is success.
inline constexpr int kFailure = 1;
inline constexpr int kUsage = 64;   // EX_USAGE.
inline constexpr int kConfig = 78;  // EX_CONFIG.

}  // namespace penstock
