#include "runtime/worker.h"

#include <pthread.h>
#include <sched.h>

#include "runtime/open_loop.h"
#include "runtime/scheduling.h"

namespace penstock {

Result<std::unique_ptr<Worker>> Worker::create(std::string name, IoChoice io, std::uint64_t seed) {
  auto loop = open_loop(io, seed);
  if (!loop) return fail(loop.error());
  return std::unique_ptr<Worker>(new Worker(std::move(name), std::move(*loop)));
}

void Worker::start(int core) {
  thread_ = std::thread([this] {
    run_promptly();
    loop_->run();
  });
  pthread_setname_np(thread_.native_handle(), name_.substr(0, 15).c_str());
  if (core < 0) return;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<std::size_t>(core), &cores);
  pthread_setaffinity_np(thread_.native_handle(), sizeof cores, &cores);
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace penstock
