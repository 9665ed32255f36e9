#include "exchange/exchange.h"

namespace penstock {

void Exchange::clear() {
  workspace.clear();
  entrance = nullptr;
  tls = {};
  peer = nullptr;
  visit = nullptr;
  responder = nullptr;
  request.clear();
  request_body = nullptr;
  fault.reset();
  began = {};
  began_wall = {};
  target = {};
  client = {};
  request_id = {};
  worker = nullptr;
  snapshot = nullptr;
  dry_run = false;
  route = nullptr;
  route_id = {};
  service_name = {};
  policies = {};
  asked = 0;
  told = false;
  stage = Stage::guard;
  times = {};
  limit = {};
  service = 0;
  version = {};
  version_retires = false;
  set_cookie = {};
  upstream = {};
  response.clear();
  response_body = nullptr;
  reason = nullptr;
  detail = {};
  own_fields.clear();
  kept_.clear();
  status_sent = 0;
  delivered = false;
  bytes_in = 0;
  bytes_out = 0;
}

void Exchange::reject(const Reason& why, std::string_view public_detail) {
  reason = &why;
  detail = public_detail;
  response.clear();
  response.status = why.status;
  response_body = nullptr;
}

std::unique_ptr<Exchange> ExchangePool::take() {
  if (free_.empty()) return std::make_unique<Exchange>(loop_);
  auto exchange = std::move(free_.back());
  free_.pop_back();
  return exchange;
}

void ExchangePool::give_back(std::unique_ptr<Exchange> exchange) {
  exchange->clear();
  if (free_.size() < kKeep) free_.push_back(std::move(exchange));
}

}  // namespace penstock
