#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "client.h"
#include "histogram.h"

namespace penstock::bench {

// Clients, and what they have met. When a client sends is what the kinds of load differ in.
class Load : public ClientOwner {
 public:
  // `requests` are sent in turns.
  Load(const Poller& poller, std::uint16_t port, std::vector<std::string> requests,
       std::size_t connections, SSL_CTX* tls);

  virtual void start();
  // Called at every turn of the loop.
  virtual void tick() {}
  // What is answered from now on is not followed by another request.
  void stop() { running_ = false; }

  // What was counted since the last call.
  Histogram take_latencies();
  std::uint64_t failures() const { return failures_; }
  std::uint64_t answers() const { return answers_; }

  void on_answer(Client& client) override;
  void on_failure(Client& client) override;

 protected:
  bool running() const { return running_; }
  std::deque<Client>& clients() { return clients_; }
  const std::string& next_request();
  virtual void on_free(Client& client) = 0;  // Its answer has come.

 private:
  std::vector<std::string> requests_;
  std::deque<Client> clients_;
  Histogram latencies_;
  std::size_t next_ = 0;
  std::uint64_t answers_ = 0;
  std::uint64_t failures_ = 0;
  bool running_ = true;
};

// A closed loop: each connection sends its next request when the last answer is whole.
class ClosedLoop final : public Load {
 public:
  using Load::Load;
  void on_open(Client& client) override { on_free(client); }

 private:
  void on_free(Client& client) override { client.send(next_request(), Clock::now()); }
};

// Each request over a connection of its own, whose making counts.
class NewConnections final : public Load {
 public:
  using Load::Load;
  void start() override;
  void on_open(Client& client) override { client.send(next_request(), begun_[index_of(client)]); }

 private:
  void on_free(Client& client) override;
  std::size_t index_of(const Client& client);

  std::vector<Clock::time_point> begun_;
};

// So many requests a second, whether or not the answers keep up: a late answer makes those behind
// it late, and that counts, since latency begins at the time when a request was due.
class FixedRate final : public Load {
 public:
  FixedRate(const Poller& poller, std::uint16_t port, std::vector<std::string> requests,
            std::size_t connections, SSL_CTX* tls, double rate);
  void tick() override;
  void on_open(Client& client) override { on_free(client); }

 private:
  void on_free(Client& client) override;

  Clock::duration interval_;
  Clock::time_point next_due_;
  std::deque<Client*> free_;
};

// One request on each connection, a few at a time; then they are quiet.
class IdleConnections final : public Load {
 public:
  using Load::Load;
  void start() override;
  void on_open(Client& client) override { client.send(next_request(), Clock::now()); }

 private:
  void on_free(Client& client) override;
  void open_next();

  std::size_t opened_ = 0;
};

}  // namespace penstock::bench
