#include "control/seat.h"

#include <random>
#include <utility>

namespace penstock {

Result<std::unique_ptr<Seat>> Seat::create(std::size_t index, std::uint32_t workers, IoChoice io,
                                           bool log, const Budgets& budgets) {
  std::random_device device;
  const auto seed = (std::uint64_t{device()} << 32) | device();
  auto worker = Worker::create("worker-" + std::to_string(index), io, seed);
  if (!worker) return fail(worker.error());
  return std::unique_ptr<Seat>(new Seat(std::move(*worker), index, workers, log, budgets));
}

Seat::Seat(std::unique_ptr<Worker> worker, std::size_t index, std::uint32_t workers, bool log,
           const Budgets& budgets)
    : worker_(std::move(worker)),
      index_(index),
      ring_(log ? std::make_unique<LogRing>() : nullptr),
      shedder_(worker_->loop(), worker_->loop().usage(), budgets, store_),
      gateway_(std::make_unique<Gateway>(worker_->loop(), store_, ring_.get(), workers,
                                         static_cast<std::uint32_t>(index))),
      scope_(worker_->loop()),
      end_scope_(worker_->loop()) {}

Seat::~Seat() {
  worker_->join();
  loop().run_posted();
}

Listener& Seat::add_listener(ListenerShared& shared, int descriptor) {
  listeners_.push_back(std::make_unique<Listener>(
      loop(), shared, descriptor, store_, gateway_->series(),
      [this](Exchange& exchange) { return gateway_->serve(exchange); }, index_, &shedder_));
  return *listeners_.back();
}

void Seat::start_listening(std::function<void()> begun) {
  loop().post([this, begun = std::move(begun)] {
    for (auto& listener : listeners_) listener->start(scope_);
    begun();
  });
}

void Seat::drain() {
  loop().post([this] {
    for (auto& listener : listeners_) listener->drain();
  });
}

void Seat::drain(std::size_t listener, Listener::Waiting waiting) {
  loop().post([this, listener, waiting] { listeners_[listener]->drain(waiting); });
}

void Seat::resume(std::size_t listener) {
  loop().post([this, listener] { listeners_[listener]->resume(); });
}

void Seat::relieve() {
  loop().post([this] { shedder_.relieve(); });
}

void Seat::close() {
  loop().post([this] { end_scope_.spawn(end()); });
}

Task<void> Seat::end() {
  co_await scope_.close();
  loop().stop();
}

}  // namespace penstock
