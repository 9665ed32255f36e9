#pragma once

namespace penstock {

// How the kernel shares a core between the calling thread and the others. Best effort: where it is
// refused (seccomp) or not known (an older kernel), the kernel's own way is kept.

// For a thread that answers: when it has something to do it takes the core from one that has been
// given a longer turn, rather than wait for the end of that turn (Linux 6.12 and newer).
void run_promptly();

// For a thread that works for long: nice 5. It gets what the others leave, and on a core that is
// busy all the time about a quarter of it.
void stand_back();

}  // namespace penstock
